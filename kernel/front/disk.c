// SPDX-License-Identifier: GPL-2.0
/*
 * A disk: what stays while back ends come and go.
 *
 * It is created when xenbus shows the device, gets its queues and its gendisk
 * when the first back end connects, and from then on keeps its tags, settings
 * and open files whatever happens to the connection. While there is none the
 * request queue is quiesced: new requests wait in the block layer, and those that
 * were in flight wait in a list, to be issued again.
 */
#include "disk.h"

#include <linux/blkdev.h>
#include <linux/hdreg.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "conn.h"
#include "life.h"
#include "mq.h"
#include "own.h"
#include "params.h"
#include "replay.h"
#include "report.h"
#include "request.h"
#include "rings.h"
#include "traffic.h"

/* How old a request becomes before blk-mq has us look after it, where no
 * stall is to be reported.
 */
#define DISK_TIMEOUT (30 * HZ)

/* ---- what users of the block device see ---- */

static int disk_open(struct block_device *bdev, fmode_t mode)
{
	struct moat_disk *disk = bdev->bd_disk->private_data;

	return test_bit(MOAT_DISK_GONE, &disk->flags) ? -ENXIO : 0;
}

static void disk_last_close(struct gendisk *gd, fmode_t mode)
{
	struct moat_disk *disk = gd->private_data;

	if (disk_openers(gd) || !test_bit(MOAT_DISK_CLOSING, &disk->flags))
		return;
	if (!test_bit(MOAT_DISK_GONE, &disk->flags))
		queue_work(moat_front_life_wq, &disk->life);
}

/* For old partitioning tools; any geometry that covers the disk will do. */
static int disk_getgeo(struct block_device *bdev, struct hd_geometry *geo)
{
	geo->heads = 255;
	geo->sectors = 63;
	geo->cylinders = div_u64(bdev_nr_sectors(bdev), 255 * 63);
	return 0;
}

static void disk_free(struct moat_disk *disk)
{
	unsigned int i;

	for (i = 0; disk->queue && i < disk->nr_queues; i++)
		moat_queue_deinit(&disk->queue[i]);
	moat_own_destroy(disk);
	kvfree(disk->queue);
	kfree(disk->peer);
	kfree(disk);
}

static void disk_freed(struct gendisk *gd)
{
	disk_free(gd->private_data);
}

static const struct block_device_operations disk_ops = {
	.owner = THIS_MODULE,
	.open = disk_open,
	.release = disk_last_close,
	.getgeo = disk_getgeo,
	.free_disk = disk_freed,
};

/* ---- settings ---- */

static void disk_limit_age(struct moat_disk *disk)
{
	u32 seconds = READ_ONCE(disk->tune.stall_s);

	blk_queue_rq_timeout(disk->gd->queue, seconds ? seconds * HZ : DISK_TIMEOUT);
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
	u64 seconds = READ_ONCE(disk->tune.stall_s) ?: DISK_TIMEOUT / HZ;

	return seconds * NSEC_PER_SEC;
}

static void disk_changed(struct device *dev)
{
	struct moat_disk *disk = dev_get_drvdata(dev);
	unsigned int i;

	mutex_lock(&disk->lock);
	if (disk->gd)
		disk_limit_age(disk);
	moat_retained_budget(&disk->retained);
	for (i = 0; disk->link == MOAT_LINK_UP && i < disk->nr_rings; i++)
		moat_traffic_retune(&disk->queue[i]);
	if (disk->link == MOAT_LINK_UP && disk->persistent &&
	    disk->tune.data_path == MOAT_PATH_GRANT)
		dev_info(dev, "this back end keeps grants: data path grant begins with the next\n");
	mutex_unlock(&disk->lock);
}

static const struct moat_sysfs_ops disk_sysfs_ops = {
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

static void disk_share_changed(struct moat_share *share)
{
	moat_disk_divide(container_of(share, struct moat_disk, share));
}

/* ---- create and destroy ---- */

/* All disks. Several numbers can mean one name: hda, sda and xvda. */
static LIST_HEAD(disks);
static DEFINE_MUTEX(disks_lock);

/* Take the name, if nobody has it. */
static int disk_claim(struct moat_disk *disk)
{
	const struct moat_disk *other;

	mutex_lock(&disks_lock);
	list_for_each_entry(other, &disks, named)
		if (!strcmp(other->name, disk->name))
			break;
	if (list_entry_is_head(other, &disks, named)) {
		list_add(&disk->named, &disks);
		other = NULL;
	}
	mutex_unlock(&disks_lock);
	if (!other)
		return 0;
	xenbus_dev_fatal(disk->xdev, -EEXIST,
			 "there is a %s already: another number that means the same",
			 disk->name);
	return -EEXIST;
}

static void disk_unclaim(struct moat_disk *disk)
{
	mutex_lock(&disks_lock);
	list_del(&disk->named);
	mutex_unlock(&disks_lock);
}

static int disk_identify(struct moat_disk *disk)
{
	const char *node = disk->xdev->nodename;
	unsigned int number;
	int err;

	err = xenbus_scanf(XBT_NIL, node, "virtual-device", "%u", &number);
	if (err != 1)
		err = xenbus_scanf(XBT_NIL, node, "virtual-device-ext", "%u", &number);
	if (err != 1)
		return err < 0 ? err : -EINVAL;
	err = moat_vdev_parse(number, &disk->vdev);
	if (err)
		return err;
	moat_vdev_name(&disk->vdev, disk->name);
	disk->handle = number;
	return 0;
}

/**
 * moat_disk_create() - a disk without a back end
 * @xdev: its xenbus device
 *
 * Context: process, may sleep.
 * Return: the disk, or an ERR_PTR(), the reason having been reported.
 */
struct moat_disk *moat_disk_create(struct xenbus_device *xdev)
{
	struct moat_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!disk)
		return ERR_PTR(-ENOMEM);
	disk->xdev = xdev;
	moat_params_tune(&disk->tune);
	mutex_init(&disk->lock);
	spin_lock_init(&disk->quiesce_lock);
	INIT_LIST_HEAD(&disk->waiting);
	bio_list_init(&disk->split);
	INIT_DELAYED_WORK(&disk->replay, moat_replay_run);
	INIT_WORK(&disk->life, moat_life_run);
	INIT_DELAYED_WORK(&disk->give_up, moat_life_give_up);
	moat_plan_init(&disk->plan);
	moat_retained_init(&disk->retained, &disk->tune);
	moat_conn_init(disk);
	moat_report_init(disk);
	err = disk_identify(disk);
	if (err) {
		xenbus_dev_fatal(xdev, err, "reading virtual-device");
		goto err_free;
	}
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_purse_init(&disk->purse[i]);
	err = disk_claim(disk);
	if (err)
		goto err_free;
	moat_share_join(&disk->share, disk_share_changed);
	dev_set_drvdata(&xdev->dev, disk);
	disk->sysfs = moat_sysfs_create(&xdev->dev, &disk->tune, &disk_sysfs_ops);
	if (IS_ERR(disk->sysfs)) {
		err = PTR_ERR(disk->sysfs);
		xenbus_dev_fatal(xdev, err, "creating sysfs files");
		goto err_share;
	}
	return disk;

err_share:
	moat_share_leave(&disk->share);
	disk_unclaim(disk);
err_free:
	dev_set_drvdata(&xdev->dev, NULL);
	kfree(disk);
	return ERR_PTR(err);
}

/**
 * moat_disk_destroy() - let go of a disk
 * @disk: the disk, killed, its gendisk deleted if it was added, no work left
 *
 * Its memory stays for those who still have it open.
 *
 * Context: process, may sleep.
 */
void moat_disk_destroy(struct moat_disk *disk)
{
	unsigned int i;

	moat_sysfs_destroy(disk->sysfs);
	disk_unclaim(disk);
	moat_share_leave(&disk->share);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_purse_deinit(&disk->purse[i]);
	dev_set_drvdata(&disk->xdev->dev, NULL);
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
	disk_free(disk);
}

/* ---- the block layer's view ---- */

static int disk_alloc_tags(struct moat_disk *disk)
{
	struct blk_mq_tag_set *set = &disk->tags;

	set->ops = &moat_mq_ops;
	set->nr_hw_queues = disk->nr_queues;
	set->nr_maps = disk->nr_polled ? HCTX_MAX_TYPES : 1;
	set->queue_depth = disk->depth;
	set->numa_node = NUMA_NO_NODE;
	set->cmd_size = struct_size((struct moat_rq *)NULL, io.piece, disk->room);
	/* The storage domain has the device, and the scheduler for it. */
	set->flags = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	set->timeout = DISK_TIMEOUT;
	set->driver_data = disk;
	return blk_mq_alloc_tag_set(set);
}

/**
 * moat_disk_build() - make tags and gendisk
 * @disk: the disk, with queues but without these
 * @t: what the first back end announced
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno.
 */
int moat_disk_build(struct moat_disk *disk, const struct moat_traits *t)
{
	struct gendisk *gd;
	int err;

	disk->room = t->max_segs;
	err = moat_own_create(disk);
	if (!err)
		err = disk_alloc_tags(disk);
	if (err)
		return err;
	gd = blk_mq_alloc_disk(&disk->tags, disk);
	if (IS_ERR(gd)) {
		blk_mq_free_tag_set(&disk->tags);
		return PTR_ERR(gd);
	}
	strscpy(gd->disk_name, disk->name, sizeof(gd->disk_name));
	gd->fops = &disk_ops;
	gd->private_data = disk;
	/* Major 0: a number of the block layer's own choice, so that the
	 * kernel's own driver can be loaded beside this one.
	 */
	if (disk->vdev.part)
		gd->flags |= GENHD_FL_NO_PART;
	if (t->removable)
		gd->flags |= GENHD_FL_REMOVABLE;
	blk_queue_flag_set(QUEUE_FLAG_NONROT, gd->queue);
	set_capacity(gd, t->capacity);
	disk->gd = gd;
	disk_limit_age(disk);
	return 0;
}

/**
 * moat_disk_mismatch() - can a disk go on as what a back end announces?
 * @disk: the disk
 * @t: the announcement
 * @identity: which hardware it says it is, or ""
 *
 * Context: process; the disk's lock held.
 * Return: NULL, or why not.
 */
const char *moat_disk_mismatch(const struct moat_disk *disk, const struct moat_traits *t,
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
	if (t->capacity < get_capacity(disk->gd))
		return "it is smaller";
	if (t->readonly && !disk->traits.readonly)
		return "it cannot be written any more";
	return NULL;
}

/**
 * moat_disk_adopt() - go on with what a back end announced
 * @disk: the disk, built
 * @t: the announcement, which moat_disk_mismatch() has found nothing against
 * @identity: which hardware it says it is, or ""
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_disk_adopt(struct moat_disk *disk, const struct moat_traits *t,
		     const char *identity)
{
	lockdep_assert_held(&disk->lock);
	/* It is what it was at first. One that told nothing then cannot be made another
	 * by a later back end's word, to be refused from its good successors.
	 */
	if (!disk->traits.block_size)
		strscpy(disk->identity, identity, sizeof(disk->identity));
	disk->traits = *t;
	disk->retained.cached = t->flush != MOAT_FLUSH_NONE;
	disk->max_segs = min(t->max_segs, disk->room);
	moat_limits_set(&disk->limits, disk->gd, t, disk->max_segs);
	if (disk->added)
		set_capacity_and_notify(disk->gd, t->capacity);
	else
		set_capacity(disk->gd, t->capacity);
}

/**
 * moat_disk_add() - show the disk to the world
 * @disk: the disk, connected
 *
 * Reads the partition table.
 *
 * Context: the life work; may wait for I/O.
 * Return: 0 or a negative errno.
 */
int moat_disk_add(struct moat_disk *disk)
{
	const struct moat_traits *t = &disk->traits;
	int err;

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
 * moat_disk_try_gone() - if nobody has it open, let nobody open it any more
 * @disk: the disk
 *
 * Context: process, may sleep.
 * Return: whether the caller may, and has to, delete the gendisk.
 */
bool moat_disk_try_gone(struct moat_disk *disk)
{
	bool gone = false;

	/* Openers are counted and let in under this mutex. */
	mutex_lock(&disk->gd->open_mutex);
	if (!disk_openers(disk->gd))
		gone = !test_and_set_bit(MOAT_DISK_GONE, &disk->flags);
	mutex_unlock(&disk->gd->open_mutex);
	return gone;
}

/**
 * moat_disk_resize() - the back end announces another size
 * @disk: the disk, connected
 * @capacity: in units of 512 bytes, not 0
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_disk_resize(struct moat_disk *disk, u64 capacity)
{
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
	blk_mq_wait_quiesce_done(disk->gd->queue);
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

/**
 * moat_disk_kill() - there will be no back end any more: fail all I/O
 * @disk: the disk
 *
 * Idempotent. moat_disk_mark_dead() is due when the lock has been dropped.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_disk_kill(struct moat_disk *disk)
{
	struct moat_io *io, *next;
	struct bio *bio;

	lockdep_assert_held(&disk->lock);
	set_bit(MOAT_DISK_DEAD, &disk->flags);
	moat_disk_quiesce(disk);
	disk->link = MOAT_LINK_CLOSED;
	moat_rings_close(disk);
	list_for_each_entry_safe(io, next, &disk->waiting, link) {
		list_del_init(&io->link);
		moat_rq_fail(io->rq);
	}
	while ((bio = bio_list_pop(&disk->split)))
		bio_io_error(bio);
	moat_retained_drop(&disk->retained);
	moat_retained_reap(&disk->retained);
	moat_disk_unquiesce(disk);
	moat_report_update(disk);
}

/**
 * moat_disk_mark_dead() - tell those who have it open
 * @disk: the disk, killed
 *
 * They may want to write back what is dirty: that must be able to fail by then.
 *
 * Context: process, may sleep; the disk's lock not held.
 */
void moat_disk_mark_dead(struct moat_disk *disk)
{
	might_sleep();
	if (disk->added && !test_bit(MOAT_DISK_GONE, &disk->flags))
		blk_mark_disk_dead(disk->gd);
}
