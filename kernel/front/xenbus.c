// SPDX-License-Identifier: GPL-2.0
/*
 * The driver as xenbus sees it.
 *
 * xenbus calls from its one thread for the whole domain, so nothing here waits
 * for a back end or for I/O; that is the business of life.c and replay.c.
 */
#include "xenbus.h"

#include <linux/module.h>
#include <xen/xenbus.h>

#include "conn.h"
#include "disk.h"
#include "life.h"

static int front_probe(struct xenbus_device *xdev,
		       const struct xenbus_device_id *id)
{
	struct moat_disk *disk = moat_disk_create(xdev);
	int err;

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	moat_report_begin(disk);
	err = moat_toolstack_watch(disk);
	if (err) {
		moat_disk_destroy(disk);
		return err;
	}
	/* Driven before, by this driver or another: ask the back end to begin
	 * anew.
	 */
	if (xdev->state != XenbusStateInitialising)
		xenbus_switch_state(xdev, XenbusStateInitialising);
	return 0;
}

static void front_remove(struct xenbus_device *xdev)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);

	moat_toolstack_unwatch(disk);
	moat_life_end(disk);
	moat_disk_destroy(disk);
}

/*
 * The domain was saved and restored, or toolstack.c has found that another back
 * end is to serve the disk: the rings of before are nobody's any more. What was
 * in flight is issued again on the next connection, which begins when the back
 * end says InitWait.
 */
static int front_resume(struct xenbus_device *xdev)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);

	mutex_lock(&disk->lock);
	moat_conn_drop(disk);
	mutex_unlock(&disk->lock);
	return 0;
}

/* The back end wants to end, or has ended. Lock held. */
static void front_closing(struct moat_disk *disk, enum xenbus_state state)
{
	if (disk->link == MOAT_LINK_CLOSED) {
		if (state == XenbusStateClosed)
			moat_conn_close(disk);
		disk->link = MOAT_LINK_CLOSED;
		return;
	}
	/* Its state of before this connection, not a wish. */
	if (state == XenbusStateClosed && disk->link == MOAT_LINK_DOWN)
		return;
	if (!test_and_set_bit(MOAT_DISK_CLOSING, &disk->flags))
		dev_info(&disk->xdev->dev, "%s: closed by the back end%s\n", disk->name,
			 disk->added && disk_openers(disk->gd) ?
			 ", in use: stays until it is not" : "");
	queue_work(moat_front_life_wq, &disk->life);
}

static void front_otherend_changed(struct xenbus_device *xdev,
				   enum xenbus_state state)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);

	mutex_lock(&disk->lock);
	switch (state) {
	case XenbusStateInitWait:
		if (disk->link == MOAT_LINK_DOWN &&
		    xdev->state == XenbusStateInitialising)
			moat_conn_open(disk);
		break;
	case XenbusStateConnected:
		if (disk->link == MOAT_LINK_OFFERED)
			moat_conn_start(disk);
		else if (disk->link == MOAT_LINK_UP)
			moat_conn_refresh(disk);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
		front_closing(disk, state);
		break;
	default:
		break;
	}
	mutex_unlock(&disk->lock);
}

static const struct xenbus_device_id front_ids[] = {
	{ "vbd" },
	{ "" },
};
MODULE_ALIAS("xen:vbd");

static struct xenbus_driver front_driver = {
	.name = "moat-front",
	.ids = front_ids,
	/* The driver can be unloaded and loaded again below a living disk. */
	.allow_rebind = true,
	.probe = front_probe,
	.remove = front_remove,
	.resume = front_resume,
	.otherend_changed = front_otherend_changed,
};

/**
 * moat_xenbus_register() - begin to drive block devices
 *
 * Context: process, at module load.
 * Return: 0 or a negative errno.
 */
int moat_xenbus_register(void)
{
	return xenbus_register_frontend(&front_driver);
}

/**
 * moat_xenbus_unregister() - end it, and remove all disks
 *
 * Context: process, at module unload.
 */
void moat_xenbus_unregister(void)
{
	xenbus_unregister_driver(&front_driver);
}
