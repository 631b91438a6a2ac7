// SPDX-License-Identifier: GPL-2.0
/*
 * Disks, found by path.
 *
 * A block device is looked at but not opened: the kernel's back end will open
 * it, and opening one whose hardware does not answer could hold us up.
 */
#include "blockdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../lib/file.h"
#include "aside.h"
#include "cache.h"
#include "identity.h"
#include "name.h"

/* Nobody is made to wait longer for what does not answer. */
#define ANSWER_MS 5000
#define LOOP_MAJOR 7

struct job {
	struct moat_aside aside;
	struct moat_blockdev_spec spec;
	struct moat_blockdev disk;
	int err;
};

static struct job *of_aside(struct moat_aside *aside)
{
	return (struct job *)aside;
}

/* A partition's disk, and of a loop device the file, are what others may have. */
static void look_below(struct moat_blockdev *disk)
{
	char path[96], *text;
	unsigned int ma, mi;
	struct stat st;

	disk->whole = disk->id_dev;
	snprintf(path, sizeof(path), MOAT_IDENTITY_SYS "/%u:%u/loop/backing_file",
		 major(disk->dev), minor(disk->dev));
	if (major(disk->dev) == LOOP_MAJOR && moat_file_read(path, &text) == 0) {
		text[strcspn(text, "\n")] = '\0';
		if (stat(text, &st) == 0 && S_ISREG(st.st_mode)) {
			disk->id_dev = disk->whole = st.st_dev;
			disk->id_ino = st.st_ino;
		}
		free(text);
		return;
	}
	snprintf(path, sizeof(path), MOAT_IDENTITY_SYS "/%u:%u/partition",
		 major(disk->dev), minor(disk->dev));
	if (moat_file_read(path, &text))
		return;
	free(text);
	snprintf(path, sizeof(path), MOAT_IDENTITY_SYS "/%u:%u/../dev",
		 major(disk->dev), minor(disk->dev));
	if (moat_file_read(path, &text))
		return;
	if (sscanf(text, "%u:%u", &ma, &mi) == 2)
		disk->whole = makedev(ma, mi);
	free(text);
}

/* What a path names; in disk->path, where it can be opened. */
static int find_path(const struct moat_params *params, struct moat_blockdev *disk,
		     struct stat *st)
{
	int err = 0;

	strcpy(disk->path, params->path);
	if (stat(disk->path, st) == 0)
		return 0;
	if (errno != ENOENT || !params->device)
		return -errno;
	/* nobody made a link of it */
	err = moat_name_find(MOAT_NAME_SYS, MOAT_NAME_DEV, params->path, disk->path,
			     sizeof(disk->path));
	if (err)
		return err;
	return stat(disk->path, st) < 0 ? -errno : 0;
}

static int find(const struct moat_blockdev_spec *spec, struct moat_blockdev *disk)
{
	struct stat st;
	int err = find_path(&spec->params, disk, &st);

	if (err)
		return err;
	disk->read_only = spec->read_only;
	if (S_ISBLK(st.st_mode)) {
		disk->dev = st.st_rdev;
		disk->id_dev = st.st_rdev;
		look_below(disk);
	} else if (S_ISREG(st.st_mode)) {
		disk->id_dev = disk->whole = st.st_dev;
		disk->id_ino = st.st_ino;
	} else {
		return -ENOTBLK;
	}
	return 0;
}

static void find_work(struct moat_aside *aside)
{
	struct job *job = of_aside(aside);

	job->err = find(&job->spec, &job->disk);
}

static int attach(const struct moat_blockdev_spec *spec, struct moat_blockdev *disk)
{
	int err = 0;

	if (!disk->dev) {
		if (moat_loopdev_lingers(spec->params.path))
			return -EAGAIN;
		err = moat_loopdev_attach(spec->params.path, spec->read_only,
					  spec->direct, &disk->loop);
		if (err)
			return err;
		disk->dev = disk->loop.dev;
		strcpy(disk->path, disk->loop.path);
	}
	moat_identity_read(MOAT_IDENTITY_SYS, disk->dev, disk->identity,
			   sizeof(disk->identity));
	disk->cache_outside = moat_cache_is_outside(MOAT_IDENTITY_SYS, disk->dev);
	return 0;
}

static void attach_work(struct moat_aside *aside)
{
	struct job *job = of_aside(aside);

	job->err = attach(&job->spec, &job->disk);
}

static void release_work(struct moat_aside *aside)
{
	moat_loopdev_detach(&of_aside(aside)->disk.loop);
}

static void attach_undo(struct moat_aside *aside)
{
	if (!of_aside(aside)->err)
		release_work(aside);
}

/* Do a job aside, and take over what it found. */
static int do_job(const struct moat_aside *what, const struct moat_blockdev_spec *spec,
		  struct moat_blockdev *disk)
{
	struct job *job = calloc(1, sizeof(*job));
	int err;

	if (!job)
		return -ENOMEM;
	job->aside = *what;
	if (spec)
		job->spec = *spec;
	job->disk = *disk;
	err = moat_aside_run(&job->aside, ANSWER_MS);
	if (err == -ETIMEDOUT)
		return err;
	if (!err)
		err = job->err;
	if (!err)
		*disk = job->disk;
	free(job);
	return err;
}

int moat_blockdev_find(const struct moat_blockdev_spec *spec,
		       struct moat_blockdev *out)
{
	static const struct moat_aside what = { .work = find_work };
	struct moat_blockdev disk = { .loop.fd = -1 };
	int err = do_job(&what, spec, &disk);

	if (!err)
		*out = disk;
	return err;
}

int moat_blockdev_attach(const struct moat_blockdev_spec *spec,
			 struct moat_blockdev *disk)
{
	static const struct moat_aside what = { .work = attach_work, .undo = attach_undo };

	return do_job(&what, spec, disk);
}

void moat_blockdev_release(struct moat_blockdev *disk)
{
	static const struct moat_aside what = { .work = release_work };
	int err = 0;

	if (disk->loop.fd >= 0)
		err = do_job(&what, NULL, disk);
	/* no thread to be had, so we wait ourselves */
	if (err && err != -ETIMEDOUT)
		moat_loopdev_detach(&disk->loop);
	disk->loop.fd = -1;
}

bool moat_blockdev_overlaps(const struct moat_blockdev *a,
			    const struct moat_blockdev *b)
{
	if (a->id_ino || b->id_ino)
		return a->id_dev == b->id_dev && a->id_ino == b->id_ino;
	if (a->id_dev == b->id_dev)
		return true;
	/* two partitions are two disks; one and its whole disk are not */
	return a->whole == b->whole && (a->id_dev == a->whole || b->id_dev == b->whole);
}
