// SPDX-License-Identifier: GPL-2.0
/*
 * A disk as the block layer sees it: its gendisk and tag set, made when the first
 * back end connects, and what back ends announce of it.
 */
#include "gendisk.h"

#include <linux/blkdev.h>
#include <linux/hdreg.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "kernel/compat/disk.h"

#include "disk.h"
#include "mq.h"
#include "own.h"
#include "request.h"

/* ---- what users of the block device see ---- */

static int gendisk_opened(struct gendisk *gd)
{
	struct moat_disk *disk = gd->private_data;

	return test_bit(MOAT_DISK_GONE, &disk->flags) ? -ENXIO : 0;
}

static void gendisk_closed(struct gendisk *gd)
{
	struct moat_disk *disk = gd->private_data;

	if (disk_openers(gd) || !test_bit(MOAT_DISK_CLOSING, &disk->flags))
		return;
	if (!test_bit(MOAT_DISK_GONE, &disk->flags))
		queue_work(moat_front_life_wq, &disk->life);
}

/* For old partitioning tools; any geometry that covers the disk will do. */
static void gendisk_geometry(struct gendisk *gd, struct hd_geometry *geo)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = div_u64(get_capacity(gd), 255 * 63);
}

/* Nobody has it any more. */
static void gendisk_free(struct moat_disk *disk)
{
	unsigned int i;

	for (i = 0; disk->queue && i < disk->nr_queues; i++)
		moat_queue_deinit(&disk->queue[i]);
	moat_own_destroy(disk);
	kvfree(disk->queue);
	kfree(disk->peer);
	kfree(disk);
}

static void gendisk_freed(struct gendisk *gd)
{
	gendisk_free(gd->private_data);
}

MOAT_DEFINE_OPEN(gendisk_open, gendisk_opened)
MOAT_DEFINE_RELEASE(gendisk_release, gendisk_closed)
MOAT_DEFINE_GETGEO(gendisk_getgeo, gendisk_geometry)

static const struct block_device_operations gendisk_ops = {
	.owner = THIS_MODULE,
	.open = gendisk_open,
	.release = gendisk_release,
	.getgeo = gendisk_getgeo,
	.free_disk = gendisk_freed,
};

/* ---- create and destroy ---- */

static int gendisk_alloc_tags(struct moat_disk *disk)
{
	struct blk_mq_tag_set *set = &disk->tags;

	set->ops = &moat_mq_ops;
	set->nr_hw_queues = disk->nr_queues;
	set->nr_maps = disk->nr_polled ? HCTX_MAX_TYPES : 1;
	set->queue_depth = disk->depth;
	set->numa_node = NUMA_NO_NODE;
	set->cmd_size = struct_size((struct moat_rq *)NULL, io.piece, disk->room);
	/*
	 * The storage domain has the device, and the scheduler for it. And as for a device upon
	 * another, a processor that goes waits for no request of its own: an event channel moves
	 * to another processor, and xenwatch, which takes processors away, is needed for the
	 * reconnection that the request may be waiting for.
	 */
	set->flags = MOAT_MQ_F_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT | BLK_MQ_F_STACKING;
	set->timeout = MOAT_DISK_TIMEOUT;
	set->driver_data = disk;
	return blk_mq_alloc_tag_set(set);
}

/**
 * moat_gendisk_create() - make tags and gendisk
 * @disk: the disk, with queues but without these
 * @t: what the first back end announced
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno.
 */
int moat_gendisk_create(struct moat_disk *disk, const struct moat_traits *t)
{
	struct gendisk *gd;
	int err;

	lockdep_assert_held(&disk->lock);
	disk->room = t->max_segs;
	err = moat_own_create(disk);
	if (!err)
		err = gendisk_alloc_tags(disk);
	if (err)
		return err;
	gd = moat_gendisk_alloc(&disk->tags, disk);
	if (IS_ERR(gd)) {
		blk_mq_free_tag_set(&disk->tags);
		return PTR_ERR(gd);
	}
	strscpy(gd->disk_name, disk->name, sizeof(gd->disk_name));
	gd->fops = &gendisk_ops;
	gd->private_data = disk;
	/* Major 0: a number of the block layer's own choice, so that the
	 * kernel's own driver can be loaded beside this one.
	 */
	if (disk->vdev.part)
		gd->flags |= GENHD_FL_NO_PART;
	if (t->removable)
		gd->flags |= GENHD_FL_REMOVABLE;
	set_capacity(gd, t->capacity);
	disk->gd = gd;
	moat_disk_limit_age(disk);
	return 0;
}

/**
 * moat_gendisk_destroy() - let go of the disk
 * @disk: the disk, dead, its gendisk deleted if it was added, no work left
 *
 * Its memory stays for those who still have it open.
 *
 * Context: process, may sleep.
 */
void moat_gendisk_destroy(struct moat_disk *disk)
{
	might_sleep();
	if (disk->added) {
		blk_mq_free_tag_set(&disk->tags);
		put_disk(disk->gd);
		return;
	}
	/* One that was never added uses its tag set until it is released. */
	if (disk->gd)
		put_disk(disk->gd);
	if (disk->tags.tags)
		blk_mq_free_tag_set(&disk->tags);
	gendisk_free(disk);
}

/* ---- what it is ---- */

/**
 * moat_gendisk_mismatch() - can a disk go on as what a back end announces?
 * @disk: the disk
 * @t: the announcement
 * @identity: which hardware it says it is, or ""
 *
 * Context: process; the disk's lock held.
 * Return: NULL, or why not.
 */
const char *moat_gendisk_mismatch(const struct moat_disk *disk, const struct moat_traits *t,
			       const char *identity)
{
	lockdep_assert_held(&disk->lock);
	if (!disk->traits.block_size)
		return NULL;
	/* One that told nothing at first is known by its size alone. */
	if (disk->identity[0] && strcmp(identity, disk->identity))
		return "it is another device";
	if (t->block_size != disk->traits.block_size)
		return "its logical block size is another";
	/* What one said that then broke the protocol must not keep the others out. */
	if (t->capacity < disk->sure)
		return "it is smaller";
	if (t->readonly && !disk->traits.readonly)
		return "it cannot be written any more";
	return NULL;
}

/**
 * moat_gendisk_adopt() - go on with what a back end announced
 * @disk: the disk, built
 * @t: the announcement, which moat_gendisk_mismatch() has found nothing against
 * @identity: which hardware it says it is, or ""
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_gendisk_adopt(struct moat_disk *disk, const struct moat_traits *t,
		     const char *identity)
{
	lockdep_assert_held(&disk->lock);
	/* It is what it was at first. One that told nothing then cannot be made another
	 * by a later back end's word, to be refused from its good successors.
	 */
	if (!disk->traits.block_size) {
		strscpy(disk->identity, identity, sizeof(disk->identity));
		disk->sure = t->capacity;
	}
	disk->traits = *t;
	disk->retained.cached = t->flush != MOAT_FLUSH_NONE;
	disk->max_segs = min(t->max_segs, disk->room);
	/* What cannot be told now is due when I/O goes on. */
	moat_gendisk_limit(disk);
	if (disk->added)
		set_capacity_and_notify(disk->gd, t->capacity);
	else
		set_capacity(disk->gd, t->capacity);
}

/**
 * moat_gendisk_limit() - tell the block layer what a request may be on this connection
 * @disk: the disk, with what its back end announced
 *
 * Until it has been told, requests that are too large are cut by the replay work, and
 * operations that the back end does not know are switched off one by one.
 *
 * Context: process, may sleep, but not for I/O; the disk's lock held.
 * Return: whether it has been told; else it is to be tried again, with I/O going on.
 */
bool moat_gendisk_limit(struct moat_disk *disk)
{
	int err;

	lockdep_assert_held(&disk->lock);
	err = moat_limits_set(&disk->limits, disk->gd, &disk->traits, disk->max_segs);
	disk->limits_due = err == -EBUSY;
	if (err && !disk->limits_due)
		dev_err(&disk->xdev->dev, "%s: the block layer does not take its limits: %d\n",
			disk->name, err);
	return !disk->limits_due;
}

/**
 * moat_gendisk_add() - show the disk to the world
 * @disk: the disk, connected
 *
 * Reads the partition table.
 *
 * Context: the life work; may wait for I/O.
 * Return: 0 or a negative errno.
 */
int moat_gendisk_add(struct moat_disk *disk)
{
	const struct moat_traits *t = &disk->traits;
	int err;

	might_sleep();
	/* Its partitions are looked for meanwhile, which is I/O like any other. */
	WRITE_ONCE(disk->shown, true);
	err = device_add_disk(&disk->xdev->dev, disk->gd, NULL);
	if (err)
		return err;
	disk->added = true;
	dev_info(&disk->xdev->dev,
		 "%s: %llu sectors, blocks of %u; %u rings of %u, %u segments, %s grants\n",
		 disk->name, t->capacity, t->block_size, disk->nr_rings,
		 disk->depth, disk->max_segs,
		 disk->persistent ? "persistent" : "single");
	return 0;
}

/**
 * moat_gendisk_try_gone() - if nobody has it open, let nobody open it any more
 * @disk: the disk
 *
 * Context: process, may sleep.
 * Return: whether the caller may, and has to, delete the gendisk.
 */
bool moat_gendisk_try_gone(struct moat_disk *disk)
{
	bool gone = false;

	might_sleep();
	/* Openers are counted and let in under this mutex. */
	mutex_lock(&disk->gd->open_mutex);
	if (!disk_openers(disk->gd))
		gone = !test_and_set_bit(MOAT_DISK_GONE, &disk->flags);
	mutex_unlock(&disk->gd->open_mutex);
	return gone;
}

/**
 * moat_gendisk_resize() - the back end announces another size
 * @disk: the disk, connected
 * @capacity: in units of 512 bytes, not 0
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_gendisk_resize(struct moat_disk *disk, u64 capacity)
{
	lockdep_assert_held(&disk->lock);
	if (capacity == get_capacity(disk->gd))
		return;
	dev_info_ratelimited(&disk->xdev->dev, "%s: now %llu sectors\n",
			     disk->name, capacity);
	disk->traits.capacity = capacity;
	if (disk->added)
		set_capacity_and_notify(disk->gd, capacity);
	else
		set_capacity(disk->gd, capacity);
}

/**
 * moat_gendisk_mark_dead() - tell those who have it open
 * @disk: the disk, killed
 *
 * They may want to write back what is dirty: that must be able to fail by then.
 *
 * Context: process, may sleep; the disk's lock not held.
 */
void moat_gendisk_mark_dead(struct moat_disk *disk)
{
	might_sleep();
	if (disk->added && !test_bit(MOAT_DISK_GONE, &disk->flags))
		blk_mark_disk_dead(disk->gd);
}
