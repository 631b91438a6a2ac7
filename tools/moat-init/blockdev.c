// SPDX-License-Identifier: GPL-2.0
/*
 * Disks, found by path.
 *
 * A block device is looked at but not opened: the kernel's back end will open
 * it, and opening one whose hardware does not answer could hold PID 1 up.
 */
#include "blockdev.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int open_file(const struct moat_blockdev_spec *spec,
		     const struct stat *st, struct moat_blockdev *disk)
{
	int err = moat_loopdev_attach(spec->params.path, spec->read_only,
				      spec->direct, &disk->loop);

	if (err)
		return err;
	disk->dev = disk->loop.dev;
	strcpy(disk->path, disk->loop.path);
	disk->id_dev = st->st_dev;
	disk->id_ino = st->st_ino;
	return 0;
}

int moat_blockdev_open(const struct moat_blockdev_spec *spec,
		       struct moat_blockdev *out)
{
	struct moat_blockdev disk = { .loop.fd = -1 };
	struct stat st;

	disk.read_only = spec->read_only;
	if (stat(spec->params.path, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		int err = open_file(spec, &st, &disk);

		if (err)
			return err;
	} else if (S_ISBLK(st.st_mode)) {
		disk.dev = st.st_rdev;
		disk.id_dev = st.st_rdev;
		strcpy(disk.path, spec->params.path);
	} else {
		return -ENOTBLK;
	}
	*out = disk;
	return 0;
}

void moat_blockdev_release(struct moat_blockdev *disk)
{
	moat_loopdev_detach(&disk->loop);
}

bool moat_blockdev_same(const struct moat_blockdev *a,
			const struct moat_blockdev *b)
{
	return a->id_dev == b->id_dev && a->id_ino == b->id_ino;
}
