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

int moat_blockdev_find(const struct moat_blockdev_spec *spec,
		       struct moat_blockdev *out)
{
	struct moat_blockdev disk = { .loop.fd = -1 };
	struct stat st;

	if (stat(spec->params.path, &st) < 0)
		return -errno;
	disk.read_only = spec->read_only;
	strcpy(disk.path, spec->params.path);
	if (S_ISBLK(st.st_mode)) {
		disk.dev = st.st_rdev;
		disk.id_dev = st.st_rdev;
	} else if (S_ISREG(st.st_mode)) {
		disk.id_dev = st.st_dev;
		disk.id_ino = st.st_ino;
	} else {
		return -ENOTBLK;
	}
	*out = disk;
	return 0;
}

int moat_blockdev_attach(const struct moat_blockdev_spec *spec,
			 struct moat_blockdev *disk)
{
	int err;

	if (!disk->id_ino)
		return 0;
	if (moat_loopdev_lingers(spec->params.path))
		return -EAGAIN;
	err = moat_loopdev_attach(spec->params.path, spec->read_only,
				  spec->direct, &disk->loop);
	if (err)
		return err;
	disk->dev = disk->loop.dev;
	strcpy(disk->path, disk->loop.path);
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
