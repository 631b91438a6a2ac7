// SPDX-License-Identifier: GPL-2.0
/*
 * What the toolstack writes into a disk's directory while it lives.
 *
 *   backend     another path, or "state" put back to 1 below the same path: the
 *               disk is to be served by another back end, or by the same one
 *               anew. xenbus itself can do that: it is what it does when a
 *               domain is restored.
 *   moat-hold   take no new requests until told otherwise
 *   moat-set-mode, moat-ask   see kernel/common/control.h
 *
 * The watch fires for what the driver writes itself, too; each key is therefore
 * held against what is already so.
 */
#include "toolstack.h"

#include <linux/slab.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "kernel/common/control.h"
#include "kernel/compat/xenbus.h"

#include "conn.h"
#include "disk.h"

/* How soon to try again where somebody else is at the device. */
#define SWITCH_RETRY (HZ / 100 ?: 1)

/* Does the toolstack want another connection than the one we have? */
static bool switch_wanted(struct moat_disk *disk)
{
	struct xenbus_device *xdev = disk->xdev;
	bool wanted;
	char *path;

	path = xenbus_read(XBT_NIL, xdev->nodename, "backend", NULL);
	if (IS_ERR(path))
		return false;
	/* There is none where the last one named did not exist. */
	wanted = *path && (!xdev->otherend || strcmp(path, xdev->otherend));
	kfree(path);
	if (wanted)
		return true;
	return xdev->state != XenbusStateInitialising &&
	       xenbus_read_driver_state(xdev->nodename) == XenbusStateInitialising;
}

static void switch_over(struct moat_disk *disk)
{
	struct device *dev = &disk->xdev->dev;

	dev_info(dev, "%s: going over to another back end\n", disk->name);
	if (!xenbus_dev_resume(dev))
		return;
	/* It is gone already, and so is the one before: wait for the next. */
	mutex_lock(&disk->lock);
	moat_conn_drop(disk);
	mutex_unlock(&disk->lock);
}

static void switch_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(to_delayed_work(work), struct moat_disk,
					      toolstack.switching);
	struct device *dev = &disk->xdev->dev;

	/* Who resumes or removes the device holds its lock meanwhile, and who
	 * removes it also waits for this work.
	 */
	if (!device_trylock(dev)) {
		queue_delayed_work(moat_front_wq, &disk->toolstack.switching, SWITCH_RETRY);
		return;
	}
	if (switch_wanted(disk))
		switch_over(disk);
	device_unlock(dev);
}

static void hold_changed(struct moat_disk *disk)
{
	bool hold = xenbus_read_unsigned(disk->xdev->nodename, MOAT_KEY_HOLD, 0);

	if (hold == test_bit(MOAT_DISK_HOLDING, &disk->flags))
		return;
	if (hold)
		set_bit(MOAT_DISK_HOLDING, &disk->flags);
	else
		clear_bit(MOAT_DISK_HOLDING, &disk->flags);
	moat_disk_wake(disk);
}

/* Runs in xenbus's thread, which must not wait for anything of the disk's. */
static void toolstack_changed(struct xenbus_watch *watch, const char *path,
			      const char *token)
{
	struct moat_disk *disk = container_of(watch, struct moat_disk, toolstack.watch);
	const char *key = strrchr(path, '/');

	if (!key || moat_control_changed(disk->sysfs, disk->xdev, path))
		return;
	key++;
	if (!strcmp(key, "backend") || !strcmp(key, "state"))
		queue_delayed_work(moat_front_wq, &disk->toolstack.switching, 0);
	else if (!strcmp(key, MOAT_KEY_HOLD))
		hold_changed(disk);
}

/**
 * moat_toolstack_watch() - begin to listen
 * @disk: the disk
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno, which has been reported to xenstore.
 */
int moat_toolstack_watch(struct moat_disk *disk)
{
	INIT_DELAYED_WORK(&disk->toolstack.switching, switch_run);
	return xenbus_watch_path(disk->xdev, disk->xdev->nodename,
				 &disk->toolstack.watch, NULL, toolstack_changed);
}

/**
 * moat_toolstack_unwatch() - listen no more
 * @disk: the disk
 *
 * Context: process, may sleep; the device's lock may be held.
 */
void moat_toolstack_unwatch(struct moat_disk *disk)
{
	unregister_xenbus_watch(&disk->toolstack.watch);
	cancel_delayed_work_sync(&disk->toolstack.switching);
}
