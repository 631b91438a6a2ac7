// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of a disk to a back end: the handshake through xenstore.
 *
 *   back end InitWait    moat_conn_open(): make rings and event channels,
 *                        publish them, become Initialised
 *   back end Connected   moat_conn_start(): read and judge what it announces,
 *                        adopt it, become Connected
 *   either gone          moat_conn_close(): no rings; what was in flight waits
 *
 * The first connection decides how many queues the disk has and how deep they
 * are; later ones may have fewer or smaller rings, never more. Keys: Xen's
 * public io/blkif.h.
 */
#include "conn.h"

#include <linux/blkdev.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/xenbus.h>

#include <moat/keys.h>

#include "kernel/common/transact.h"

#include "disk.h"
#include "params.h"
#include "poll.h"
#include "replay.h"
#include "traffic.h"

/* ---- rings ---- */

/* Decide on the number of queues, for good. */
static int conn_make_queues(struct moat_disk *disk, unsigned int offered)
{
	unsigned int want = moat_params.max_queues ?: num_online_cpus();
	unsigned int polled = 0, i;
	int err;

	want = min(want, offered);
	if (offered > 1)
		polled = min(moat_params.poll_queues, offered - 1);
	want = min(want, offered - polled);
	disk->nr_queues = want + polled;
	disk->nr_polled = polled;

	disk->queue = kvcalloc(disk->nr_queues, sizeof(*disk->queue), GFP_KERNEL);
	if (!disk->queue)
		return -ENOMEM;
	/* All of them first: whatever fails below, they can be closed. */
	for (i = 0; i < disk->nr_queues; i++) {
		moat_queue_init(&disk->queue[i], disk, i, &moat_disk_queue_ops,
				&disk->tune, disk->purse, disk->name);
		moat_traffic_init(&disk->queue[i]);
	}
	for (i = 0; i < disk->nr_queues; i++) {
		err = moat_sysfs_add_ring(disk->sysfs, i, &disk->queue[i].stat);
		if (err)
			return err;
	}
	return 0;
}

static int conn_open_rings(struct moat_disk *disk)
{
	unsigned int i;
	int err;

	for (i = 0; i < disk->nr_rings; i++) {
		err = moat_queue_open(&disk->queue[i], disk->xdev, disk->layout,
				      disk->ring_pages);
		if (err)
			return err;
	}
	return 0;
}

/* Read what limits the rings, and make them. */
static int conn_make_rings(struct moat_disk *disk)
{
	const char *other = disk->xdev->otherend;
	unsigned int queues, order;
	int err;

	queues = xenbus_read_unsigned(other, "multi-queue-max-queues", 1);
	order = xenbus_read_unsigned(other, "max-ring-page-order", 0);
	disk->offered = READ_ONCE(disk->tune.data_path) == MOAT_PATH_PERSISTENT;
	disk->readonly = disk->offered &&
			 xenbus_read_unsigned(other, MOAT_KEY_PERSISTENT_RO, 0);
	disk->connection = xenbus_read_unsigned(other, MOAT_KEY_CONNECTION, 0);
	queues = clamp(queues, 1u, 2 * nr_cpu_ids);
	disk->layout = READ_ONCE(moat_params.layout);
	disk->ring_pages = 1u << min(order, moat_params.ring_order);
	if (!disk->queue) {
		err = conn_make_queues(disk, queues);
		if (err)
			return err;
		disk->depth = moat_ring_slots(disk->layout, disk->ring_pages);
	}
	disk->nr_rings = min(disk->nr_queues, queues);
	return conn_open_rings(disk);
}

/* ---- publishing ---- */

/* Write a key, or see to it that it is absent. */
static int conn_put(struct xenbus_transaction t, const char *dir,
		    const char *key, bool present, unsigned int value)
{
	int err;

	if (present)
		return xenbus_printf(t, dir, key, "%u", value);
	err = xenbus_rm(t, dir, key);
	return err == -ENOENT ? 0 : err;
}

static int conn_put_ring(struct xenbus_transaction t, const char *dir,
			 const struct moat_queue *q)
{
	char key[sizeof("ring-ref") + 10];
	unsigned int i;
	int err;

	if (q->channel.pages == 1) {
		err = conn_put(t, dir, "ring-ref", true, q->channel.grefs[0]);
	} else {
		for (i = 0, err = 0; i < q->channel.pages && !err; i++) {
			snprintf(key, sizeof(key), "ring-ref%u", i);
			err = conn_put(t, dir, key, true, q->channel.grefs[i]);
		}
	}
	return err ?: conn_put(t, dir, "event-channel", true, q->channel.port);
}

/* The keys of all rings: one alone lives in the device's own directory. */
static int conn_put_rings(struct xenbus_transaction t, struct moat_disk *disk)
{
	const char *node = disk->xdev->nodename;
	unsigned int i;
	char *dir;
	int err = 0;

	if (disk->nr_rings == 1)
		return conn_put_ring(t, node, &disk->queue[0]);
	for (i = 0; i < disk->nr_rings && !err; i++) {
		dir = kasprintf(GFP_NOIO, "%s/queue-%u", node, i);
		if (!dir)
			return -ENOMEM;
		err = conn_put_ring(t, dir, &disk->queue[i]);
		kfree(dir);
	}
	return err;
}

static int conn_put_all(struct xenbus_transaction t, void *data)
{
	struct moat_disk *disk = data;
	const char *node = disk->xdev->nodename;
	int err;

	/* Rings are made for one back end, and must not be found by the next. */
	err = moat_report_stands(disk, t);
	if (!err)
		err = conn_put_rings(t, disk);
	if (!err)
		err = conn_put(t, node, "multi-queue-num-queues",
			       disk->nr_rings > 1, disk->nr_rings);
	if (!err)
		err = conn_put(t, node, "ring-page-order", disk->ring_pages > 1,
			       ilog2(disk->ring_pages));
	if (!err)
		err = conn_put(t, node, "feature-persistent", true, disk->offered);
	if (!err)
		err = conn_put(t, node, MOAT_KEY_PERSISTENT_RO, disk->readonly, 1);
	if (!err)
		err = conn_put(t, node, MOAT_KEY_CONNECTION, disk->connection,
			       disk->connection);
	if (!err)
		err = xenbus_printf(t, node, "protocol", "%s",
				    moat_layout_names[disk->layout]);
	return err;
}

/* Does the toolstack call it a CD-ROM? The back end may not say so. */
static bool conn_is_cdrom(struct moat_disk *disk)
{
	char *type = xenbus_read(XBT_NIL, disk->xdev->nodename, "device-type", NULL);
	bool cdrom;

	if (IS_ERR(type))
		return false;
	cdrom = !strcmp(type, "cdrom");
	kfree(type);
	return cdrom;
}

static int conn_remember_peer(struct moat_disk *disk)
{
	char *peer = kstrdup(disk->xdev->otherend, GFP_NOIO);

	if (!peer)
		return -ENOMEM;
	kfree(disk->peer);
	disk->peer = peer;
	return 0;
}

/**
 * moat_conn_open() - offer rings to a back end that waits for them
 * @disk: the disk, its connection down
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno, which has been reported to xenstore.
 */
int moat_conn_open(struct moat_disk *disk)
{
	int err;

	if (conn_is_cdrom(disk)) {
		xenbus_dev_fatal(disk->xdev, -EOPNOTSUPP,
				 "%s is a CD-ROM, which Moat does not do", disk->name);
		return -EOPNOTSUPP;
	}
	err = conn_remember_peer(disk);
	if (!err)
		err = conn_make_rings(disk);
	if (err) {
		xenbus_dev_fatal(disk->xdev, err, "making rings");
		goto err_close;
	}
	err = moat_transact(conn_put_all, disk);
	if (err == -ESTALE)
		goto err_close;
	if (err) {
		xenbus_dev_fatal(disk->xdev, err, "publishing rings");
		goto err_close;
	}
	disk->link = MOAT_LINK_OFFERED;
	xenbus_switch_state(disk->xdev, XenbusStateInitialised);
	return 0;

err_close:
	moat_conn_close(disk);
	return err;
}

/* ---- the back end's announcement ---- */

static u64 announce_read(struct moat_disk *disk, const char *key)
{
	unsigned long long value;

	if (xenbus_scanf(XBT_NIL, disk->xdev->otherend, key, "%llu", &value) != 1)
		return 0;
	return value;
}

static void conn_read_announce(struct moat_disk *disk, struct moat_announce *a)
{
	a->sectors = announce_read(disk, "sectors");
	a->sector_size = announce_read(disk, "sector-size");
	a->physical_size = announce_read(disk, "physical-sector-size");
	a->info = announce_read(disk, "info");
	a->flush = announce_read(disk, "feature-flush-cache");
	a->barrier = announce_read(disk, "feature-barrier");
	a->discard = announce_read(disk, "feature-discard");
	a->discard_granularity = announce_read(disk, "discard-granularity");
	a->discard_alignment = announce_read(disk, "discard-alignment");
	a->discard_secure = announce_read(disk, "discard-secure");
	a->persistent = announce_read(disk, "feature-persistent");
	a->max_indirect = announce_read(disk, "feature-max-indirect-segments");
}

static int conn_read_traits(struct moat_disk *disk, struct moat_traits *t)
{
	struct moat_announce a;
	const char *why;

	conn_read_announce(disk, &a);
	why = moat_announce_check(&a, moat_params.max_segs, t);
	if (!why)
		return 0;
	dev_err_ratelimited(&disk->xdev->dev, "%s: disk refused: %s\n",
			    disk->name, why);
	return -EINVAL;
}

/* Which hardware it is; a back end that is not Moat's does not say. */
static void conn_read_identity(struct moat_disk *disk, char *identity, size_t size)
{
	char *text = xenbus_read(XBT_NIL, disk->xdev->otherend, MOAT_KEY_IDENTITY, NULL);

	identity[0] = '\0';
	if (IS_ERR(text))
		return;
	strscpy(identity, text, size);
	kfree(text);
}

/* ---- start ---- */

/* The vCPU that a ring mostly works for. */
static unsigned int conn_ring_cpu(const struct moat_disk *disk, unsigned int ring)
{
	bool polled = moat_disk_ring_polled(disk, ring);
	const struct blk_mq_queue_map *map =
		&disk->tags.map[polled ? HCTX_TYPE_POLL : HCTX_TYPE_DEFAULT];
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (map->mq_map[cpu] == ring)
			return cpu;
	return cpumask_first(cpu_online_mask);
}

static int conn_start_rings(struct moat_disk *disk)
{
	const struct moat_terms terms = {
		.peer = disk->xdev->otherend_id,
		.handle = disk->handle,
		.max_segs = disk->max_segs,
		.persistent = disk->persistent,
		.readonly = disk->readonly,
	};
	unsigned int i, cpu;
	int err;

	moat_disk_divide(disk);
	for (i = 0; i < disk->nr_rings; i++) {
		struct moat_queue *q = &disk->queue[i];

		cpu = conn_ring_cpu(disk, i);
		err = moat_queue_start(q, &terms, moat_poller_of(cpu));
		if (err)
			return err;
		/* Only a matter of speed: completions find the submitter. */
		irq_set_affinity(q->channel.irq, cpumask_of(cpu));
	}
	return 0;
}

/*
 * The back end cannot be used. A new disk ends here. One that has users keeps
 * them waiting, for a back end that can be used or for being detached.
 */
static void conn_refuse(struct moat_disk *disk, int err)
{
	if (!disk->added) {
		xenbus_dev_fatal(disk->xdev, err, "connecting disk %s", disk->name);
		return;
	}
	xenbus_dev_error(disk->xdev, err, "connecting disk %s again", disk->name);
	set_bit(MOAT_DISK_REFUSED, &disk->flags);
	moat_report_update(disk);
}

/**
 * moat_conn_start() - the back end is connected: judge it and begin
 * @disk: the disk, rings offered
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno, which has been reported to xenstore.
 */
int moat_conn_start(struct moat_disk *disk)
{
	char identity[MOAT_IDENTITY_MAX];
	struct moat_traits t;
	int err;

	conn_read_identity(disk, identity, sizeof(identity));
	err = conn_read_traits(disk, &t);
	if (!err && !disk->gd)
		err = moat_disk_build(disk, &t);
	if (!err)
		err = moat_disk_adopt(disk, &t, identity);
	if (err)
		goto err_refuse;
	disk->persistent = disk->offered && t.persistent;
	err = conn_start_rings(disk);
	if (err)
		goto err_refuse;

	disk->link = MOAT_LINK_UP;
	moat_retained_budget(&disk->retained);
	moat_replay_start(disk);
	xenbus_switch_state(disk->xdev, XenbusStateConnected);
	moat_disk_wake(disk);
	queue_work(moat_front_life_wq, &disk->life);
	return 0;

err_refuse:
	conn_refuse(disk, err);
	return err;
}

/**
 * moat_conn_close() - have no rings
 * @disk: the disk, held if it has a gendisk
 *
 * What was in flight waits for the next connection. Idempotent.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_conn_close(struct moat_disk *disk)
{
	LIST_HEAD(inflight);
	unsigned int i;

	for (i = 0; i < disk->nr_queues && disk->queue; i++)
		moat_queue_close(&disk->queue[i], &inflight);
	moat_replay_gather(disk, &inflight);
	kfree(disk->peer);
	disk->peer = NULL;
	disk->link = MOAT_LINK_DOWN;
	disk->drained = false;
	clear_bit(MOAT_DISK_BROKEN, &disk->flags);
	clear_bit(MOAT_DISK_REFUSED, &disk->flags);
	clear_bit(MOAT_DISK_STALLED, &disk->flags);
	moat_disk_lose(disk);
}

/**
 * moat_conn_drop() - the connection is nobody's any more: wait for another
 * @disk: the disk
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_conn_drop(struct moat_disk *disk)
{
	/* One that only waited for its last user to close it goes on. */
	if (!test_bit(MOAT_DISK_GONE, &disk->flags))
		clear_bit(MOAT_DISK_CLOSING, &disk->flags);
	clear_bit(MOAT_DISK_HOLDING, &disk->flags);
	if (disk->link == MOAT_LINK_CLOSED)
		return;
	moat_disk_hold(disk);
	moat_conn_close(disk);
	moat_report_update(disk);
}

/**
 * moat_conn_refresh() - a connected back end announces itself again
 * @disk: the disk, connected
 *
 * That is how a resize is told. A disk that shrinks to nothing has lost its
 * device, which is a fault, not a size: the disk keeps the one it has, and its
 * requests wait for a back end that can serve them.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_conn_refresh(struct moat_disk *disk)
{
	struct moat_announce a;
	struct moat_traits t;
	const char *why;

	conn_read_announce(disk, &a);
	why = moat_announce_check(&a, moat_params.max_segs, &t);
	if (!why && t.block_size != disk->traits.block_size)
		why = "its logical block size is another";
	if (!why)
		moat_disk_resize(disk, t.capacity);
	else if (!a.sectors)
		moat_disk_break(disk, MOAT_TROUBLE_DEVICE, "has lost its device");
	else
		dev_err_ratelimited(&disk->xdev->dev, "%s: not resized: %s\n",
				    disk->name, why);
}
