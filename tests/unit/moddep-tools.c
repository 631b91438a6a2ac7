// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/moddep.c: the module indexes, and module parameters.
 */
#include "moat-init/moddep.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char dep[] =
	"kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko "
	"kernel/block/t10-pi.ko\n"
	"kernel/drivers/nvme/host/nvme-core.ko: kernel/block/t10-pi.ko\n"
	"kernel/block/t10-pi.ko:\n"
	"\n"
	"moat/moat-back.ko.xz: moat/moat-common.ko.xz";

static const char alias[] =
	"# Aliases extracted from modules themselves.\n"
	"alias pci:v*d*sv*sd*bc01sc08i02* nvme\n"
	"alias pci:v00008086d00005845sv*sd*bc*sc*i* nvme_quirk\n"
	"alias broken\n"
	"options nvme foo=1\n"
	"alias xen-backend:vbd moat_back\n";

static void names(void **state)
{
	char name[MOAT_MODULE_NAME];
	char longest[MOAT_MODULE_NAME + 4];

	(void)state;
	assert_true(moat_moddep_name("a/b/nvme-core.ko", name));
	assert_string_equal(name, "nvme_core");
	assert_true(moat_moddep_name("loop.ko.zst", name));
	assert_string_equal(name, "loop");
	assert_false(moat_moddep_name("a/b/nvme-core", name));
	assert_false(moat_moddep_name("a/.ko", name));
	assert_false(moat_moddep_name("", name));
	memset(longest, 'x', MOAT_MODULE_NAME);
	strcpy(longest + MOAT_MODULE_NAME, ".ko");
	assert_false(moat_moddep_name(longest, name));
	assert_true(moat_moddep_same("xen-pcifront", "xen_pcifront"));
	assert_false(moat_moddep_same("xen-pci", "xen_pcifront"));
}

static void dependencies(void **state)
{
	struct moat_moddep d;

	(void)state;
	assert_int_equal(moat_moddep_find(dep, "nvme", &d), 0);
	assert_string_equal(d.path, "kernel/drivers/nvme/host/nvme.ko");
	assert_int_equal(d.ndeps, 2);
	assert_string_equal(d.deps[1], "kernel/block/t10-pi.ko");
	assert_int_equal(moat_moddep_find(dep, "t10_pi", &d), 0);
	assert_int_equal(d.ndeps, 0);
	assert_int_equal(moat_moddep_find(dep, "moat-back", &d), 0);
	assert_string_equal(d.deps[0], "moat/moat-common.ko.xz");
	assert_int_equal(moat_moddep_find(dep, "nvme-cor", &d), -ENOENT);
	assert_int_equal(moat_moddep_find(dep, "", &d), -ENOENT);
	assert_int_equal(moat_moddep_find("", "nvme", &d), -ENOENT);
}

static void too_much(void **state)
{
	char text[8 + (MOAT_MODULE_DEPS + 1) * 8];
	char path[MOAT_MODULE_PATH + 32];
	struct moat_moddep d;
	size_t at = sprintf(text, "m.ko:");

	(void)state;
	for (int i = 0; i < MOAT_MODULE_DEPS; i++)
		at += sprintf(text + at, " d%d.ko", i);
	assert_int_equal(moat_moddep_find(text, "m", &d), 0);
	assert_int_equal(d.ndeps, MOAT_MODULE_DEPS);
	strcpy(text + at, " e.ko");
	assert_int_equal(moat_moddep_find(text, "m", &d), -E2BIG);

	memset(path, 'p', sizeof(path));
	strcpy(path + MOAT_MODULE_PATH, "/m.ko:");
	assert_int_equal(moat_moddep_find(path, "m", &d), -E2BIG);
}

static void aliases(void **state)
{
	static const char nvme[] =
		"pci:v00008086d00005845sv00001AF4sd00001100bc01sc08i02";
	char name[MOAT_MODULE_NAME];
	size_t pos = 0;

	(void)state;
	assert_true(moat_moddep_alias(alias, nvme, &pos, name));
	assert_string_equal(name, "nvme");
	assert_true(moat_moddep_alias(alias, nvme, &pos, name));
	assert_string_equal(name, "nvme_quirk");
	assert_false(moat_moddep_alias(alias, nvme, &pos, name));
	pos = 0;
	assert_true(moat_moddep_alias(alias, "xen-backend:vbd", &pos, name));
	assert_string_equal(name, "moat_back");
	pos = 0;
	assert_false(moat_moddep_alias(alias, "xen-backend:vif", &pos, name));
}

static void config(void **state)
{
	static const char text[] =
		"# comment\n"
		"xen-pcifront\n"
		"\n"
		"  moat-back   mode=spin\twindow=5  # why\r\n"
		"loop";
	struct moat_modline line;
	size_t pos = 0;

	(void)state;
	assert_int_equal(moat_moddep_line(text, &pos, &line), 1);
	assert_string_equal(line.name, "xen-pcifront");
	assert_string_equal(line.params, "");
	assert_int_equal(moat_moddep_line(text, &pos, &line), 1);
	assert_string_equal(line.name, "moat-back");
	assert_string_equal(line.params, "mode=spin window=5");
	assert_int_equal(moat_moddep_line(text, &pos, &line), 1);
	assert_string_equal(line.name, "loop");
	assert_int_equal(moat_moddep_line(text, &pos, &line), 0);
}

static void config_too_long(void **state)
{
	char text[MOAT_MODULE_PARAMS + 64];
	struct moat_modline line;
	size_t pos = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "m ", 2);
	strcpy(text + MOAT_MODULE_PARAMS + 2, "\nnext\n");
	assert_int_equal(moat_moddep_line(text, &pos, &line), -EINVAL);
	assert_int_equal(moat_moddep_line(text, &pos, &line), 1);
	assert_string_equal(line.name, "next");
}

static void cmdline(void **state)
{
	static const char text[] =
		"quiet moat_back.mode=spin nvme.x=1 moat-back.window=7 "
		"moat_back moat_backer.y=2\n";
	char params[32] = "";

	(void)state;
	assert_int_equal(moat_moddep_cmdline(text, "moat-back", params,
					     sizeof(params)), 0);
	assert_string_equal(params, "mode=spin window=7");
	strcpy(params, "a=1");
	assert_int_equal(moat_moddep_cmdline(text, "nvme", params,
					     sizeof(params)), 0);
	assert_string_equal(params, "a=1 x=1");
	params[0] = '\0';
	assert_int_equal(moat_moddep_cmdline(text, "moat_back", params, 18),
			 -E2BIG);
	assert_string_equal(params, "mode=spin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(dependencies),
		cmocka_unit_test(too_much),
		cmocka_unit_test(aliases),
		cmocka_unit_test(config),
		cmocka_unit_test(config_too_long),
		cmocka_unit_test(cmdline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
