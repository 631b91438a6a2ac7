// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of a connection: all that a disk has, opened for a back end that waits
 * for them, started when it has taken them, closed when it is gone.
 *
 * The first connection decides how many queues the disk has, how deep they are and
 * how large requests get, by what the domain has left of pages and grants; later
 * ones may have fewer or smaller rings, never more.
 */
#include "rings.h"

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/xenbus.h>

#include "disk.h"
#include "params.h"
#include "poll.h"
#include "replay.h"
#include "traffic.h"

/* ---- open ---- */

static void rings_count_queues(struct moat_disk *disk, unsigned int offered)
{
	unsigned int want = moat_params.max_queues ?: num_online_cpus();
	unsigned int polled = 0;

	want = min(want, offered);
	if (offered > 1)
		polled = min(moat_params.poll_queues, offered - 1);
	want = min(want, offered - polled);
	disk->nr_queues = want + polled;
	disk->nr_polled = polled;
}

static unsigned int rings_pages(const struct moat_rings_offer *offer)
{
	return 1u << min(offer->order, moat_params.ring_order);
}

/**
 * moat_rings_fit() - decide how large the disk is to be, for good
 * @disk: the disk, which has had no rings yet
 * @offer: what the back end allows
 *
 * Context: process, may sleep; only the connection's work.
 * Return: whether it can be at all.
 */
bool moat_rings_fit(struct moat_disk *disk, const struct moat_rings_offer *offer)
{
	struct moat_fit wanted, *fit = &disk->fit;

	rings_count_queues(disk, offer->queues);
	wanted = (struct moat_fit) {
		.rings = disk->nr_queues,
		.ring_pages = rings_pages(offer),
		.segs = moat_params.max_segs,
		.pools = MOAT_POOL_COUNT,
	};
	*fit = wanted;
	if (!moat_share_fit(&disk->share, fit))
		return false;
	if (moat_fit_need(fit) == moat_fit_need(&wanted))
		return true;
	disk->nr_queues = fit->rings;
	disk->nr_polled = min(disk->nr_polled, fit->rings - 1);
	dev_info(&disk->xdev->dev,
		 "%s: few pages or grants are left: %ux%u for rings, %u segments; not %ux%u, %u\n",
		 disk->name, fit->rings, fit->ring_pages, fit->segs, wanted.rings,
		 wanted.ring_pages, wanted.segs);
	return true;
}

static int rings_make_queues(struct moat_disk *disk)
{
	struct moat_queue *queue;
	unsigned int i;
	int err = 0;

	queue = kvcalloc(disk->nr_queues, sizeof(*queue), GFP_NOIO);
	if (!queue)
		return -ENOMEM;
	for (i = 0; i < disk->nr_queues; i++) {
		moat_queue_init(&queue[i], disk, i, &moat_disk_queue_ops, &disk->tune,
				disk->purse, disk->name);
		moat_traffic_init(&queue[i]);
	}
	for (i = 0; i < disk->nr_queues && !err; i++)
		err = moat_sysfs_add_ring(disk->sysfs, i, &queue[i].stat);
	if (err) {
		for (i = 0; i < MOAT_POOL_COUNT; i++)
			moat_purse_init(&disk->purse[i]);
		moat_sysfs_remove_rings(disk->sysfs);
		kvfree(queue);
		return err;
	}
	disk->queue = queue;
	return 0;
}

static int rings_open(struct moat_disk *disk)
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

/* Of the size that is allowed, or of one that there is memory for. */
static int rings_open_smaller(struct moat_disk *disk)
{
	int err = rings_open(disk);

	while (err == -ENOMEM && disk->ring_pages > 1) {
		moat_rings_close(disk);
		disk->ring_pages /= 2;
		err = rings_open(disk);
	}
	return err;
}

static int rings_remember_peer(struct moat_disk *disk)
{
	char *peer = kstrdup(disk->xdev->otherend, GFP_NOIO);

	if (!peer)
		return -ENOMEM;
	kfree(disk->peer);
	disk->peer = peer;
	return 0;
}

/**
 * moat_rings_open() - make rings for a back end that waits for them
 * @disk: the disk, without rings; moat_rings_fit() has said how large it is
 * @offer: what the back end allows
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno; moat_rings_close() is due in both cases.
 */
int moat_rings_open(struct moat_disk *disk, const struct moat_rings_offer *offer)
{
	int err;

	lockdep_assert_held(&disk->lock);
	disk->offered = READ_ONCE(disk->tune.data_path) == MOAT_PATH_PERSISTENT;
	disk->readonly = disk->offered && offer->readonly;
	disk->connection = offer->connection;
	disk->layout = READ_ONCE(moat_params.layout);
	disk->ring_pages = min(rings_pages(offer), disk->fit.ring_pages);
	if (!disk->queue) {
		err = rings_make_queues(disk);
		if (err)
			return err;
	}
	disk->nr_rings = min(disk->nr_queues, offer->queues);
	err = rings_open_smaller(disk);
	if (!err && !disk->depth)
		disk->depth = moat_ring_slots(disk->layout, disk->ring_pages);
	return err ?: rings_remember_peer(disk);
}

/* ---- start ---- */

/* The vCPU that a ring mostly works for. */
static unsigned int ring_cpu(const struct moat_disk *disk, unsigned int ring)
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

/**
 * moat_rings_start() - let requests through the rings
 * @disk: the disk, built, its rings taken up by the back end
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno; moat_rings_close() is due in both cases.
 */
int moat_rings_start(struct moat_disk *disk)
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

	lockdep_assert_held(&disk->lock);
	moat_disk_divide(disk);
	for (i = 0; i < disk->nr_rings; i++) {
		struct moat_queue *q = &disk->queue[i];

		cpu = ring_cpu(disk, i);
		err = moat_queue_start(q, &terms, moat_poller_of(cpu));
		if (err)
			return err;
		/* Only a matter of speed: completions find the submitter. */
		irq_set_affinity(q->channel.irq, cpumask_of(cpu));
	}
	return 0;
}

/* ---- close ---- */

/**
 * moat_rings_close() - have no rings
 * @disk: the disk, quiesced if it has a gendisk
 *
 * What was in flight waits for the next connection. Idempotent.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_rings_close(struct moat_disk *disk)
{
	LIST_HEAD(inflight);
	unsigned int i;

	lockdep_assert_held(&disk->lock);
	if (disk->link == MOAT_LINK_UP && !test_bit(MOAT_DISK_BROKEN, &disk->flags))
		disk->sure = disk->traits.capacity;
	for (i = 0; i < disk->nr_queues && disk->queue; i++)
		moat_queue_close(&disk->queue[i], &inflight);
	moat_replay_gather(disk, &inflight);
	kfree(disk->peer);
	disk->peer = NULL;
	if (disk->link != MOAT_LINK_CLOSED)
		disk->link = MOAT_LINK_DOWN;
	disk->drained = false;
	clear_bit(MOAT_DISK_BROKEN, &disk->flags);
	clear_bit(MOAT_DISK_REFUSED, &disk->flags);
	clear_bit(MOAT_DISK_SHORT, &disk->flags);
	clear_bit(MOAT_DISK_STALLED, &disk->flags);
	clear_bit(MOAT_DISK_LOST, &disk->flags);
}
