// SPDX-License-Identifier: GPL-2.0
/*
 * The keys that a front end writes into its own directory of xenstore.
 *
 * What is published describes one connection, whole, in one transaction: what
 * an earlier one or another driver has left there of rings goes in the same
 * transaction, or a back end might take it for this one's. For the same reason
 * a front end that leaves takes its keys along: the next driver knows nothing
 * of Moat's, and would not remove them. Names: Xen's public io/blkif.h, and
 * include/moat/keys.h.
 */
#include "keys.h"

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <xen/xenbus.h>

#include <moat/keys.h>

#include "kernel/common/transact.h"

#include "disk.h"
#include "params.h"
#include "report.h"

/* See to it that a key is absent. */
static int remove_key(struct xenbus_transaction t, const char *dir, const char *key)
{
	int err = xenbus_rm(t, dir, key);

	return err == -ENOENT ? 0 : err;
}

/* Write a key, or see to it that it is absent. */
static int put_key(struct xenbus_transaction t, const char *dir, const char *key,
		   bool present, unsigned int value)
{
	if (present)
		return xenbus_printf(t, dir, key, "%u", value);
	return remove_key(t, dir, key);
}

/* Is it one of those that say where rings are, of whatever shape? */
static bool key_is_of_rings(const char *key)
{
	return strstarts(key, "ring-ref") || strstarts(key, "queue-") ||
	       !strcmp(key, "event-channel");
}

static int keys_remove_rings(struct xenbus_transaction t, const char *node)
{
	unsigned int n, i;
	char **keys;
	int err = 0;

	keys = xenbus_directory(t, node, "", &n);
	if (IS_ERR(keys))
		return PTR_ERR(keys);
	for (i = 0; i < n && !err; i++)
		if (key_is_of_rings(keys[i]))
			err = remove_key(t, node, keys[i]);
	kfree(keys);
	return err;
}

/* ---- publishing ---- */

static int keys_put_ring(struct xenbus_transaction t, const char *dir,
			 const struct moat_queue *q)
{
	char key[sizeof("ring-ref") + 10];
	unsigned int i;
	int err;

	if (q->channel.pages == 1) {
		err = put_key(t, dir, "ring-ref", true, q->channel.grefs[0]);
	} else {
		for (i = 0, err = 0; i < q->channel.pages && !err; i++) {
			snprintf(key, sizeof(key), "ring-ref%u", i);
			err = put_key(t, dir, key, true, q->channel.grefs[i]);
		}
	}
	return err ?: put_key(t, dir, "event-channel", true, q->channel.port);
}

/* The keys of all rings: one alone lives in the device's own directory. */
static int keys_put_rings(struct xenbus_transaction t, struct moat_disk *disk)
{
	const char *node = disk->xdev->nodename;
	unsigned int i;
	char *dir;
	int err;

	err = keys_remove_rings(t, node);
	if (!err && disk->nr_rings == 1)
		return keys_put_ring(t, node, &disk->queue[0]);
	for (i = 0; i < disk->nr_rings && !err; i++) {
		dir = kasprintf(GFP_NOIO, "%s/queue-%u", node, i);
		if (!dir)
			return -ENOMEM;
		err = keys_put_ring(t, dir, &disk->queue[i]);
		kfree(dir);
	}
	return err;
}

static int keys_put_all(struct xenbus_transaction t, void *data)
{
	struct moat_disk *disk = data;
	const char *node = disk->xdev->nodename;
	int err;

	/* Rings are made for one back end, and must not be found by the next. */
	err = moat_report_stands(disk->xdev, disk->xdev->otherend, t);
	if (!err)
		err = keys_put_rings(t, disk);
	if (!err)
		err = put_key(t, node, "multi-queue-num-queues",
			      disk->nr_rings > 1, disk->nr_rings);
	if (!err)
		err = put_key(t, node, "ring-page-order", disk->ring_pages > 1,
			      ilog2(disk->ring_pages));
	if (!err)
		err = put_key(t, node, "feature-persistent", true, disk->offered);
	if (!err)
		err = put_key(t, node, MOAT_KEY_PERSISTENT_RO, disk->readonly, 1);
	if (!err)
		err = put_key(t, node, MOAT_KEY_CONNECTION, disk->connection,
			      disk->connection);
	if (!err)
		err = put_key(t, node, MOAT_KEY_RECOVERY, true, 1);
	if (!err)
		err = xenbus_printf(t, node, "protocol", "%s",
				    moat_layout_names[disk->layout]);
	return err;
}

/**
 * moat_keys_publish() - show the back end the rings
 * @disk: the disk, its rings made; nobody makes others meanwhile
 *
 * Context: process; waits for xenstored; the device's lock held.
 * Return: 0; -ENOENT if the disk's directory is gone; -ESTALE if another back
 * end is to serve it; or another negative errno.
 */
int moat_keys_publish(struct moat_disk *disk)
{
	device_lock_assert(&disk->xdev->dev);
	return moat_transact(keys_put_all, disk);
}

/* ---- leaving ---- */

/* What only Moat knows. */
static const char *const private_keys[] = {
	MOAT_KEY_RECOVERY, MOAT_KEY_FRONT_STATE, MOAT_KEY_TROUBLE,
	MOAT_KEY_PERSISTENT_RO, MOAT_KEY_CONNECTION, MOAT_KEY_MODE, MOAT_KEY_STATS,
	MOAT_KEY_SET_MODE, MOAT_KEY_ASK,
};

/* What else describes a connection. */
static const char *const public_keys[] = {
	"multi-queue-num-queues", "ring-page-order", "feature-persistent", "protocol",
};

static int keys_remove_each(struct xenbus_transaction t, const char *node,
			    const char *const *keys, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = remove_key(t, node, keys[i]);
	return err;
}

static int keys_remove_private(struct xenbus_transaction t, void *data)
{
	struct xenbus_device *xdev = data;

	int err = moat_transact_exists(t, xdev);

	return err ?: keys_remove_each(t, xdev->nodename, private_keys,
				       ARRAY_SIZE(private_keys));
}

static int keys_remove_all(struct xenbus_transaction t, void *data)
{
	struct xenbus_device *xdev = data;
	int err = keys_remove_private(t, xdev);

	if (!err)
		err = keys_remove_rings(t, xdev->nodename);
	return err ?: keys_remove_each(t, xdev->nodename, public_keys,
				       ARRAY_SIZE(public_keys));
}

/**
 * moat_keys_withdraw() - say nothing more of what only Moat knows
 * @xdev: the device, which is about to say Closed
 *
 * Context: process; waits for xenstored.
 * Return: 0; -ENOENT if the directory is gone; or another negative errno.
 */
int moat_keys_withdraw(struct xenbus_device *xdev)
{
	might_sleep();
	return moat_transact(keys_remove_private, xdev);
}

/**
 * moat_keys_remove() - leave nothing behind
 * @xdev: the device, whose back end has let go of the rings
 *
 * Context: process; waits for xenstored.
 */
void moat_keys_remove(struct xenbus_device *xdev)
{
	int err;

	might_sleep();
	err = moat_transact(keys_remove_all, xdev);
	if (err && err != -ENOENT)
		dev_warn(&xdev->dev, "keys in xenstore not removed: %d\n", err);
}
