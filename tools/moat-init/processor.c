// SPDX-License-Identifier: GPL-2.0
/*
 * Processors, through sysfs.
 */
#include "processor.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/file.h"
#include "../lib/log.h"

#define ALL "/sys/devices/system/cpu/cpu[0-9]*"
/* Xen's hotplug announces a processor a moment before it can be used */
#define TRIES 100
#define PAUSE_NS 10000000

static void use(const char *dir)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	char path[128];
	int err = -EINVAL;

	snprintf(path, sizeof(path), "%s/online", dir);
	/* to one that is used it is no news */
	for (int i = 0; i < TRIES && err == -EINVAL; i++) {
		if (i)
			/* check-ok: sleep: a poll step, so many at most */
			nanosleep(&pause, NULL);
		err = moat_file_write(path, "1");
	}
	/* the first has none, for it cannot go */
	if (err && err != -ENOENT)
		moat_warn("%s: %s", path, strerror(-err));
}

void moat_processor_use(const char *devpath)
{
	char dir[112];

	snprintf(dir, sizeof(dir), "/sys%s", devpath);
	use(dir);
}

void moat_processors_use(void)
{
	glob_t found;

	if (glob(ALL, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		use(found.gl_pathv[i]);
	globfree(&found);
}
