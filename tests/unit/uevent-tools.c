// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/uevent.c: the kernel's announcements, taken apart.
 */
#include "moat-init/uevent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* the string literal's own NUL stands behind the message, as in the caller */
#define PARSE(text, ev) moat_uevent_parse(text, sizeof(text) - 1, ev)

static void block(void **state)
{
	struct moat_uevent ev;

	(void)state;
	assert_true(PARSE("add@/devices/x/nvme0n1\0ACTION=add\0"
			  "DEVPATH=/devices/x/nvme0n1\0SUBSYSTEM=block\0"
			  "MAJOR=259\0DEVNAME=nvme0n1\0SEQNUM=7\0", &ev));
	assert_string_equal(ev.action, "add");
	assert_string_equal(ev.devpath, "/devices/x/nvme0n1");
	assert_string_equal(ev.subsystem, "block");
	assert_string_equal(ev.devname, "nvme0n1");
	assert_string_equal(ev.modalias, "");
}

static void modalias(void **state)
{
	struct moat_uevent ev;

	(void)state;
	/* the last field without its NUL */
	assert_true(PARSE("add@/d\0ACTION=add\0DEVPATH=/d\0SUBSYSTEM=pci\0"
			  "MODALIAS=pci:v00008086", &ev));
	assert_string_equal(ev.modalias, "pci:v00008086");
}

static void refused(void **state)
{
	struct moat_uevent ev = { .action = "untouched" };

	(void)state;
	assert_false(PARSE("", &ev));
	assert_false(PARSE("add@/d", &ev));
	assert_false(PARSE("libudev\0\376\355\312\376ACTION=add\0", &ev));
	assert_false(PARSE("add@/d\0ACTION=add\0", &ev));
	assert_false(PARSE("add@/d\0DEVPATH=/d\0", &ev));
	assert_string_equal(ev.action, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block),
		cmocka_unit_test(modalias),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
