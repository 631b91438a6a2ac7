// SPDX-License-Identifier: GPL-2.0
/*
 * moat-back's health, which its module parameters show.
 *
 * A read never waits for a poller or a device, however sick they are: it takes
 * two mutexes that are held for the length of a loop over the CPUs.
 */
#include "health.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/log.h"

/* $MOAT_BACK_PARAMETERS is for tests */
#define PARAMETERS "/sys/module/moat_back/parameters"

/* Guards both: whoever ends it may not be the thread that looks. */
static pthread_mutex_t promise_lock = PTHREAD_MUTEX_INITIALIZER;
static bool promised, ended;

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

/* See to it that moat-back has our promise, or, where there is none, that the next has. */
static void keep_promise(bool there)
{
	int err = 0;

	pthread_mutex_lock(&promise_lock);
	if (there && !promised && !ended)
		err = promise("1");
	/* a module that comes back knows of no promise */
	promised = there && !ended;
	pthread_mutex_unlock(&promise_lock);
	if (err)
		moat_warn("no watchdog: %s", strerror(-err));
}

int moat_health_read(char *text, size_t size)
{
	unsigned long poller, device;
	int err = read_ages(&poller, &device);

	keep_promise(!err);
	if (!err)
		snprintf(text, size, "%lu %lu", poller, device);
	return err;
}

void moat_health_ping(void)
{
	char text[64];

	moat_health_read(text, sizeof(text));
}

void moat_health_end(void)
{
	pthread_mutex_lock(&promise_lock);
	if (promised)
		promise("0");
	promised = false;
	ended = true;
	pthread_mutex_unlock(&promise_lock);
}
