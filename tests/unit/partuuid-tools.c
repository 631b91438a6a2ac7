// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/partuuid.c: tables that are right, and tables that a guest has made.
 */
#include "moat-init/partuuid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES (64 << 10)

static uint8_t disk[BYTES];
static char path[] = "/tmp/partuuid-tools.XXXXXX";

static void put(size_t where, uint64_t value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		disk[where++] = value;
}

/* A GPT with blocks of so many bytes, its partition 2 with a GUID of 01, 02, ... */
static void make_gpt(unsigned int block)
{
	memset(disk, 0, sizeof(disk));
	memcpy(disk + block, "EFI PART", 8);
	put(block + 72, 2, 8);
	put(block + 80, 128, 4);
	put(block + 84, 128, 4);
	for (int i = 0; i < 16; i++)
		disk[2 * block + 128 + 16 + i] = i + 1;
	/* the protective table in front */
	disk[510] = 0x55;
	disk[511] = 0xaa;
	disk[450] = 0xee;
}

static void make_mbr(void)
{
	memset(disk, 0, sizeof(disk));
	disk[510] = 0x55;
	disk[511] = 0xaa;
	put(440, 0xdeadbeef, 4);
	disk[450 + 16] = 0x83;
}

static int read_uuid(unsigned int block, unsigned int number, char *uuid)
{
	int fd, err;

	strcpy(path, "/tmp/partuuid-tools.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, disk, sizeof(disk)), sizeof(disk));
	close(fd);
	err = moat_partuuid_read(path, block, number, uuid);
	unlink(path);
	return err;
}

static void gpt(void **state)
{
	static const unsigned int blocks[] = { 512, 4096 };
	char uuid[MOAT_PARTUUID_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_gpt(blocks[i]);
		assert_int_equal(read_uuid(blocks[i], 2, uuid), 0);
		assert_string_equal(uuid, "04030201-0605-0807-090a-0b0c0d0e0f10");
		assert_int_equal(read_uuid(blocks[i], 1, uuid), -ENOENT);
		assert_int_equal(read_uuid(blocks[i], 129, uuid), -ENOENT);
		assert_int_equal(read_uuid(blocks[i], 0, uuid), -ENOENT);
	}
}

static void old(void **state)
{
	char uuid[MOAT_PARTUUID_MAX];

	(void)state;
	make_mbr();
	assert_int_equal(read_uuid(512, 2, uuid), 0);
	assert_string_equal(uuid, "deadbeef-02");
	assert_int_equal(read_uuid(512, 1, uuid), -ENOENT);
	/* a logical one is in a table further on; the kernel has found it there */
	assert_int_equal(read_uuid(512, 5, uuid), 0);
	assert_string_equal(uuid, "deadbeef-05");
	put(440, 0, 4);
	assert_int_equal(read_uuid(512, 2, uuid), -ENOENT);
	make_mbr();
	disk[511] = 0;
	assert_int_equal(read_uuid(512, 2, uuid), -ENOENT);
}

/* What a guest may write there must not lead out of the disk, or anywhere. */
static void hostile(void **state)
{
	static const struct {
		size_t where;
		uint64_t value;
		unsigned int bytes;
	} rows[] = {
		{ 512 + 72, UINT64_MAX, 8 }, { 512 + 72, INT64_MAX, 8 },
		{ 512 + 72, INT64_MAX / 512, 8 }, { 512 + 72, BYTES / 512, 8 },
		{ 512 + 80, 0, 4 }, { 512 + 84, 0, 4 }, { 512 + 84, UINT32_MAX, 4 },
		{ 512 + 84, 8, 4 },
	};
	char uuid[MOAT_PARTUUID_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_gpt(512);
		put(rows[i].where, rows[i].value, rows[i].bytes);
		assert_int_equal(read_uuid(512, 2, uuid), -ENOENT);
	}
	assert_string_equal(uuid, "untouched");
	assert_int_equal(moat_partuuid_read("/nonexistent", 512, 1, uuid), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gpt),
		cmocka_unit_test(old),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
