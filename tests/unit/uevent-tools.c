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

/* What may be followed by the device that somebody waits for. */
static void hardware(void **state)
{
	static const struct {
		struct moat_uevent ev;
		bool is;
	} rows[] = {
		{ { "add", "/devices/pci-0/pci0000:00/0000:00:00.0", "pci", "", "pci:v" }, true },
		{ { "add", "/devices/pci-0/pci0000:00/0000:00:00.0/nvme/nvme0", "nvme", "", "" },
		  true },
		{ { "remove", "/devices/pci-0/pci0000:00/0000:00:00.0", "pci", "", "" }, false },
		{ { "change", "/devices/pci-0/x/block/nvme0n1", "block", "nvme0n1", "" }, false },
		{ { "add", "/devices/virtual/block/loop0", "block", "loop0", "" }, false },
		{ { "add", "/devices/vbd-3-51712", "xen-backend", "", "xen-backend:vbd" }, false },
		{ { "add", "/module/nvme", "module", "", "" }, false },
		{ { "add", "/devices/system/cpu/cpu1", "cpu", "", "cpu:type:x86" }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (moat_uevent_is_hardware(&rows[i].ev) != rows[i].is)
			fail_msg("%s %s", rows[i].ev.action, rows[i].ev.devpath);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block),
		cmocka_unit_test(modalias),
		cmocka_unit_test(refused),
		cmocka_unit_test(hardware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
