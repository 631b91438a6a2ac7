// SPDX-License-Identifier: GPL-2.0
/*
 * Which piece of hardware a block device is. A front end that comes back to a
 * device of another identity refuses it, so that no write meant for one disk is
 * repeated on another that has got its name.
 *
 *   NAME             a whole device: the name that it reports itself, as sysfs has it
 *   DISK@START       a partition: its disk, and where on it
 *   DISK#INODE.BORN  a file behind a loop device: the disk that its file system
 *                    is on, and which file of it; with @OFFSET if that is not 0
 *
 * What has none of them (a RAM disk, a file on a network) is known by its size
 * alone.
 */
#include "identity.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../lib/file.h"

/* a file on a loop device on a file: how far to go down */
#define DEPTH_MAX 4

/* Relative to the device's directory in sysfs, the most telling first. */
static const char *const sources[] = {
	"wwid", "device/wwid", "dm/uuid", "md/uuid", "device/serial", "serial",
};

/* A device's directory in sysfs; @up: that of the disk it is a partition of. */
struct place {
	const char *sys;
	dev_t dev;
	bool up;
};

static int read_attribute(const struct place *at, const char *name, char **text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%u:%u/%s%s", at->sys, major(at->dev),
		 minor(at->dev), at->up ? "../" : "", name);
	return moat_file_read(path, text);
}

static unsigned long long read_number(const struct place *at, const char *name)
{
	unsigned long long value;
	char *text;

	if (read_attribute(at, name, &text))
		return 0;
	value = strtoull(text, NULL, 10);
	free(text);
	return value;
}

/* One word: blanks at the ends go, what xenstore should not hold is replaced. */
static void tidy(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	while (isspace((unsigned char)*text))
		text++;
	for (; *text && len + 1 < size; text++)
		buf[len++] = isgraph((unsigned char)*text) ? *text : '_';
	while (len && buf[len - 1] == '_')
		len--;
	buf[len] = '\0';
}

static void read_whole(const struct place *at, char *buf, size_t size)
{
	char *text;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && !buf[0]; i++) {
		if (read_attribute(at, sources[i], &text))
			continue;
		tidy(text, buf, size);
		free(text);
	}
}

static void narrow(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Say which part of it, if it is known; the part is never what is cut off. */
static void narrow(char *buf, size_t size, const char *fmt, ...)
{
	char part[64];
	size_t len, room;
	va_list args;

	if (!buf[0])
		return;
	va_start(args, fmt);
	vsnprintf(part, sizeof(part), fmt, args);
	va_end(args);
	len = strlen(buf);
	room = size - 1 - strlen(part);
	strcpy(buf + (len < room ? len : room), part);
}

static void read_device(const struct place *at, int depth, char *buf, size_t size);

/* The file behind a loop device, by its name of now. */
static void read_file(const struct place *at, const char *file, int depth, char *buf,
		      size_t size)
{
	struct place below = { .sys = at->sys };
	unsigned long long offset;
	struct statx st;

	if (statx(AT_FDCWD, file, 0, STATX_INO | STATX_BTIME, &st) < 0)
		return;
	below.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	read_device(&below, depth + 1, buf, size);
	narrow(buf, size, "#%llu.%lld", (unsigned long long)st.stx_ino,
	       st.stx_mask & STATX_BTIME ? (long long)st.stx_btime.tv_sec : 0);
	offset = read_number(at, "loop/offset");
	if (offset)
		narrow(buf, size, "@%llu", offset);
}

static void read_device(const struct place *at, int depth, char *buf, size_t size)
{
	struct place disk = *at;
	unsigned long long start;
	char *text;

	buf[0] = '\0';
	if (depth > DEPTH_MAX)
		return;
	disk.up = read_number(at, "partition") != 0;
	if (read_attribute(&disk, "loop/backing_file", &text) == 0) {
		text[strcspn(text, "\n")] = '\0';
		read_file(&disk, text, depth, buf, size);
		free(text);
	} else {
		read_whole(&disk, buf, size);
	}
	if (!disk.up)
		return;
	start = read_number(at, "start");
	narrow(buf, size, "@%llu", start);
}

void moat_identity_read(const char *sys, dev_t dev, char *buf, size_t size)
{
	struct place at = { .sys = sys, .dev = dev };

	read_device(&at, 0, buf, size);
}
