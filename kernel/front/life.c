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

#include "kernel/common/transact.h"

#include "conn.h"
#include "disk.h"
#include "report.h"

/* How long a back end may take to let go of the rings. */
#define LIFE_PART_TIMEOUT (5 * HZ)

/* Can I/O come to an end? */
static bool life_serving(struct moat_disk *disk)
{
	lockdep_assert_held(&disk->lock);
	return disk->link == MOAT_LINK_UP &&
	       !test_bit(MOAT_DISK_BROKEN, &disk->flags);
}

/* Fail all I/O, now and for good. */
static void life_kill(struct moat_disk *disk)
{
	mutex_lock(&disk->lock);
	moat_disk_kill(disk);
	mutex_unlock(&disk->lock);
	moat_disk_mark_dead(disk);
}

/* The same, unless the back end still serves. Return: whether it does. */
static bool life_kill_unserved(struct moat_disk *disk)
{
	bool serving;

	mutex_lock(&disk->lock);
	serving = life_serving(disk);
	if (!serving)
		moat_disk_kill(disk);
	mutex_unlock(&disk->lock);
	if (!serving)
		moat_disk_mark_dead(disk);
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
	err = moat_disk_add(disk);
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
		bio->bi_opf &= ~(REQ_NOWAIT | REQ_POLLED);
		submit_bio_noacct(bio);
	}
}

/* The back end has asked to close: do so once nobody uses the disk. */
static void life_close(struct moat_disk *disk)
{
	if (disk->added && !moat_disk_try_gone(disk))
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

/**
 * moat_life_run() - the life work
 * @work: moat_disk.life
 *
 * Context: process; may wait for I/O.
 */
void moat_life_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(work, struct moat_disk, life);
	unsigned int noio;

	if (test_bit(MOAT_DISK_GONE, &disk->flags))
		return;
	noio = memalloc_noio_save();
	life_resubmit(disk);
	life_add(disk);
	if (test_bit(MOAT_DISK_CLOSING, &disk->flags))
		life_close(disk);
	memalloc_noio_restore(noio);
}

/**
 * moat_life_give_up() - no back end has come within the limit
 * @work: moat_disk.give_up
 *
 * An error is better than to wait for ever. The disk does not come back: what
 * was acknowledged and not flushed may be lost, which its users must hear.
 *
 * Context: process.
 */
void moat_life_give_up(struct work_struct *work)
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
		moat_disk_kill(disk);
	}
	mutex_unlock(&disk->lock);
	if (lost)
		moat_disk_mark_dead(disk);
}

/* Does the back end still have the rings? */
static bool life_attached(struct moat_disk *disk)
{
	switch (xenbus_read_driver_state(disk->xdev->otherend)) {
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

/**
 * moat_life_end() - the device goes, or the driver: end the disk's life
 * @disk: the disk; xenbus does not call for it any more
 *
 * A back end that still serves gets what is dirty; else all I/O fails.
 *
 * Context: process; waits, for a back end that serves and nothing else. Not
 * xenbus's thread then: what that removes has no state in xenstore any more.
 */
void moat_life_end(struct moat_disk *disk)
{
	bool serving = life_attached(disk) &&
		       xenbus_exists(XBT_NIL, disk->xdev->nodename, "state") == 1;

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
}
