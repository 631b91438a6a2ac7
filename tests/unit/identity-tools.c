// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/identity.c on a sysfs made of files: what a device is does not
 * depend on its number or its name.
 */
#include "moat-init/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include <moat/keys.h>

static char sys[] = "/tmp/identity-tools.XXXXXX";

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Run a command in the made-up sysfs. */
static void shell(const char *fmt, ...)
{
	char command[512], text[640];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	snprintf(text, sizeof(text), "cd %s && %s", sys, command);
	assert_int_equal(system(text), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(sys, "/tmp/identity-tools.XXXXXX");
	return mkdtemp(sys) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -rf %s", sys);
	return 0;
}

static const char *identity(unsigned int ma, unsigned int mi)
{
	static char buf[MOAT_IDENTITY_MAX];

	moat_identity_read(sys, makedev(ma, mi), buf, sizeof(buf));
	return buf;
}

/* A disk as number MA:MI with an attribute, and its partitions 1 and 2. */
static void make_disk(const char *name, unsigned int ma, unsigned int mi,
		      const char *attribute, const char *value)
{
	shell("mkdir -p d/%s/device d/%s/dm d/%s/%sp1 d/%s/%sp2", name, name, name, name,
	      name, name);
	shell("echo '%s' >d/%s/%s", value, name, attribute);
	shell("echo 1 >d/%s/%sp1/partition && echo 2048 >d/%s/%sp1/start", name, name, name,
	      name);
	shell("echo 2 >d/%s/%sp2/partition && echo 6144 >d/%s/%sp2/start", name, name, name,
	      name);
	shell("ln -s d/%s %u:%u && ln -s d/%s/%sp1 %u:%u && ln -s d/%s/%sp2 %u:%u", name, ma,
	      mi, name, name, ma, mi + 1, name, name, ma, mi + 2);
}

static void whole_disks(void **state)
{
	(void)state;
	make_disk("a", 259, 0, "wwid", "nvme.1b36-6d6f6174-51454d55-00000001");
	make_disk("b", 8, 0, "device/wwid", " naa.5000 c500  ");
	make_disk("c", 253, 0, "dm/uuid", "LVM-abc");
	make_disk("d", 1, 0, "other", "x");
	assert_string_equal(identity(259, 0), "nvme.1b36-6d6f6174-51454d55-00000001");
	assert_string_equal(identity(8, 0), "naa.5000_c500");
	assert_string_equal(identity(253, 0), "LVM-abc");
	assert_string_equal(identity(1, 0), "");
	assert_string_equal(identity(77, 7), "");
}

/* Two disks that have changed names: each partition is still its disk's. */
static void partitions(void **state)
{
	(void)state;
	make_disk("nvme0n1", 259, 0, "wwid", "eui.0001");
	make_disk("nvme1n1", 259, 3, "wwid", "eui.0002");
	make_disk("ram", 1, 0, "other", "x");
	assert_string_equal(identity(259, 1), "eui.0001@2048");
	assert_string_equal(identity(259, 2), "eui.0001@6144");
	assert_string_equal(identity(259, 4), "eui.0002@2048");
	assert_string_equal(identity(1, 1), "");
}

/* A name as long as the kernel's drivers make them is not cut, nor is what follows. */
static void long_names(void **state)
{
	char name[400], want[420];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[150] = '\0';
	make_disk("a", 259, 0, "wwid", name);
	snprintf(want, sizeof(want), "%s@2048", name);
	assert_string_equal(identity(259, 0), name);
	assert_string_equal(identity(259, 1), want);
	name[150] = 'n';
	name[399] = '\0';
	make_disk("b", 259, 8, "wwid", name);
	assert_int_equal(strlen(identity(259, 9)), MOAT_IDENTITY_MAX - 1);
	assert_string_equal(identity(259, 9) + MOAT_IDENTITY_MAX - 1 - 5, "@2048");
	assert_string_equal(identity(259, 10) + MOAT_IDENTITY_MAX - 1 - 5, "@6144");
}

/* A file: the disk below its file system, and which file, not which name. */
static void files(void **state)
{
	char one[MOAT_IDENTITY_MAX], begins[64];
	struct stat st;

	(void)state;
	shell("touch one two && mkdir -p d/loop0/loop d/loop1/loop d/loop0/loop0p1");
	assert_int_equal(stat(sys, &st), 0);
	shell("ln -s d/loop0 7:0 && ln -s d/loop1 7:1 && ln -s d/loop0/loop0p1 259:0");
	shell("echo %s/one >d/loop0/loop/backing_file && echo 0 >d/loop0/loop/offset", sys);
	shell("echo %s/two >d/loop1/loop/backing_file && echo 512 >d/loop1/loop/offset", sys);
	shell("echo 1 >d/loop0/loop0p1/partition && echo 64 >d/loop0/loop0p1/start");
	assert_string_equal(identity(7, 0), "");

	shell("mkdir -p %u:%u && echo eui.7 >%u:%u/wwid", major(st.st_dev), minor(st.st_dev),
	      major(st.st_dev), minor(st.st_dev));
	strcpy(one, identity(7, 0));
	shell("test -e one");
	snprintf(begins, sizeof(begins), "%s/one", sys);
	assert_int_equal(stat(begins, &st), 0);
	snprintf(begins, sizeof(begins), "eui.7#%llu.", (unsigned long long)st.st_ino);
	assert_memory_equal(one, begins, strlen(begins));
	assert_non_null(strstr(identity(7, 1), "@512"));
	assert_memory_equal(identity(259, 0), one, strlen(one));
	assert_string_equal(identity(259, 0) + strlen(one), "@64");

	shell("mv one three && echo %s/three >d/loop0/loop/backing_file", sys);
	assert_string_equal(identity(7, 0), one);
	shell("echo %s/two >d/loop0/loop/backing_file", sys);
	assert_string_not_equal(identity(7, 0), one);
	shell("echo %s/none >d/loop0/loop/backing_file", sys);
	assert_string_equal(identity(7, 0), "");
}

/* A loop device on itself, as only a made-up sysfs has it. */
static void circle(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(sys, &st), 0);
	shell("touch one && mkdir -p %u:%u/loop && echo %s/one >%u:%u/loop/backing_file",
	      major(st.st_dev), minor(st.st_dev), sys, major(st.st_dev), minor(st.st_dev));
	assert_string_equal(identity(major(st.st_dev), minor(st.st_dev)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_disks, setup, teardown),
		cmocka_unit_test_setup_teardown(partitions, setup, teardown),
		cmocka_unit_test_setup_teardown(long_names, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
		cmocka_unit_test_setup_teardown(circle, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
