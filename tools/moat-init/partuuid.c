// SPDX-License-Identifier: GPL-2.0
/*
 * Partition tables, GPT and the old one, as far as they name partitions. The disk
 * is a guest's: nothing in it is believed that is not checked.
 */
#include "partuuid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MBR_BYTES 512
#define MBR_ID 440
#define MBR_TYPE 450	/* of the first of four entries */
#define MBR_ENTRY 16
#define MBR_PRIMARY 4
#define GPT_BYTES 92
#define GPT_ENTRY_MIN 128
#define GPT_ENTRY_MAX 4096

static uint64_t little(const uint8_t *bytes, unsigned int count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | bytes[count];
	return value;
}

static int read_at(int fd, uint64_t where, uint8_t *buf, size_t size)
{
	ssize_t got;

	if (where > INT64_MAX - size)
		return -ENOENT;
	got = pread(fd, buf, size, where);
	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -ENOENT;
}

/* The first three fields of a GUID are little-endian numbers. */
static int format_guid(const uint8_t *guid, char uuid[MOAT_PARTUUID_MAX])
{
	static const uint8_t none[16];

	if (memcmp(guid, none, sizeof(none)) == 0)
		return -ENOENT;
	snprintf(uuid, MOAT_PARTUUID_MAX,
		 "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 (uint32_t)little(guid, 4), (uint16_t)little(guid + 4, 2),
		 (uint16_t)little(guid + 6, 2), guid[8], guid[9], guid[10], guid[11],
		 guid[12], guid[13], guid[14], guid[15]);
	return 0;
}

static int read_gpt(int fd, unsigned int block, unsigned int number,
		    char uuid[MOAT_PARTUUID_MAX])
{
	uint8_t head[GPT_BYTES], entry[32];
	uint64_t first, size, where;
	int err = read_at(fd, block, head, sizeof(head));

	if (err)
		return err;
	if (memcmp(head, "EFI PART", 8))
		return -ENOENT;
	first = little(head + 72, 8);
	size = little(head + 84, 4);
	if (number > little(head + 80, 4) || size < GPT_ENTRY_MIN ||
	    size > GPT_ENTRY_MAX || first > INT64_MAX / block / 2)
		return -ENOENT;
	where = first * block + (number - 1) * size;
	err = read_at(fd, where, entry, sizeof(entry));
	return err ? err : format_guid(entry + 16, uuid);
}

static int read_mbr(int fd, unsigned int number, char uuid[MOAT_PARTUUID_MAX])
{
	uint8_t table[MBR_BYTES];
	int err = read_at(fd, 0, table, sizeof(table));

	if (err)
		return err;
	if (table[510] != 0x55 || table[511] != 0xaa || !little(table + MBR_ID, 4))
		return -ENOENT;
	if (number <= MBR_PRIMARY && !table[MBR_TYPE + (number - 1) * MBR_ENTRY])
		return -ENOENT;
	snprintf(uuid, MOAT_PARTUUID_MAX, "%08x-%02x", (uint32_t)little(table + MBR_ID, 4),
		 number);
	return 0;
}

int moat_partuuid_read(const char *disk, unsigned int block, unsigned int number,
		       char uuid[MOAT_PARTUUID_MAX])
{
	int fd, err;

	if (!number || number > UINT8_MAX || block < MBR_BYTES)
		return -ENOENT;
	fd = open(disk, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_gpt(fd, block, number, uuid);
	if (err == -ENOENT)
		err = read_mbr(fd, number, uuid);
	close(fd);
	return err;
}
