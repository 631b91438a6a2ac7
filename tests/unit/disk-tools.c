// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat/diskspec.c and the pure part of vbd.c: what is handed to xl, and
 * which "backend" keys are believed.
 */
#include "moat/diskspec.h"
#include "moat/vbd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *vdev, *storage, *target;
	bool readonly;
	const char *spec;	/* NULL: refused */
} specs[] = {
	{ "xvda", "storage", "/dev/nvme0n1", false,
	  "format=raw,backendtype=phy,backend=storage,vdev=xvda,access=w,"
	  "target=/dev/nvme0n1" },
	{ "sdb", "7", "/a b,access=w", true,
	  "format=raw,backendtype=phy,backend=7,vdev=sdb,access=r,"
	  "target=/a b,access=w" },
	{ "51712", "s", "/d", false,
	  "format=raw,backendtype=phy,backend=s,vdev=51712,access=w,"
	  "target=/d" },
	{ "", "s", "/d" }, { "xvda,x", "s", "/d" }, { "xvda=", "s", "/d" },
	{ "Xvda", "s", "/d" }, { "xvdaxvdaxvdaxvda", "s", "/d" },
	{ "xvda", "", "/d" }, { "xvda", "s,access=w", "/d" },
	{ "xvda", "a b", "/d" }, { "xvda", "s=", "/d" },
	{ "xvda", "s", "" }, { "xvda", "s", "dev" }, { "xvda", "s", "/d\n" },
	{ "xvda", "s", "/d " }, { "xvda", "s", "/d\t" },
};

static void diskspecs(void **state)
{
	static char long_target[8000];
	char spec[MOAT_DISKSPEC_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		const char *wrong;

		strcpy(spec, "unchanged");
		wrong = moat_diskspec_format(specs[i].vdev, specs[i].storage,
					     specs[i].target,
					     specs[i].readonly, spec);
		print_message("%zu %s\n", i, wrong ? wrong : "good");
		assert_int_equal(wrong != NULL, specs[i].spec == NULL);
		assert_string_equal(spec, wrong ? "unchanged" : specs[i].spec);
	}
	memset(long_target, '/', sizeof(long_target) - 1);
	assert_non_null(moat_diskspec_format("xvda", "s", long_target, false,
					     spec));
}

static const struct {
	const char *path;
	bool good;
	unsigned int back;
} paths[] = {
	{ "/local/domain/3/backend/vbd/5/51712", true, 3 },
	{ "/local/domain/0/backend/qdisk/5/51712", true, 0 },
	{ "/local/domain/3/backend/vbd/5/51728", false },
	{ "/local/domain/3/backend/vbd/6/51712", false },
	{ "/local/domain/3/backend/vbd/5/51712/", false },
	{ "/local/domain/3/backend/vbd/5/51712/x", false },
	{ "/local/domain/03/backend/vbd/5/51712", false },
	{ "/local/domain/3/backend/vbd/05/51712", false },
	{ "/local/domain/-1/backend/vbd/5/51712", false },
	{ "/local/domain/4294967299/backend/vbd/5/51712", false },
	{ "/local/domain/3/backend/../5/51712", false },
	{ "/local/domain/3/device/vbd/5/51712", false },
	{ "/local/domain/ 3/backend/vbd/5/51712", false },
	{ "/local/domain/5/data", false },
	{ "/tool", false },
	{ "", false },
};

static void backend_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		unsigned int back = 99;

		print_message("%s\n", paths[i].path);
		assert_int_equal(moat_vbd_backend(paths[i].path, 5, 51712,
						  &back), paths[i].good);
		assert_int_equal(back, paths[i].good ? paths[i].back : 99);
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = { "", "x", "-1", "+1", " 1", "1 ",
					   "4294967296", "1x",
					   "99999999999999999999999" };
	unsigned int number = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(moat_vbd_number(bad[i], &number));
	assert_int_equal(number, 7);
	assert_true(moat_vbd_number("0", &number));
	assert_int_equal(number, 0);
	assert_true(moat_vbd_number("4294967295", &number));
	assert_int_equal(number, 4294967295u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(diskspecs),
		cmocka_unit_test(backend_keys),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
