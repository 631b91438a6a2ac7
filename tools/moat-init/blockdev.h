/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk to serve: a block device as it is, or a file behind a loop device.
 */
#ifndef MOAT_BLOCKDEV_H
#define MOAT_BLOCKDEV_H

#include <stdbool.h>
#include <sys/types.h>

#include <moat/keys.h>

#include "loopdev.h"
#include "params.h"

struct moat_blockdev {
	dev_t dev;		/* the block device */
	char path[MOAT_PARAMS_PATH];
	bool read_only;
	/* what it finally is, so that two names of one disk can be told */
	dev_t id_dev;
	ino_t id_ino;		/* 0 for a block device */
	dev_t whole;		/* for a partition its disk, else @id_dev */
	char identity[MOAT_IDENTITY_MAX];	/* once attached */
	bool cache_outside;	/* once attached: a volatile cache outlives this domain */
	struct moat_loopdev loop;
};

/* What to open, and how. */
struct moat_blockdev_spec {
	struct moat_params params;
	bool read_only;
	bool shared;	/* do not mind another writer */
	bool direct;	/* a file: bypass the page cache */
};

/*
 * These three touch what may not answer, and do it aside: they come back within
 * seconds, and what has not been done by then is taken back when it ends.
 */

/**
 * moat_blockdev_find() - see what a path names; nothing is held afterwards
 * @spec: what and how
 * @out: set on success; @identity and @loop not
 *
 * Return: 0; -ENOENT if there is nothing by that name; -ENOTUNIQ if several devices
 * have it; -ENOTBLK if it is
 * neither a block device nor a regular file; -ETIMEDOUT if it does not answer,
 * -EUSERS if too many others do not; other -errno.
 */
int moat_blockdev_find(const struct moat_blockdev_spec *spec,
		       struct moat_blockdev *out);

/**
 * moat_blockdev_attach() - make a block device of what was found
 * @spec: as for moat_blockdev_find()
 * @disk: what that found; a file gets a loop device; let it go with
 *	  moat_blockdev_release()
 *
 * Return: 0; -EAGAIN for a file that whoever had it last has not let go, which the
 * kernel announces when it has; -ETIMEDOUT and -EUSERS as above; or another -errno.
 */
int moat_blockdev_attach(const struct moat_blockdev_spec *spec,
			 struct moat_blockdev *disk);
void moat_blockdev_release(struct moat_blockdev *disk);

/* Are these two the same disk, or one a part of the other? */
bool moat_blockdev_overlaps(const struct moat_blockdev *a,
			    const struct moat_blockdev *b);

#endif
