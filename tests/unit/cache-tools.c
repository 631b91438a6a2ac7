// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/cache.c on a sysfs made of directories: whose cache is it?
 */
#include "moat-init/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

static char sys[] = "/tmp/cache-tools.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(sys) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", sys);
	return system(command);
}

static const struct {
	const char *path;
	bool outside;
} places[] = {
	{ "devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1", true },
	{ "devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1/nvme0n1p1", true },
	{ "devices/pci-0/pci0000:00/0000:00:00.0/ata1/host0/target0:0:0/0:0:0:0/block/sda", true },
	{ "devices/pci10000:e0/10000:e0:1d.0/10000:e1:00.0/nvme/nvme0/nvme0n1", true },
	{ "devices/pci0000:00/0000:00:05.0/virtio0/block/vda", true },
	{ "devices/virtual/block/loop0", false },
	{ "devices/virtual/block/loop0/loop0p1", false },
	{ "devices/virtual/block/dm-0", false },
	{ "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", false },
	{ "devices/platform/host2/session1/target2:0:0/2:0:0:0/block/sdb", false },
	{ "devices/vbd-51712/block/xvda", false },
	{ "devices/virtual/block/0000:00:04", false },
	{ "devices/virtual/block/0000:00:04.x", false },
	{ "devices/virtual/block/z0000:00:04.0", false },
	{ "devices/virtual/block/0000-00:04.0", false },
};

static void by_place(void **state)
{
	char command[512];

	(void)state;
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(command, sizeof(command), "cd %s && mkdir -p %s && ln -s %s 7:%u", sys,
			 places[i].path, places[i].path, i);
		assert_int_equal(system(command), 0);
		if (moat_cache_is_outside(sys, makedev(7, i)) != places[i].outside)
			fail_msg("%s", places[i].path);
	}
}

/* A namespace that several controllers reach, and the places of those. */
static bool of_controllers(unsigned int number, const char *one, const char *other)
{
	static const char fmt[] =
		"cd %s && s=devices/virtual/nvme-subsystem/nvme-subsys%u && mkdir -p $s/nvme%un1 "
		"$s/nvme%un1/nvme%un1p1 && ln -s $s/nvme%un1/nvme%un1p1 259:%u && "
		"for at in %s %s; do mkdir -p $at && ln -s ../../../../$at $s/${at##*/}; done";
	char command[768];

	snprintf(command, sizeof(command), fmt, sys, number, number, number, number, number,
		 number, number, one, other);
	assert_int_equal(system(command), 0);
	return moat_cache_is_outside(sys, makedev(259, number));
}

static void by_controllers(void **state)
{
	(void)state;
	assert_true(of_controllers(20, "devices/pci0000:00/0000:00:06.0/nvme/nvme20", ""));
	assert_true(of_controllers(21, "devices/pci0000:00/0000:00:07.0/nvme/nvme21",
				   "devices/pci0000:00/0000:00:08.0/nvme/nvme22"));
	assert_false(of_controllers(23, "devices/pci0000:00/0000:00:09.0/nvme/nvme23",
				    "devices/virtual/nvme-fabrics/ctl/nvme24"));
	assert_false(of_controllers(25, "devices/virtual/nvme-fabrics/ctl/nvme25", ""));
}

static void no_device(void **state)
{
	(void)state;
	assert_false(moat_cache_is_outside(sys, makedev(8, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_place),
		cmocka_unit_test(by_controllers),
		cmocka_unit_test(no_device),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
