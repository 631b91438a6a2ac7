// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/params.c: what `params` and `mode` may say.
 */
#include "moat-init/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_path(const char *text, const char *path, bool device)
{
	struct moat_params p;

	assert_null(moat_params_parse(text, &p));
	assert_string_equal(p.path, path);
	assert_int_equal(p.device, device);
}

static void paths(void **state)
{
	(void)state;
	check_path("/dev/nvme0n1", "/dev/nvme0n1", true);
	check_path("nvme0n1", "/dev/nvme0n1", true);
	check_path("mapper/vg-lv", "/dev/mapper/vg-lv", true);
	check_path("phy:/dev/sda", "/dev/sda", true);
	check_path("phy:sda", "/dev/sda", true);
	check_path("file:/srv/disk.img", "/srv/disk.img", false);
	check_path("raw:/srv/disk.img", "/srv/disk.img", false);
	check_path("aio:/srv/disk.img", "/srv/disk.img", false);
	check_path("/srv/a:b.img", "/srv/a:b.img", false);
	check_path("/device", "/device", false);
	check_path("disk/by-path/pci-0000:00:04.0-nvme-1",
		   "/dev/disk/by-path/pci-0000:00:04.0-nvme-1", true);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"", "phy:", "qcow2:/srv/disk.qcow2", "nbd:host:10809",
		"/dev/a\nb", "/dev/\x7f",
	};
	struct moat_params p = { .path = "untouched" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(moat_params_parse(bad[i], &p));
}

static void long_paths(void **state)
{
	char text[MOAT_PARAMS_PATH + 8];
	struct moat_params p;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[MOAT_PARAMS_PATH - 1] = '\0';
	assert_null(moat_params_parse(text, &p));
	assert_string_equal(p.path, text);
	text[MOAT_PARAMS_PATH - 1] = 'a';
	text[MOAT_PARAMS_PATH] = '\0';
	assert_non_null(moat_params_parse(text, &p));
	/* the prefix that is added counts */
	text[0] = 'a';
	text[MOAT_PARAMS_PATH - 2] = '\0';
	assert_non_null(moat_params_parse(text, &p));
}

static void modes(void **state)
{
	bool ro, shared;

	(void)state;
	assert_null(moat_params_mode("r", &ro, &shared));
	assert_true(ro && !shared);
	assert_null(moat_params_mode("w", &ro, &shared));
	assert_true(!ro && !shared);
	assert_null(moat_params_mode("w!", &ro, &shared));
	assert_true(!ro && shared);
	assert_non_null(moat_params_mode("", &ro, &shared));
	assert_non_null(moat_params_mode("rw", &ro, &shared));
	assert_non_null(moat_params_mode("write", &ro, &shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
