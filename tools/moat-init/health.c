// SPDX-License-Identifier: GPL-2.0
/*
 * moat-back's health, which its module parameters show.
 *
 * A read never waits for a poller or a device, however sick they are: it takes
 * two mutexes that are held for the length of a loop over the CPUs.
 */
#include "health.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/log.h"

/* $MOAT_BACK_PARAMETERS is for tests */
#define PARAMETERS "/sys/module/moat_back/parameters"

static bool promised;

static int path_of(const char *name, char *path, size_t size)
{
	const char *dir = getenv("MOAT_BACK_PARAMETERS");
	int len = snprintf(path, size, "%s/%s", dir ? dir : PARAMETERS, name);

	return len < (int)size ? 0 : -ENAMETOOLONG;
}

static int promise(const char *word)
{
	char path[256];
	int err = path_of("watched", path, sizeof(path));

	return err ? err : moat_file_write(path, word);
}

static int read_ages(unsigned long *poller, unsigned long *device)
{
	char path[256], *text;
	int err = path_of("health", path, sizeof(path));

	if (!err)
		err = moat_file_read(path, &text);
	if (err)
		return err;
	if (sscanf(text, "%lu %lu", poller, device) != 2)
		err = -EINVAL;
	free(text);
	return err;
}

int moat_health_read(char *text, size_t size)
{
	unsigned long poller, device;
	int err = read_ages(&poller, &device);

	if (err) {
		/* a module that comes back knows of no promise */
		promised = false;
		return err;
	}
	if (!promised) {
		promised = true;
		err = promise("1");
		if (err)
			moat_warn("no watchdog: %s", strerror(-err));
	}
	snprintf(text, size, "%lu %lu", poller, device);
	return 0;
}

void moat_health_ping(void)
{
	char text[64];

	moat_health_read(text, sizeof(text));
}

void moat_health_end(void)
{
	if (promised)
		promise("0");
	promised = false;
}
