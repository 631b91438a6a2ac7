// SPDX-License-Identifier: GPL-2.0
/*
 * A disk's coming and going, as its users see it.
 *
 * Adding a disk reads its partition table, deleting one writes back what is
 * dirty: both wait for the back end, which may never answer. So they are done
 * in a work of their own, never in xenbus's thread, which the whole domain
 * needs.
 *
 * A back end that asks to close is obeyed when the last user has closed the
 * disk. Until then the users wait, if need be for another back end: one that
 * breaks the protocol and then closes must not be able to fail their I/O. Who
 * wants the disk gone all the same removes it by force.
 */
#include "life.h"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "kernel/common/lookup.h"
#include "kernel/common/transact.h"

#include "conn.h"
#include "disk.h"
#include "gendisk.h"
#include "name.h"
#include "params.h"
#include "peer.h"
#include "replay.h"
#include "report.h"
#include "request.h"
#include "rings.h"

/* How long a back end may take to let go of the rings. */
#define LIFE_PART_TIMEOUT (5 * HZ)
/* When to look again at what could not be known for want of memory. */
#define LIFE_RETRY (HZ / 50 ?: 1)

/* Can I/O come to an end? */
static bool life_serving(struct moat_disk *disk)
{
	lockdep_assert_held(&disk->lock);
	return disk->link == MOAT_LINK_UP &&
	       !test_bit(MOAT_DISK_BROKEN, &disk->flags);
}

/* There will be no back end any more: fail all I/O. Idempotent.
 * moat_gendisk_mark_dead() is due when the lock has been dropped.
 */
static void life_fail(struct moat_disk *disk)
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

/* Fail all I/O, now and for good. */
static void life_kill(struct moat_disk *disk)
{
	mutex_lock(&disk->lock);
	life_fail(disk);
	mutex_unlock(&disk->lock);
	moat_gendisk_mark_dead(disk);
}

/* The same, unless the back end still serves. Return: whether it does. */
static bool life_kill_unserved(struct moat_disk *disk)
{
	bool serving;

	mutex_lock(&disk->lock);
	serving = life_serving(disk);
	if (!serving)
		life_fail(disk);
	mutex_unlock(&disk->lock);
	if (!serving)
		moat_gendisk_mark_dead(disk);
	return serving;
}

static void life_add(struct moat_disk *disk)
{
	bool add;
	int err;

	mutex_lock(&disk->lock);
	add = disk->link == MOAT_LINK_UP && !disk->added &&
	      !test_bit(MOAT_DISK_DEAD, &disk->flags);
	mutex_unlock(&disk->lock);
	if (!add)
		return;
	err = moat_gendisk_add(disk);
	if (!err)
		return;
	/* It cannot be added a second time. */
	xenbus_dev_error(disk->xdev, err, "adding disk %s", disk->name);
	set_bit(MOAT_DISK_CLOSING, &disk->flags);
	life_kill(disk);
}

/* Bios of requests that were too large for this connection. */
static void life_resubmit(struct moat_disk *disk)
{
	struct bio_list split;
	struct bio *bio;

	mutex_lock(&disk->lock);
	split = disk->split;
	bio_list_init(&disk->split);
	mutex_unlock(&disk->lock);
	while ((bio = bio_list_pop(&split))) {
		/* Who did not want to wait has waited; and it may be cut, so that
		 * nobody can poll for it.
		 */
		bio->bi_opf &= ~REQ_NOWAIT;
		bio_clear_polled(bio);
		submit_bio_noacct(bio);
	}
}

/* The back end has asked to close: do so once nobody uses the disk. */
static void life_close(struct moat_disk *disk)
{
	if (disk->added && !moat_gendisk_try_gone(disk))
		return;
	/* What is dirty can be written only to one that serves. */
	life_kill_unserved(disk);
	if (disk->added)
		del_gendisk(disk->gd);
	mutex_lock(&disk->lock);
	moat_disk_quiesce(disk);
	disk->link = MOAT_LINK_CLOSED;
	disk->parted = true;
	mutex_unlock(&disk->lock);
	moat_conn_wake(disk);
}

/* The work that adds and closes the disk; may wait for I/O. */
static void life_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(work, struct moat_disk, life);
	unsigned int noio;

	noio = memalloc_noio_save();
	/* Who takes the disk away may be waiting for them. */
	life_resubmit(disk);
	if (test_bit(MOAT_DISK_GONE, &disk->flags))
		goto out;
	life_add(disk);
	if (test_bit(MOAT_DISK_CLOSING, &disk->flags))
		life_close(disk);
out:
	memalloc_noio_restore(noio);
}

/*
 * No back end has come within the limit. An error is better than to wait for ever.
 * The disk does not come back: what was acknowledged and not flushed may be lost,
 * which its users must hear.
 */
static void life_give_up(struct work_struct *work)
{
	struct moat_disk *disk = container_of(to_delayed_work(work), struct moat_disk,
					      give_up);

	bool lost;

	mutex_lock(&disk->lock);
	lost = moat_disk_lost(disk);
	if (lost) {
		dev_err(&disk->xdev->dev,
			"%s: no back end for %u s: all I/O fails from now on\n",
			disk->name, READ_ONCE(disk->tune.give_up_s));
		life_fail(disk);
	}
	mutex_unlock(&disk->lock);
	if (lost)
		moat_gendisk_mark_dead(disk);
}

/* The state that a device shows, once there is memory to learn it. */
static enum xenbus_state life_state(const char *dir)
{
	enum xenbus_state state;

	might_sleep();
	while (moat_lookup_state(dir, &state))
		schedule_timeout_uninterruptible(LIFE_RETRY);
	return state;
}

/* Does the back end still have the rings? */
static bool life_attached(struct moat_disk *disk)
{
	if (!disk->xdev->otherend)
		return false;
	switch (life_state(disk->xdev->otherend)) {
	case XenbusStateConnected:
	case XenbusStateClosing:
		return true;
	default:
		return false;
	}
}

/* Waits for the back end to let go; the driver's own watch is gone by then. */
struct parting {
	struct xenbus_watch watch;
	struct moat_disk *disk;
	struct completion gone;
};

static void parting_changed(struct xenbus_watch *watch, const char *path,
			    const char *token)
{
	struct parting *part = container_of(watch, struct parting, watch);

	if (!life_attached(part->disk))
		complete_all(&part->gone);
}

/* Take leave of the back end: rings are freed when it does not map them. */
static void life_part(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;
	struct parting part = { .disk = disk };

	init_completion(&part.gone);
	/* Where it cannot be said the back end is not waited for. */
	if (moat_transact_state(xdev, XenbusStateClosed))
		return;
	if (xenbus_watch_pathfmt(xdev, &part.watch, NULL, parting_changed,
				 "%s/%s", xdev->otherend, "state"))
		return;
	if (!wait_for_completion_timeout(&part.gone, LIFE_PART_TIMEOUT))
		dev_warn(&xdev->dev, "%s: the back end does not close\n", disk->name);
	unregister_xenbus_watch(&part.watch);
	kfree(part.watch.node);
}

/* ---- begin and end ---- */

static void life_share_changed(struct moat_share *share)
{
	moat_disk_divide(container_of(share, struct moat_disk, share));
}

/**
 * moat_life_begin() - a disk without a back end
 * @xdev: its xenbus device
 *
 * Context: process, may sleep.
 * Return: the disk, or an ERR_PTR(), the reason having been reported.
 */
struct moat_disk *moat_life_begin(struct xenbus_device *xdev)
{
	struct moat_disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!disk) {
		xenbus_dev_fatal(xdev, -ENOMEM, "no memory for the disk");
		return ERR_PTR(-ENOMEM);
	}
	disk->xdev = xdev;
	moat_params_tune(&disk->tune);
	mutex_init(&disk->lock);
	spin_lock_init(&disk->quiesce_lock);
	INIT_LIST_HEAD(&disk->waiting);
	bio_list_init(&disk->split);
	INIT_DELAYED_WORK(&disk->replay, moat_replay_run);
	INIT_WORK(&disk->life, life_run);
	INIT_DELAYED_WORK(&disk->give_up, life_give_up);
	moat_plan_init(&disk->plan);
	moat_retained_init(&disk->retained, &disk->tune);
	moat_conn_init(disk);
	moat_report_init(disk);
	err = moat_name_read(disk);
	if (err) {
		xenbus_dev_fatal(xdev, err, "reading virtual-device");
		goto err_free;
	}
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_purse_init(&disk->purse[i]);
	moat_share_join(&disk->share, life_share_changed);
	dev_set_drvdata(&xdev->dev, disk);
	disk->sysfs = moat_sysfs_create(&xdev->dev, &disk->tune, &moat_disk_sysfs_ops);
	if (IS_ERR(disk->sysfs)) {
		err = PTR_ERR(disk->sysfs);
		xenbus_dev_fatal(xdev, err, "creating sysfs files");
		goto err_share;
	}
	return disk;

err_share:
	moat_share_leave(&disk->share);
err_free:
	dev_set_drvdata(&xdev->dev, NULL);
	kfree(disk);
	return ERR_PTR(err);
}

/* Let go of a disk whose life has ended. */
static void life_destroy(struct moat_disk *disk)
{
	unsigned int i;

	moat_peer_forget(disk);
	moat_sysfs_destroy(disk->sysfs);
	moat_name_release(disk);
	moat_share_leave(&disk->share);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_purse_deinit(&disk->purse[i]);
	dev_set_drvdata(&disk->xdev->dev, NULL);
	moat_gendisk_destroy(disk);
}

/**
 * moat_life_end() - the device goes, or the driver: end the disk's life
 * @disk: the disk; xenbus does not call for it any more, nor may anybody else
 *
 * A back end that still serves gets what is dirty; else all I/O fails. Memory stays
 * for those who still have it open.
 *
 * Context: process; waits, for a back end that serves and nothing else. Not
 * xenbus's thread then: what that removes has no state in xenstore any more.
 */
void moat_life_end(struct moat_disk *disk)
{
	bool serving = life_attached(disk) &&
		       life_state(disk->xdev->nodename) != XenbusStateUnknown;

	might_sleep();
	if (serving)
		serving = life_kill_unserved(disk);
	else
		life_kill(disk);

	cancel_work_sync(&disk->life);
	if (disk->added && !test_and_set_bit(MOAT_DISK_GONE, &disk->flags))
		del_gendisk(disk->gd);
	mutex_lock(&disk->lock);
	disk->parted = true;
	mutex_unlock(&disk->lock);
	moat_report_stop(disk);
	if (serving)
		life_part(disk);
	life_kill(disk);
	/* A last close, or an answer, may have queued them once more. */
	set_bit(MOAT_DISK_GONE, &disk->flags);
	cancel_work_sync(&disk->life);
	moat_conn_stop(disk);
	cancel_delayed_work_sync(&disk->replay);
	cancel_delayed_work_sync(&disk->give_up);
	life_destroy(disk);
}
