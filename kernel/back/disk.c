// SPDX-License-Identifier: GPL-2.0
/*
 * The block device behind a disk, and what of it is offered.
 *
 * A poller serves many disks and must not block on one of them. Where the
 * device can, bios say REQ_NOWAIT; what would block, and all bios of a device
 * that cannot say so, are submitted by the disk's own workqueue.
 *
 * One device, one writer, and no reader beside it, also where one has the whole
 * device and the other a partition; unless the toolstack says that they may. The
 * kernel's exclusive opening keeps away whoever else in this domain claims the
 * device; who of this module has it, and how, is kept here, as readers claim
 * nothing from the kernel. Nobody at all is let in beside one that is on its way out:
 * what a writer has begun must not come after what the next one writes, and of a ring that
 * is taken up (takeover.c) the last back end must have let go.
 */
#include "disk.h"

#include <linux/blk-mq.h>
#include <linux/minmax.h>
#include <xen/interface/io/blkif.h>

#include "kernel/compat/bdev.h"

#include "params.h"

/* Submitters that may block on one disk at a time. */
#define BLOCKING_WORKERS 4

/* Guards all_disks, and what decides whether a disk may be beside another. */
static DEFINE_MUTEX(claims_lock);
static LIST_HEAD(all_disks);

/* Who claims the device from the kernel; NULL: nobody does. */
static void *disk_holder(struct moat_disk *disk)
{
	return disk->readonly || disk->shared ? NULL : disk;
}

static bool disks_overlap(const struct moat_disk *a, const struct moat_disk *b)
{
	return a->bdev == b->bdev ||
	       (bdev_whole(a->bdev) == bdev_whole(b->bdev) &&
		!(bdev_is_partition(a->bdev) && bdev_is_partition(b->bdev)));
}

/* May a new disk be open beside an old one? */
static bool disks_agree(const struct moat_disk *new, const struct moat_disk *old)
{
	if (!disks_overlap(new, old))
		return true;
	if (old->leaving)
		return false;
	return (new->readonly && old->readonly) || new->shared || old->shared;
}

static int disk_claim(struct moat_disk *disk)
{
	struct moat_disk *other;
	int err = 0;

	mutex_lock(&claims_lock);
	list_for_each_entry(other, &all_disks, claim)
		if (!disks_agree(disk, other))
			err = -EBUSY;
	if (!err)
		list_add(&disk->claim, &all_disks);
	mutex_unlock(&claims_lock);
	return err;
}

/* Most segments of a request that the device takes in one piece: a larger one
 * would have to be split, and what is split cannot be REQ_NOWAIT.
 */
static u16 disk_segs(struct block_device *bdev)
{
	u32 sectors = queue_max_sectors(bdev_get_queue(bdev));
	u32 segs = min_t(u32, bdev_max_segments(bdev), sectors / MOAT_WIRE_SECTORS);

	segs = min(segs, moat_params_segs());
	return segs > MOAT_WIRE_SEGS ? segs : 0;
}

static void disk_probe_offer(struct moat_disk *disk, const struct moat_disk_wish *wish)
{
	struct block_device *bdev = disk->bdev;
	struct moat_offer *offer = &disk->offer;

	disk->seen_sectors = bdev_nr_sectors(bdev);
	disk->seen_readonly = bdev_read_only(bdev);
	offer->capacity = disk->seen_sectors;
	offer->block_size = bdev_logical_block_size(bdev);
	offer->max_indirect = disk_segs(bdev);
	offer->readonly = disk->readonly || disk->seen_readonly;
	offer->flush = bdev_write_cache(bdev);
	offer->barrier = offer->flush;
	offer->discard = wish->discard && !offer->readonly &&
			 bdev_max_discard_sectors(bdev);
	offer->secure_discard = offer->discard && bdev_max_secure_erase_sectors(bdev);
	disk->forgets = wish->cache_inside && offer->flush && !disk->readonly;
	disk->physical_block_size = bdev_physical_block_size(bdev);
	disk->discard_granularity = bdev_discard_granularity(bdev);
	disk->discard_alignment = bdev_discard_alignment(bdev);
	disk->info = (offer->readonly ? VDISK_READONLY : 0) |
		     (bdev->bd_disk->flags & GENHD_FL_REMOVABLE ? VDISK_REMOVABLE : 0);
}

static void disk_probe_submission(struct moat_disk *disk)
{
	struct request_queue *q = bdev_get_queue(disk->bdev);

	/* A blk-mq driver that may sleep in ->queue_rq (nbd) says so only here. */
	disk->nowait = bdev_nowait(disk->bdev) &&
		       !(queue_is_mq(q) && q->tag_set->flags & BLK_MQ_F_BLOCKING);
	/* Stacked drivers (md) wait for a flush whatever the bio says. */
	disk->nowait_flush = disk->nowait && queue_is_mq(q);
	disk->stable = bdev_stable_writes(disk->bdev);
}

/* Is it a device that front ends can use? */
static int disk_check(struct block_device *bdev)
{
	if (bdev_logical_block_size(bdev) > MOAT_WIRE_PAGE)
		return -EMEDIUMTYPE;
	/* Zones want to be written in order, which nobody would tell a front end. */
	if (bdev_is_zoned(bdev))
		return -EOPNOTSUPP;
	return bdev_nr_sectors(bdev) ? 0 : -ENOMEDIUM;
}

/**
 * moat_disk_open() - open the device and see what it can
 * @disk: a disk that is not open
 * @wish: what the toolstack asked for
 *
 * Context: process, may sleep; for as long as the device takes.
 * Return: 0; -EBUSY if somebody has it who may not share it; -EMEDIUMTYPE if
 * blocks are larger than blkif can say; -EOPNOTSUPP if it is zoned; -ENOMEDIUM if
 * it is empty; or why it could not be opened.
 */
int moat_disk_open(struct moat_disk *disk, const struct moat_disk_wish *wish)
{
	struct moat_opened *opened;
	struct block_device *bdev;
	int err;

	might_sleep();
	disk->readonly = wish->readonly;
	disk->shared = wish->shared;
	opened = moat_bdev_open(wish->dev, disk->readonly, disk_holder(disk));
	if (IS_ERR(opened))
		return PTR_ERR(opened);
	bdev = moat_bdev_of(opened);
	err = disk_check(bdev);
	if (err)
		goto err_put;
	err = -ENOMEM;
	disk->blocking = alloc_workqueue("moat-back/%u:%u", WQ_UNBOUND | WQ_MEM_RECLAIM,
					 BLOCKING_WORKERS, MAJOR(wish->dev),
					 MINOR(wish->dev));
	if (!disk->blocking)
		goto err_put;
	disk->bdev = bdev;
	disk->opened = opened;
	err = disk_claim(disk);
	if (err)
		goto err_blocking;
	disk_probe_offer(disk, wish);
	disk_probe_submission(disk);
	return 0;

err_blocking:
	disk->bdev = NULL;
	destroy_workqueue(disk->blocking);
err_put:
	moat_bdev_close(opened, disk->readonly, disk_holder(disk));
	return err;
}

/**
 * moat_disk_open_error() - say why a device was not opened
 * @err: from moat_disk_open()
 */
const char *moat_disk_open_error(int err)
{
	switch (err) {
	case -EMEDIUMTYPE:
		return "cannot serve the device: its blocks are larger than a page";
	case -EOPNOTSUPP:
		return "cannot serve the device: it is zoned";
	case -ENOMEDIUM:
		return "cannot serve the device: it is empty";
	default:
		return "cannot open the device";
	}
}

/**
 * moat_disk_leave() - the disk is to be closed: let nobody in beside it before
 * @disk: the disk, open or not
 *
 * Context: process, may sleep, but not for the device.
 */
void moat_disk_leave(struct moat_disk *disk)
{
	mutex_lock(&claims_lock);
	disk->leaving = true;
	mutex_unlock(&claims_lock);
}

/**
 * moat_disk_close() - give the device back
 * @disk: the disk, open or not; no request uses it
 *
 * Context: process, may sleep; for as long as the device takes.
 */
void moat_disk_close(struct moat_disk *disk)
{
	might_sleep();
	if (!disk->bdev)
		return;
	destroy_workqueue(disk->blocking);
	moat_bdev_close(disk->opened, disk->readonly, disk_holder(disk));
	mutex_lock(&claims_lock);
	list_del(&disk->claim);
	memset(disk, 0, sizeof(*disk));
	mutex_unlock(&claims_lock);
}

/**
 * moat_disk_gone() - has its driver lost the device?
 * @disk: an open disk
 *
 * Every request fails from then on. Some drivers take the size away, too; but the
 * block layer's mark comes first.
 *
 * Context: any.
 */
bool moat_disk_gone(const struct moat_disk *disk)
{
	return test_bit(GD_DEAD, &disk->bdev->bd_disk->state) || !bdev_nr_sectors(disk->bdev);
}

static u64 disk_sectors(const struct moat_disk *disk)
{
	return moat_disk_gone(disk) ? 0 : bdev_nr_sectors(disk->bdev);
}

/**
 * moat_disk_changed() - is the device another than when last looked at?
 * @disk: an open disk
 *
 * In size, or in whether it can be written. Cheap enough for the data path: block
 * devices tell nobody when they grow.
 *
 * Context: any.
 */
bool moat_disk_changed(const struct moat_disk *disk)
{
	return disk_sectors(disk) != READ_ONCE(disk->seen_sectors) ||
	       bdev_read_only(disk->bdev) != READ_ONCE(disk->seen_readonly);
}

/**
 * moat_disk_refresh() - take up how the device is now
 * @disk: an open disk
 *
 * One that has become read-only fails writes from now on, which front ends are not
 * told: blkif has no words for it.
 *
 * A device without size has been lost, not resized: the offer stays, what fails
 * is not answered (kernel/back/job.c), and who watches over the domain hears of it.
 *
 * Context: process; serialised by the caller.
 * Return: whether there is a new size to announce.
 */
bool moat_disk_refresh(struct moat_disk *disk)
{
	bool readonly = bdev_read_only(disk->bdev);
	u64 sectors = disk_sectors(disk);

	WRITE_ONCE(disk->seen_readonly, readonly);
	WRITE_ONCE(disk->offer.readonly, disk->readonly || readonly);
	WRITE_ONCE(disk->seen_sectors, sectors);
	if (!sectors || sectors == disk->offer.capacity)
		return false;
	WRITE_ONCE(disk->offer.capacity, sectors);
	return true;
}
