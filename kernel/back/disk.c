// SPDX-License-Identifier: GPL-2.0
/*
 * The block device behind a disk, and what of it is offered.
 *
 * A poller serves many disks and must not block on one of them. Where the
 * device can, bios say REQ_NOWAIT; what would block, and all bios of a device
 * that cannot say so, are submitted by the disk's own workqueue.
 */
#include "disk.h"

#include <linux/blk-mq.h>
#include <linux/minmax.h>
#include <xen/interface/io/blkif.h>

#include "params.h"

/* Submitters that may block on one disk at a time. */
#define BLOCKING_WORKERS 4

/* Whoever holds a device exclusively: every disk of this module alike, so
 * that one device may be given to several front ends if the toolstack says so.
 */
static const char holder[] = "moat-back";

static fmode_t wish_fmode(const struct moat_disk_wish *wish)
{
	if (wish->readonly)
		return FMODE_READ;
	return FMODE_READ | FMODE_WRITE | (wish->shared ? 0 : FMODE_EXCL);
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
	offer->capacity = disk->seen_sectors;
	offer->block_size = bdev_logical_block_size(bdev);
	offer->max_indirect = disk_segs(bdev);
	offer->readonly = wish->readonly || bdev_read_only(bdev);
	offer->flush = bdev_write_cache(bdev);
	offer->barrier = offer->flush;
	offer->discard = wish->discard && !offer->readonly &&
			 bdev_max_discard_sectors(bdev);
	offer->secure_discard = offer->discard && bdev_max_secure_erase_sectors(bdev);
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

/**
 * moat_disk_open() - open the device and see what it can
 * @disk: a disk that is not open
 * @wish: what the toolstack asked for
 *
 * Context: process, may sleep.
 * Return: 0; -EMEDIUMTYPE if blocks are larger than blkif can say; -ENOMEDIUM
 * if the device is empty; or why it could not be opened.
 */
int moat_disk_open(struct moat_disk *disk, const struct moat_disk_wish *wish)
{
	struct block_device *bdev;
	int err;

	disk->fmode = wish_fmode(wish);
	bdev = blkdev_get_by_dev(wish->dev, disk->fmode, (void *)holder);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = -EMEDIUMTYPE;
	if (bdev_logical_block_size(bdev) > MOAT_WIRE_PAGE)
		goto err_put;
	err = -ENOMEDIUM;
	if (!bdev_nr_sectors(bdev))
		goto err_put;
	err = -ENOMEM;
	disk->blocking = alloc_workqueue("moat-back/%u:%u", WQ_UNBOUND | WQ_MEM_RECLAIM,
					 BLOCKING_WORKERS, MAJOR(wish->dev),
					 MINOR(wish->dev));
	if (!disk->blocking)
		goto err_put;
	disk->bdev = bdev;
	disk_probe_offer(disk, wish);
	disk_probe_submission(disk);
	return 0;

err_put:
	blkdev_put(bdev, disk->fmode);
	return err;
}

/**
 * moat_disk_close() - give the device back
 * @disk: the disk, open or not; no request uses it
 *
 * Context: process, may sleep.
 */
void moat_disk_close(struct moat_disk *disk)
{
	if (!disk->bdev)
		return;
	destroy_workqueue(disk->blocking);
	blkdev_put(disk->bdev, disk->fmode);
	memset(disk, 0, sizeof(*disk));
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
 * moat_disk_changed() - has the device another size than when last looked at?
 * @disk: an open disk
 *
 * Cheap enough for the data path: block devices tell nobody when they grow.
 *
 * Context: any.
 */
bool moat_disk_changed(const struct moat_disk *disk)
{
	return disk_sectors(disk) != READ_ONCE(disk->seen_sectors);
}

/**
 * moat_disk_resize() - take up the device's present size
 * @disk: an open disk
 *
 * A device without size has been lost, not resized: the offer stays, what fails
 * is not answered (kernel/back/job.c), and who watches over the domain hears of it.
 *
 * Context: process; serialised by the caller.
 * Return: whether there is a new size to announce.
 */
bool moat_disk_resize(struct moat_disk *disk)
{
	u64 sectors = disk_sectors(disk);

	WRITE_ONCE(disk->seen_sectors, sectors);
	if (!sectors || sectors == disk->offer.capacity)
		return false;
	WRITE_ONCE(disk->offer.capacity, sectors);
	return true;
}
