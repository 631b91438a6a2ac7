/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loop devices: a regular file as a block device.
 */
#ifndef MOAT_LOOPDEV_H
#define MOAT_LOOPDEV_H

#include <stdbool.h>
#include <sys/types.h>

/* A loop device that is ours; fd is -1 when there is none. */
struct moat_loopdev {
	int fd;
	int file_fd;	/* the file below it; valid while @fd is */
	dev_t dev;
	char path[32];
};

/**
 * moat_loopdev_attach() - make a block device of a file
 * @file: the file's path
 * @read_only: open it for reading only
 * @direct: bypass the page cache
 * @out: set on success; let it go with moat_loopdev_detach()
 *
 * Return: 0, or -errno.
 */
int moat_loopdev_attach(const char *file, bool read_only, bool direct,
			struct moat_loopdev *out);

/**
 * moat_loopdev_lingers() - is a loop device on the file that was let go, and is open?
 * @file: the file's path
 *
 * What its last user has begun may be written to the file at any time.
 */
bool moat_loopdev_lingers(const char *file);

/**
 * moat_loopdev_grow() - follow the file below a device, if that has grown
 *
 * Never waits for the file's storage. A file that has become smaller is not
 * followed: what was on the device is still asked for.
 *
 * Return: the new size in bytes; 0 if it is as it was; or -errno.
 */
long long moat_loopdev_grow(const struct moat_loopdev *loop);

/* Let the device go, at once or when its last user closes it. Idempotent. */
void moat_loopdev_detach(struct moat_loopdev *loop);

#endif
