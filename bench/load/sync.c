// SPDX-License-Identifier: GPL-2.0
/*
 * The synchronous engine: one request, one system call.
 */
#include "load.h"

#include <errno.h>
#include <unistd.h>

static int one(struct load *l)
{
	uint64_t at = load_offset(l);
	ssize_t n;

	n = l->write ? pwrite(l->fd, l->buffer, l->block, at) :
		       pread(l->fd, l->buffer, l->block, at);
	if (n != l->block)
		return n < 0 ? -errno : -EIO;
	if (l->sync_each && fdatasync(l->fd))
		return -errno;
	return 0;
}

/* One request at a time. */
int load_sync(struct load *l)
{
	uint64_t began, now = load_now();
	int err;

	do {
		began = now;
		err = one(l);
		if (err)
			return err;
		now = load_now();
	} while (load_done(l, began, now));
	return 0;
}
