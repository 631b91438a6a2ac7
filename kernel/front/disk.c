// SPDX-License-Identifier: GPL-2.0
/*
 * A disk: what stays while back ends come and go. Here is what is known of it and
 * asked by all: whether there is anybody who answers, whether requests may come.
 *
 * It is created when xenbus shows the device (life.c), gets its queues (rings.c) and
 * its gendisk (gendisk.c) when the first back end connects, and from then on keeps
 * its tags, settings and open files whatever happens to the connection. While there
 * is none the request queue is quiesced: new requests wait in the block layer, and
 * those that were in flight wait in a list, to be issued again.
 *
 * Nothing here calls who stands above: they are woken by their works.
 */
#include "disk.h"

#include <linux/blkdev.h>
#include <linux/ratelimit.h>

#include "kernel/compat/disk.h"

#include "params.h"
#include "traffic.h"

/* ---- settings ---- */

/**
 * moat_disk_limit_age() - tell the block layer how old a request may become
 * @disk: the disk, with its gendisk
 *
 * Context: any.
 */
void moat_disk_limit_age(struct moat_disk *disk)
{
	u32 seconds = READ_ONCE(disk->tune.stall_s);

	blk_queue_rq_timeout(disk->gd->queue, seconds ? seconds * HZ : MOAT_DISK_TIMEOUT);
}

/**
 * moat_disk_stall_ns() - for how long may a ring stand still?
 * @disk: the disk
 *
 * Context: any.
 * Return: a time in nanoseconds, also where nothing is to be told.
 */
u64 moat_disk_stall_ns(const struct moat_disk *disk)
{
	u64 seconds = READ_ONCE(disk->tune.stall_s) ?: MOAT_DISK_TIMEOUT / HZ;

	return seconds * NSEC_PER_SEC;
}

static void disk_changed(struct device *dev)
{
	struct moat_disk *disk = dev_get_drvdata(dev);
	unsigned int i;

	mutex_lock(&disk->lock);
	if (disk->gd)
		moat_disk_limit_age(disk);
	moat_retained_budget(&disk->retained);
	for (i = 0; disk->link == MOAT_LINK_UP && i < disk->nr_rings; i++)
		moat_traffic_retune(&disk->queue[i]);
	if (disk->link == MOAT_LINK_UP && disk->persistent &&
	    disk->tune.data_path == MOAT_PATH_GRANT)
		dev_info(dev, "this back end keeps grants: data path grant begins with the next\n");
	mutex_unlock(&disk->lock);
}

const struct moat_sysfs_ops moat_disk_sysfs_ops = {
	.data_paths = moat_path_names,
	.recovers = true,
	.changed = disk_changed,
};

/* ---- memory ---- */

/**
 * moat_disk_divide() - use the disk's share of pages and grants
 * @disk: the disk
 *
 * To be called when the share has changed, or who needs what of it. Half of it is
 * room for writes that are not flushed. Where reads have pages of their own they
 * get a quarter.
 *
 * Context: any.
 */
void moat_disk_divide(struct moat_disk *disk)
{
	unsigned int pages = READ_ONCE(disk->share.pages);
	unsigned int reads = disk->readonly ? pages / 4 : pages;
	unsigned int writes = disk->readonly ? pages - reads : pages;
	u64 wanted = (u64)READ_ONCE(disk->tune.retain_kib) << 10;

	moat_purse_limit(&disk->purse[MOAT_POOL_READ], reads);
	moat_purse_limit(&disk->purse[MOAT_POOL_WRITE], writes);
	WRITE_ONCE(disk->retained.most, (u64)pages / 2 << PAGE_SHIFT);
	moat_retained_budget(&disk->retained);
	if (wanted <= disk->retained.most || disk->short_told)
		return;
	disk->short_told = true;
	dev_info(&disk->xdev->dev,
		 "%s: its share is %u pages and grants: keeps %llu KiB unflushed, not %llu\n",
		 disk->name, pages, disk->retained.most >> 10, wanted >> 10);
}

/* ---- quiescing ---- */

/* The block layer counts how often a queue is quiesced, so that it is done once
 * only and the note of it are one. Context: any.
 */
static void disk_quiesce(struct moat_disk *disk)
{
	unsigned long irq;

	spin_lock_irqsave(&disk->quiesce_lock, irq);
	if (!disk->quiesced)
		blk_mq_quiesce_queue_nowait(disk->gd->queue);
	disk->quiesced = true;
	spin_unlock_irqrestore(&disk->quiesce_lock, irq);
}

/**
 * moat_disk_quiesce() - let no request come to the driver, and wait for those
 * that are just coming
 * @disk: the disk
 *
 * Context: process, may sleep.
 */
void moat_disk_quiesce(struct moat_disk *disk)
{
	might_sleep();
	if (!disk->gd)
		return;
	disk_quiesce(disk);
	moat_gendisk_quiesce_wait(disk->gd);
}

/**
 * moat_disk_unquiesce() - let requests come again
 * @disk: the disk
 *
 * Not if it has been broken meanwhile, unless it is dead: then they fail.
 *
 * Context: any.
 */
void moat_disk_unquiesce(struct moat_disk *disk)
{
	unsigned long irq;

	if (!disk->gd)
		return;
	spin_lock_irqsave(&disk->quiesce_lock, irq);
	if (disk->quiesced && !test_bit(MOAT_DISK_BROKEN, &disk->flags)) {
		disk->quiesced = false;
		blk_mq_unquiesce_queue(disk->gd->queue);
	}
	spin_unlock_irqrestore(&disk->quiesce_lock, irq);
}

/**
 * moat_disk_wake() - have the replay work look after the disk
 * @disk: the disk
 *
 * Context: any.
 */
void moat_disk_wake(struct moat_disk *disk)
{
	mod_delayed_work(moat_front_wq, &disk->replay, 0);
}

/* ---- no back end ---- */

/**
 * moat_disk_lose() - there is no back end, for now
 * @disk: the disk
 *
 * From here on runs the time after which all I/O fails. One that runs already
 * is not prolonged: what counts is how long the application waits.
 *
 * Context: any.
 */
void moat_disk_lose(struct moat_disk *disk)
{
	unsigned long seconds = READ_ONCE(disk->tune.give_up_s);

	if (seconds && READ_ONCE(disk->shown) && !READ_ONCE(disk->parted) &&
	    !test_bit(MOAT_DISK_DEAD, &disk->flags))
		queue_delayed_work(moat_front_wq, &disk->give_up, seconds * HZ);
}

/**
 * moat_disk_vanish() - nobody seems to be there to answer
 * @disk: the disk
 *
 * The back end's directory has gone, or the ring stands still. It may be wrong:
 * an answer ends it.
 *
 * Context: any.
 */
void moat_disk_vanish(struct moat_disk *disk)
{
	unsigned int i;

	set_bit(MOAT_DISK_LOST, &disk->flags);
	for (i = 0; READ_ONCE(disk->shown) && i < disk->nr_rings; i++)
		moat_traffic_silence(&disk->queue[i]);
	moat_disk_lose(disk);
}

/**
 * moat_disk_lost() - is there nobody who answers?
 * @disk: the disk
 *
 * Context: process; the disk's lock held.
 */
bool moat_disk_lost(struct moat_disk *disk)
{
	u64 limit = moat_disk_stall_ns(disk);
	unsigned int i;

	lockdep_assert_held(&disk->lock);
	if (disk->link != MOAT_LINK_UP || !moat_disk_answered(disk) ||
	    moat_plan_phase(&disk->plan) != MOAT_REPLAY_LIVE)
		return true;
	/* Of several rings another one's answer says nothing of this one. */
	for (i = 0; i < disk->nr_rings; i++)
		if (moat_queue_stands(&disk->queue[i], limit))
			return true;
	return false;
}

/**
 * moat_disk_find() - if somebody answers, do not give up
 * @disk: the disk
 *
 * Context: process; the disk's lock held.
 */
void moat_disk_find(struct moat_disk *disk)
{
	lockdep_assert_held(&disk->lock);
	if (!moat_disk_lost(disk))
		cancel_delayed_work(&disk->give_up);
}

/**
 * moat_disk_appear() - the back end is there, as xenstore has it
 * @disk: the disk
 *
 * Context: process; the disk's lock held.
 */
void moat_disk_appear(struct moat_disk *disk)
{
	lockdep_assert_held(&disk->lock);
	if (!test_and_clear_bit(MOAT_DISK_LOST, &disk->flags))
		return;
	if (moat_disk_lost(disk))
		set_bit(MOAT_DISK_LOST, &disk->flags);
	else
		cancel_delayed_work(&disk->give_up);
}

/**
 * moat_disk_break() - nothing is to be had from this connection any more
 * @disk: the disk
 * @trouble: MOAT_TROUBLE_*
 * @why: what the back end did, for the log; behind "back end in domain N"
 *
 * The disk is quiesced from here on; its requests wait for another connection, or
 * for the end of the disk.
 *
 * Context: any.
 */
void moat_disk_break(struct moat_disk *disk, const char *trouble, const char *why)
{
	if (test_bit(MOAT_DISK_BROKEN, &disk->flags))
		return;
	/* Two that find it broken at once have equally good reasons. */
	disk->trouble = (struct moat_trouble) { trouble, why };
	if (test_and_set_bit(MOAT_DISK_BROKEN, &disk->flags))
		return;
	dev_err_ratelimited(&disk->xdev->dev,
			    "%s: back end in domain %d %s: connection stopped\n",
			    disk->name, disk->xdev->otherend_id, why);
	disk_quiesce(disk);
	moat_disk_lose(disk);
	moat_disk_wake(disk);
}

/**
 * moat_disk_stall() - a request is old, and its ring has stood still
 * @disk: the disk
 *
 * That is a suspicion and no more: the device may be slow. Who watches over
 * the storage domain knows how it is. If nobody does, or nobody can help, the
 * time of giving up runs all the same.
 *
 * Context: any.
 */
void moat_disk_stall(struct moat_disk *disk)
{
	moat_disk_vanish(disk);
	if (!READ_ONCE(disk->tune.stall_s) ||
	    test_and_set_bit(MOAT_DISK_STALLED, &disk->flags))
		return;
	dev_warn_ratelimited(&disk->xdev->dev, "%s: no answer from domain %d for %u s\n",
			     disk->name, disk->xdev->otherend_id,
			     READ_ONCE(disk->tune.stall_s));
	moat_disk_wake(disk);
}

/**
 * moat_disk_busy() - is anything in flight?
 * @disk: the disk, quiesced, so that nothing is added
 *
 * Context: process; the disk's lock held.
 */
bool moat_disk_busy(struct moat_disk *disk)
{
	bool busy = false;
	unsigned int i;

	lockdep_assert_held(&disk->lock);
	for (i = 0; i < disk->nr_rings; i++)
		busy |= moat_queue_busy(&disk->queue[i]);
	return busy;
}

/**
 * moat_disk_reap() - free what need not be retained any more
 * @disk: the disk
 *
 * Context: any; no lock of a queue held.
 */
void moat_disk_reap(struct moat_disk *disk)
{
	/* Who found no room may find it now. */
	if (moat_retained_reap(&disk->retained))
		blk_mq_run_hw_queues(disk->gd->queue, true);
}

static void disk_ring_broken(struct moat_queue *q, const char *why)
{
	moat_disk_break(q->disk, MOAT_TROUBLE_PROTOCOL, why);
}

/* Who waits for the ring to move, or to be empty, hears of it. */
static void disk_ring_moved(struct moat_queue *q)
{
	struct moat_disk *disk = q->disk;

	q->tell = test_bit(MOAT_DISK_HOLDING, &disk->flags);
	clear_bit(MOAT_DISK_STALLED, &disk->flags);
	if (test_and_clear_bit(MOAT_DISK_LOST, &disk->flags) || !q->inflight.count)
		moat_disk_wake(disk);
}

const struct moat_queue_ops moat_disk_queue_ops = {
	.broken = disk_ring_broken,
	.moved = disk_ring_moved,
};
