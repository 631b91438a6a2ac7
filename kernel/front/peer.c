// SPDX-License-Identifier: GPL-2.0
/*
 * The back end that a disk is with, and going over to another.
 *
 * All of it is xenbus's thread's. Going over gives up the watch on the back end of
 * before, and whoever else does that waits until the thread is idle: which it may
 * never be, for it takes the device's lock when the directory goes, and the work of
 * conn.c holds that.
 *
 * Linux 7's xenbus watches, too. When anything in the disk's directory changes it reads the
 * state there. Is that Initialising, and the device in another state or with a back end of
 * another domain than is named, then the device has vanished in its eyes, and it removes
 * it. So that this is never so,
 *
 *   - a disk whose back end has gone is with nobody, and in state Initialising, until there
 *     is another: this thread learns of that before it can learn of what the toolstack does
 *     then;
 *   - a state that is shown in place of Initialising becomes the device's when this thread
 *     has heard of it: what it has read before was compared with the old one.
 *     (The other way round see moat_transact_state().)
 */
#include "peer.h"

#include <linux/slab.h>
#include <linux/string.h>
#include <xen/xenbus.h>

#include "kernel/common/lookup.h"
#include "kernel/compat/xenbus.h"

#include "disk.h"
#include "report.h"
#include "rings.h"

/* ---- none ---- */

/**
 * moat_peer_forget() - it matters no more with whom the disk was
 * @disk: the disk; no step is taken meanwhile
 *
 * Context: any.
 */
void moat_peer_forget(struct moat_disk *disk)
{
	kfree(disk->conn.left);
	disk->conn.left = NULL;
}

/**
 * moat_peer_drop() - the connection is nobody's any more: wait for another
 * @disk: the disk
 *
 * Context: process, may sleep; the device's lock held.
 */
void moat_peer_drop(struct moat_disk *disk)
{
	device_lock_assert(&disk->xdev->dev);
	mutex_lock(&disk->lock);
	/* One that only waited for its last user to close it goes on. */
	if (!test_bit(MOAT_DISK_GONE, &disk->flags))
		clear_bit(MOAT_DISK_CLOSING, &disk->flags);
	clear_bit(MOAT_DISK_HOLDING, &disk->flags);
	moat_peer_forget(disk);
	disk->conn.anew = false;
	disk->conn.shown = XenbusStateUnknown;
	WRITE_ONCE(disk->conn.rest, jiffies);
	if (disk->link != MOAT_LINK_CLOSED) {
		moat_disk_quiesce(disk);
		moat_rings_close(disk);
		moat_disk_lose(disk);
	}
	/* The toolstack may have written it, and a restored domain has a new one. */
	moat_report_anew(disk);
	mutex_unlock(&disk->lock);
}

/* ---- another ---- */

/* The back end that we are, or were, with. There is none where the last one named did not
 * exist.
 */
static const char *peer_back_end(const struct moat_disk *disk)
{
	return disk->xdev->otherend ?: disk->conn.left;
}

/* The back end has gone: be with nobody. Rings and requests stay as they are. */
static void peer_part(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;

	device_lock_assert(&xdev->dev);
	if (!xdev->otherend || READ_ONCE(disk->link) == MOAT_LINK_CLOSED)
		return;
	disk->conn.left = xdev->otherend;
	xdev->otherend = NULL;
	xdev->state = XenbusStateInitialising;
}

/* Is another one named than the one we have?
 * Return: 1 or 0, or a negative errno if that cannot be told now.
 */
static int peer_other_named(struct moat_disk *disk)
{
	const char *with = peer_back_end(disk);
	bool other;
	char *path;

	path = xenbus_read(XBT_NIL, disk->xdev->nodename, "backend", NULL);
	if (IS_ERR(path))
		return PTR_ERR(path) == -ENOENT ? 0 : PTR_ERR(path);
	other = *path && (!with || strcmp(path, with));
	kfree(path);
	return other;
}

/* Does the toolstack want another connection than the one we have?
 * Return: 1 or 0, or a negative errno if that cannot be told now.
 */
static int peer_switch_wanted(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;
	enum xenbus_state state;
	int err;

	if (disk->conn.halfway)
		return 1;
	err = peer_other_named(disk);
	if (err || !peer_back_end(disk))
		return err;
	err = moat_lookup_state(peer_back_end(disk), &state);
	if (err)
		return err;
	if (state == XenbusStateUnknown) {
		peer_part(disk);
		return 0;
	}
	if (disk->conn.left)
		return 1;
	err = moat_lookup_state(xdev->nodename, &state);
	if (err)
		return err;
	return xdev->state != XenbusStateInitialising && state == XenbusStateInitialising;
}

/* Return: 0, or -ENOMEM if it is to be done again. */
static int peer_switch(struct moat_disk *disk)
{
	struct device *dev = &disk->xdev->dev;
	int err;

	dev_info(dev, "%s: going over to another back end\n", disk->name);
	err = moat_xenbus_restore(dev);
	disk->conn.halfway = err == -ENOMEM;
	if (err)
		moat_peer_drop(disk);
	/* It may be gone already, and so is the one before: wait for the next. */
	return disk->conn.halfway ? err : 0;
}

/* The work has shown another state than Initialising. */
static void peer_note_shown(struct moat_disk *disk)
{
	if (!disk->conn.shown)
		return;
	disk->xdev->state = disk->conn.shown;
	disk->conn.shown = XenbusStateUnknown;
}

/**
 * moat_peer_follow() - go over to another back end, if that is wanted; be with nobody, if
 * there is none; take note of the state that was shown
 * @disk: the disk
 *
 * Context: xenbus's thread; waits for xenstored, and for a step of the work.
 * Return: 0; or a negative errno if that is to be tried again. moat_conn_ask() is due in
 * both cases.
 */
int moat_peer_follow(struct moat_disk *disk)
{
	struct device *dev = &disk->xdev->dev;
	int ret = -EBUSY;

	mutex_lock(&disk->conn.step);
	/* Who else has it removes the device, or the domain is being restored. */
	if (device_trylock(dev)) {
		peer_note_shown(disk);
		ret = peer_switch_wanted(disk);
		if (ret > 0)
			ret = peer_switch(disk);
		device_unlock(dev);
	}
	mutex_unlock(&disk->conn.step);
	return min(ret, 0);
}
