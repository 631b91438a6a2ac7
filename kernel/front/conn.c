// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of a disk to a back end: the handshake through xenstore.
 *
 *             rings made                    the back end's Connected,
 *             and published                 its disk judged and adopted
 *     DOWN --------------------> OFFERED ----------------------------> UP
 *      ^                            |                                   |
 *      +----------------------------+-----------------------------------+
 *        dropped: another back end is named, or the domain was restored;
 *        or a passing failure: closed, and begun anew a little later
 *
 *     any -------------------> CLOSED     killed, or closed as was asked
 *
 * One work takes all the steps: it looks at how both ends stand, and does what
 * is due. It holds the device's lock (device_lock()), by which xenbus's own copy
 * of the back end's path stays as it is, for xenbus resumes and removes a device
 * under it. It waits for xenstored, and therefore holds the disk's lock only
 * between what it reads there and what it writes: I/O, replay and giving up need
 * that one. xenbus's thread, which the whole domain needs, does no more than to
 * queue it, and to have the disk go over to another back end, between two steps.
 *
 * Going over is for that thread to do (peer.c), and so is to take note of the state that
 * the work has shown. The work waits for neither, and takes no step between.
 *
 * What fails for a passing reason (memory, grants, transactions that cannot be
 * had) is tried again, ever less often, with smaller rings if that helps.
 *
 * The back end may write its state as often as it likes. While the disk is
 * connected that costs a look each REFRESH_REST and no more.
 */
#include "conn.h"

#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <xen/xenbus.h>

#include <moat/keys.h>

#include "kernel/common/lookup.h"
#include "kernel/common/transact.h"

#include "disk.h"
#include "gendisk.h"
#include "keys.h"
#include "name.h"
#include "replay.h"
#include "report.h"
#include "rings.h"

/* How soon to try again where somebody else is at the device. */
#define BUSY_RETRY (HZ / 100 ?: 1)
/* And what has failed for a passing reason: doubled each time, up to so long. */
#define FAILED_RETRY (HZ / 20 ?: 1)
#define FAILED_RETRY_MAX (2 * HZ)
/* How seldom a connected back end is looked at, however often it asks. */
#define REFRESH_REST (HZ / 10 ?: 1)

/* ---- what cannot be ---- */

/* Show a state of our own; peer.c says why not all of them are taken note of here.
 * Return: 0, also where nobody can see it any more; or a negative errno, for a reason that
 * passes.
 */
static int conn_show(struct moat_disk *disk, enum xenbus_state state)
{
	struct xenbus_device *xdev = disk->xdev;
	int err;

	if (xdev->state != XenbusStateInitialising || state == XenbusStateInitialising) {
		err = moat_transact_state(xdev, state);
	} else {
		err = moat_transact_show(xdev, state);
		if (!err)
			disk->conn.shown = state;
	}
	return err == -ENOENT ? 0 : err;
}

/* A step has failed for a reason that passes: have no rings until it is tried
 * again.
 */
static void conn_fall_short(struct moat_disk *disk, int err)
{
	lockdep_assert_held(&disk->lock);
	moat_rings_close(disk);
	set_bit(MOAT_DISK_SHORT, &disk->flags);
	moat_report_update(disk);
	dev_warn_ratelimited(&disk->xdev->dev, "%s: not connected, to be tried again: %d\n",
			     disk->name, err);
}

/* A new disk that cannot be: it ends here. */
static int conn_end(struct moat_disk *disk, int err, const char *why)
{
	xenbus_dev_error(disk->xdev, err, "%s: %s", disk->name, why);
	return conn_show(disk, XenbusStateClosing);
}

/* What the back end offers is another disk. One that has users keeps them
 * waiting, for a back end that can be used or for being detached.
 */
static int conn_refuse(struct moat_disk *disk, const char *why)
{
	dev_err_ratelimited(&disk->xdev->dev, "%s: %s: %s\n", disk->name,
			    disk->added ? "not the disk that was here" : "disk refused",
			    why);
	if (!disk->added)
		return conn_end(disk, -EINVAL, why);
	if (!test_and_set_bit(MOAT_DISK_REFUSED, &disk->flags))
		xenbus_dev_error(disk->xdev, -EINVAL, "connecting disk %s again: %s",
				 disk->name, why);
	mutex_lock(&disk->lock);
	moat_report_update(disk);
	mutex_unlock(&disk->lock);
	return 0;
}

/* ---- rings for the back end ---- */

/* Does the toolstack call it a CD-ROM? The back end may not say so.
 * Return: 1 or 0, or -ENOMEM if that cannot be known now.
 */
static int conn_is_cdrom(struct moat_disk *disk)
{
	bool cdrom;
	char *type;
	int err;

	err = moat_lookup_text(disk->xdev->nodename, "device-type", &type);
	if (err)
		return err;
	cdrom = type && !strcmp(type, "cdrom");
	kfree(type);
	return cdrom;
}

/* Return: 0, or -ENOMEM if it cannot be known now. */
static int conn_read_offer(struct moat_disk *disk, struct moat_rings_offer *offer)
{
	const char *other = disk->xdev->otherend;
	int err;

	err = moat_lookup_u32(other, "multi-queue-max-queues", 1, &offer->queues);
	if (!err)
		err = moat_lookup_u32(other, "max-ring-page-order", 0, &offer->order);
	if (!err)
		err = moat_lookup_flag(other, MOAT_KEY_PERSISTENT_RO, false, &offer->readonly);
	if (!err)
		err = moat_lookup_u32(other, MOAT_KEY_CONNECTION, 0, &offer->connection);
	if (err)
		return err;
	offer->queues = clamp(offer->queues, 1u, 2 * nr_cpu_ids);
	return 0;
}

static int conn_offer(struct moat_disk *disk)
{
	struct moat_rings_offer offer;
	int err;

	err = conn_is_cdrom(disk);
	if (err < 0)
		return err;
	if (err)
		return conn_end(disk, -EOPNOTSUPP, "it is a CD-ROM, which Moat does not do");
	/* Not earlier: over the reason of a probe that fails xenbus writes its own text. */
	if (!moat_name_claim(disk))
		return conn_end(disk, -EEXIST, "there is a disk of this name already, of another "
				"number that means the same");
	err = conn_read_offer(disk, &offer);
	if (err)
		return err;
	if (!disk->queue && !moat_rings_fit(disk, &offer))
		return conn_end(disk, -ENOSPC, "the domain has no grants left for it");
	mutex_lock(&disk->lock);
	if (disk->link == MOAT_LINK_DOWN) {
		err = moat_rings_open(disk, &offer);
		if (err)
			conn_fall_short(disk, err);
		else
			disk->link = MOAT_LINK_OFFERED;
		/* Some of xenbus's functions end a device that they fail for. */
		disk->conn.anew = disk->xdev->state != XenbusStateInitialising;
	}
	mutex_unlock(&disk->lock);
	return err;
}

/* They are for one back end: where another is to come they are of no use. */
static void conn_take_back(struct moat_disk *disk)
{
	mutex_lock(&disk->lock);
	if (disk->link == MOAT_LINK_OFFERED)
		moat_rings_close(disk);
	mutex_unlock(&disk->lock);
}

/* The back end waits for rings. */
static int conn_open(struct moat_disk *disk)
{
	int err;

	if (READ_ONCE(disk->link) == MOAT_LINK_DOWN) {
		err = conn_offer(disk);
		if (err)
			return err;
	}
	if (READ_ONCE(disk->link) != MOAT_LINK_OFFERED)
		return 0;
	err = moat_keys_publish(disk);
	if (err == -ESTALE || err == -ENOENT) {
		conn_take_back(disk);
		return 0;
	}
	return err ?: conn_show(disk, XenbusStateInitialised);
}

/* ---- the back end's announcement ---- */

/* Return: 0, or -ENOMEM if it cannot be known now. */
static int conn_read_announce(struct moat_disk *disk, struct moat_announce *a)
{
	const struct {
		const char *name;
		u64 *value;
	} keys[] = {
		{ "sectors", &a->sectors },
		{ "sector-size", &a->sector_size },
		{ "physical-sector-size", &a->physical_size },
		{ "info", &a->info },
		{ "feature-flush-cache", &a->flush },
		{ "feature-barrier", &a->barrier },
		{ "feature-discard", &a->discard },
		{ "discard-granularity", &a->discard_granularity },
		{ "discard-alignment", &a->discard_alignment },
		{ "discard-secure", &a->discard_secure },
		{ "feature-persistent", &a->persistent },
		{ "feature-max-indirect-segments", &a->max_indirect },
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(keys) && !err; i++)
		err = moat_lookup_u64(disk->xdev->otherend, keys[i].name, 0, keys[i].value);
	return err;
}

/* Which hardware it is; a back end that is not Moat's does not say.
 * Return: 0, or -ENOMEM if it cannot be known now.
 */
static int conn_read_identity(struct moat_disk *disk, char *identity, size_t size)
{
	char *text;
	int err;

	err = moat_lookup_text(disk->xdev->otherend, MOAT_KEY_IDENTITY, &text);
	if (err)
		return err;
	strscpy(identity, text ?: "", size);
	kfree(text);
	return 0;
}

/* ---- start ---- */

/* Go on with what the back end has announced. */
static int conn_adopt(struct moat_disk *disk, const struct moat_traits *t,
		      const char *identity)
{
	int err = 0;

	lockdep_assert_held(&disk->lock);
	if (!disk->gd)
		err = moat_gendisk_create(disk, t);
	if (err)
		return err;
	moat_gendisk_adopt(disk, t, identity);
	disk->persistent = disk->offered && t->persistent;
	err = moat_rings_start(disk);
	if (err)
		return err;
	clear_bit(MOAT_DISK_REFUSED, &disk->flags);
	clear_bit(MOAT_DISK_LOST, &disk->flags);
	disk->link = MOAT_LINK_UP;
	moat_retained_budget(&disk->retained);
	moat_replay_start(disk);
	return 0;
}

/* The back end is connected: judge it and begin. */
static int conn_start(struct moat_disk *disk)
{
	char identity[MOAT_IDENTITY_MAX];
	struct moat_announce a;
	struct moat_traits t;
	const char *why;
	int err;

	err = conn_read_identity(disk, identity, sizeof(identity));
	if (!err)
		err = conn_read_announce(disk, &a);
	if (err)
		return err;
	why = moat_announce_check(&a, disk->fit.segs, &t);
	mutex_lock(&disk->lock);
	if (!why)
		why = moat_gendisk_mismatch(disk, &t, identity);
	if (!why && disk->link == MOAT_LINK_OFFERED) {
		err = conn_adopt(disk, &t, identity);
		if (err) {
			conn_fall_short(disk, err);
			disk->conn.anew = true;
		}
	}
	mutex_unlock(&disk->lock);
	if (why)
		return conn_refuse(disk, why);
	if (err)
		return err;
	err = conn_show(disk, XenbusStateConnected);
	moat_disk_wake(disk);
	queue_work(moat_front_life_wq, &disk->life);
	return err;
}

/* Driven before, by this driver or another: ask the back end to begin anew. */
static int conn_begin(struct moat_disk *disk)
{
	int err = conn_show(disk, XenbusStateInitialising);

	if (err)
		return err;
	disk->conn.begun = true;
	/* To look once more, at what the back end says now. */
	moat_conn_wake(disk);
	return 0;
}

/* The back end has mapped rings that are gone: have it let go of them, and wait for
 * others.
 */
static int conn_begin_anew(struct moat_disk *disk, enum xenbus_state theirs)
{
	int err;

	if (disk->xdev->state != XenbusStateClosed)
		return conn_show(disk, XenbusStateClosed);
	if (theirs != XenbusStateClosed)
		return 0;
	err = conn_show(disk, XenbusStateInitialising);
	disk->conn.anew = err;
	return err;
}

/*
 * A connected back end announces itself again. That is how a resize is told. A
 * disk that shrinks to nothing has lost its device, which is a fault, not a size:
 * the disk keeps the one it has, and its requests wait for a back end that can
 * serve them.
 */
static int conn_refresh(struct moat_disk *disk)
{
	struct moat_announce a;
	struct moat_traits t;
	const char *why;
	int err;

	err = conn_read_announce(disk, &a);
	if (err)
		return err;
	why = moat_announce_check(&a, disk->fit.segs, &t);
	mutex_lock(&disk->lock);
	if (!why && t.block_size != disk->traits.block_size)
		why = "its logical block size is another";
	if (disk->link != MOAT_LINK_UP)
		why = NULL;
	else if (!why)
		moat_gendisk_resize(disk, t.capacity);
	moat_disk_appear(disk);
	mutex_unlock(&disk->lock);
	if (why && !a.sectors)
		moat_disk_break(disk, MOAT_TROUBLE_DEVICE, "has lost its device");
	else if (why)
		dev_err_ratelimited(&disk->xdev->dev, "%s: not resized: %s\n",
				    disk->name, why);
	return 0;
}

static int conn_connected(struct moat_disk *disk)
{
	enum moat_link link = READ_ONCE(disk->link);

	if (link == MOAT_LINK_OFFERED && disk->xdev->state == XenbusStateInitialised)
		return conn_start(disk);
	if (link != MOAT_LINK_UP)
		return 0;
	if (disk->xdev->state != XenbusStateConnected)
		return conn_show(disk, XenbusStateConnected);
	return conn_refresh(disk);
}

/* ---- end ---- */

/* A back end that has not heard yet of a new beginning shows what became of the connection
 * before. Closing is more than that where the toolstack does not want the device any more,
 * or where nobody has seen the disk yet. Return: 0 and @past; or -ENOMEM if it cannot be
 * known now.
 */
static int conn_is_past(struct moat_disk *disk, enum xenbus_state theirs, bool *past)
{
	*past = READ_ONCE(disk->link) == MOAT_LINK_DOWN;
	if (!*past || theirs == XenbusStateClosed)
		return 0;
	*past = disk->added;
	return *past ? moat_lookup_flag(disk->xdev->otherend, "online", false, past) : 0;
}

/* The back end wants to end, or has ended: the life work sees to it. */
static void conn_closing(struct moat_disk *disk)
{
	if (!test_and_set_bit(MOAT_DISK_CLOSING, &disk->flags))
		dev_info(&disk->xdev->dev, "%s: closed by the back end%s\n", disk->name,
			 disk->added && disk_openers(disk->gd) ?
			 ", in use: stays until it is not" : "");
	queue_work(moat_front_life_wq, &disk->life);
}

/* Closed as was asked: say so, and free the rings once the back end has let go. */
static int conn_leave(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;
	enum xenbus_state theirs = XenbusStateUnknown;
	int err;

	if (xdev->otherend) {
		err = moat_lookup_state(xdev->otherend, &theirs);
		if (err)
			return err;
	}
	if (!READ_ONCE(disk->parted)) {
		/* One that was given up goes when that is asked. */
		if (theirs == XenbusStateClosing || theirs == XenbusStateClosed)
			conn_closing(disk);
		return 0;
	}
	if (xdev->state != XenbusStateClosed) {
		moat_report_stop(disk);
		/* Before that it is one that could be served elsewhere. */
		err = moat_keys_withdraw(xdev);
		if (!err || err == -ENOENT)
			err = conn_show(disk, XenbusStateClosed);
		if (err)
			return err;
		xenbus_frontend_closed(xdev);
	}
	if (theirs == XenbusStateClosed) {
		mutex_lock(&disk->lock);
		moat_rings_close(disk);
		mutex_unlock(&disk->lock);
	}
	return 0;
}

/* ---- the work ---- */

/**
 * moat_conn_ask() - xenbus's thread has to look at the disk's directory again, or has
 * done so
 * @disk: the disk
 * @again: it could not learn what it wanted to know
 *
 * It does when the next key there is written, which the work sees to.
 *
 * Context: any.
 */
void moat_conn_ask(struct moat_disk *disk, bool again)
{
	assign_bit(MOAT_DISK_ASKED, &disk->flags, again);
	moat_conn_wake(disk);
}

/* What is written here brings xenbus's thread to look once more. */
static void conn_ask_again(struct moat_disk *disk)
{
	mutex_lock(&disk->lock);
	moat_report_anew(disk);
	mutex_unlock(&disk->lock);
}

/* What the back end says is read when the event is handled: one that waits is enough, however
 * often it writes. xenbus takes up all until it is told otherwise, of each back end anew.
 */
static bool conn_event_wanted(struct xenbus_watch *watch, const char *path,
			      const char *token)
{
	return !watch->nr_pending;
}

/* Return: 0, also where there is nothing to do; or a negative errno, to be tried again. */
static int conn_step(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;
	enum xenbus_state theirs;
	bool past;
	int err;

	device_lock_assert(&xdev->dev);
	if (test_bit(MOAT_DISK_ASKED, &disk->flags)) {
		conn_ask_again(disk);
		return -EAGAIN;
	}
	if (disk->conn.shown)
		return 0;
	if (READ_ONCE(disk->link) == MOAT_LINK_CLOSED)
		return conn_leave(disk);
	if (!xdev->otherend)
		return 0;
	WRITE_ONCE(xdev->otherend_watch.will_handle, conn_event_wanted);
	err = moat_lookup_state(xdev->otherend, &theirs);
	if (err)
		return err;
	if (!disk->conn.begun)
		return conn_begin(disk);
	if (disk->conn.anew)
		return conn_begin_anew(disk, theirs);
	switch (theirs) {
	case XenbusStateInitWait:
		return xdev->state == XenbusStateInitialising ? conn_open(disk) : 0;
	case XenbusStateConnected:
		return conn_connected(disk);
	case XenbusStateClosing:
	case XenbusStateClosed:
		err = conn_is_past(disk, theirs, &past);
		if (!err && !past)
			conn_closing(disk);
		return err;
	default:
		return 0;
	}
}

/* How long to wait before what has failed is tried again. */
static unsigned long conn_retry(unsigned int failures)
{
	return min_t(unsigned long, (unsigned long)FAILED_RETRY << min(failures, 10u),
		     FAILED_RETRY_MAX);
}

static void conn_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(to_delayed_work(work), struct moat_disk,
					      conn.work);
	struct moat_conn *conn = &disk->conn;
	struct device *dev = &disk->xdev->dev;
	unsigned int scope;
	int err;

	mutex_lock(&conn->step);
	/* Who removes the device holds its lock, and waits for this work. */
	if (!device_trylock(dev)) {
		mutex_unlock(&conn->step);
		queue_delayed_work(moat_front_conn_wq, &conn->work, BUSY_RETRY);
		return;
	}
	/* Memory may be short because of what waits for this connection: it may have the
	 * reserves, and where these are used up it fails, and is tried again.
	 */
	scope = memalloc_noreclaim_save();
	err = conn_step(disk);
	if (READ_ONCE(disk->link) == MOAT_LINK_UP)
		WRITE_ONCE(conn->rest, jiffies + REFRESH_REST);
	if (err)
		queue_delayed_work(moat_front_conn_wq, &conn->work,
				   conn_retry(conn->failures++));
	else if (READ_ONCE(disk->link) == MOAT_LINK_UP)
		conn->failures = 0;
	memalloc_noreclaim_restore(scope);
	device_unlock(dev);
	mutex_unlock(&conn->step);
}

/**
 * moat_conn_wake() - something of our own or the toolstack's has changed
 * @disk: the disk
 *
 * Context: any.
 */
void moat_conn_wake(struct moat_disk *disk)
{
	mod_delayed_work(moat_front_conn_wq, &disk->conn.work, 0);
}

/**
 * moat_conn_notice() - the back end says that it has changed its state
 * @disk: the disk
 *
 * Context: any.
 */
void moat_conn_notice(struct moat_disk *disk)
{
	unsigned long now = jiffies, rest = READ_ONCE(disk->conn.rest);

	mod_delayed_work(moat_front_conn_wq, &disk->conn.work,
			 time_before(now, rest) ? rest - now : 0);
}

/**
 * moat_conn_stop() - take no step any more
 * @disk: the disk; nobody wakes it from here on
 *
 * Context: process, may sleep; the device's lock may be held, the disk's not.
 */
void moat_conn_stop(struct moat_disk *disk)
{
	might_sleep();
	cancel_delayed_work_sync(&disk->conn.work);
}

/**
 * moat_conn_init() - no connection yet
 * @disk: the disk, new
 */
void moat_conn_init(struct moat_disk *disk)
{
	INIT_DELAYED_WORK(&disk->conn.work, conn_run);
	mutex_init(&disk->conn.step);
	disk->conn.rest = jiffies;
}
