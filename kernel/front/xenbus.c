// SPDX-License-Identifier: GPL-2.0
/*
 * The driver as xenbus sees it.
 *
 * xenbus calls from its one thread for the whole domain, so nothing here waits
 * for a back end or for I/O: that is the business of conn.c, life.c and replay.c.
 * Of what a back end brings about as often as it likes one event waits, and no more
 * (conn.c). Nor is memory waited for, which may wait for this very disk.
 */
#include "xenbus.h"

#include <linux/module.h>
#include <linux/sched/mm.h>
#include <xen/xenbus.h>

#include "conn.h"
#include "disk.h"
#include "keys.h"
#include "life.h"
#include "peer.h"
#include "report.h"
#include "toolstack.h"

static int front_probe(struct xenbus_device *xdev,
		       const struct xenbus_device_id *id)
{
	struct moat_disk *disk = moat_life_begin(xdev);
	int err;

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	mutex_lock(&disk->lock);
	moat_report_update(disk);
	mutex_unlock(&disk->lock);
	err = moat_toolstack_watch(disk);
	if (err) {
		moat_life_end(disk);
		return err;
	}
	moat_conn_wake(disk);
	return 0;
}

static void front_remove(struct xenbus_device *xdev)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);

	moat_toolstack_unwatch(disk);
	moat_conn_stop(disk);
	moat_life_end(disk);
	moat_keys_remove(xdev);
}

/*
 * The domain was saved and restored, or conn.c has found that another back end
 * is to serve the disk: the rings of before are nobody's any more. What was in
 * flight is issued again on the next connection, which begins when the back end
 * says InitWait.
 */
static int front_resume(struct xenbus_device *xdev)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);
	unsigned int scope = memalloc_noreclaim_save();

	moat_peer_drop(disk);
	memalloc_noreclaim_restore(scope);
	return 0;
}

static void front_otherend_changed(struct xenbus_device *xdev,
				   enum xenbus_state state)
{
	struct moat_disk *disk = dev_get_drvdata(&xdev->dev);
	unsigned int scope;

	/* Its directory has gone, and most likely so has its domain. */
	if (state == XenbusStateUnknown)
		moat_disk_vanish(disk);
	/* There may be another already, and what tells of it comes next. */
	if (state <= XenbusStateInitWait) {
		scope = memalloc_noreclaim_save();
		if (moat_peer_follow(disk))
			moat_conn_ask(disk, true);
		memalloc_noreclaim_restore(scope);
	}
	moat_conn_notice(disk);
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
