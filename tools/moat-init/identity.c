// SPDX-License-Identifier: GPL-2.0
/*
 * Which piece of hardware a block device is: the name that the device itself
 * reports, as sysfs shows it. A front end that comes back to a device of another
 * identity refuses it. What has none (a loop device, a RAM disk) is known by its
 * size alone.
 */
#include "identity.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "../lib/file.h"

/* Relative to the device's directory in sysfs, the most telling first. */
static const char *const sources[] = {
	"wwid", "device/wwid", "dm/uuid", "md/uuid", "device/serial", "serial",
};

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

void moat_identity_read(dev_t dev, char *buf, size_t size)
{
	char path[80];
	char *text;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev),
			 minor(dev), sources[i]);
		if (moat_file_read(path, &text))
			continue;
		tidy(text, buf, size);
		free(text);
		if (buf[0])
			return;
	}
}
