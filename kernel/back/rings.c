// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of a connection: opened and served together, and given back together.
 */
#include "rings.h"

#include <linux/err.h>
#include <linux/slab.h>

#include "handshake.h"
#include "kernel/common/sysfs.h"
#include "life.h"
#include "queue.h"

/**
 * moat_rings_init() - make it ready for use
 * @rings: zeroed
 */
void moat_rings_init(struct moat_rings *rings)
{
	mutex_init(&rings->lock);
}

/* Counterpart of moat_rings_init(); all have been given back. */
void moat_rings_deinit(struct moat_rings *rings)
{
	mutex_destroy(&rings->lock);
}

static int rings_add(const struct moat_queue_host *host, struct moat_sysfs *sysfs,
		     const struct moat_front *front, struct moat_queue **queues,
		     unsigned int nr)
{
	struct moat_queue_setup setup;
	struct moat_queue *queue;
	int err;

	err = moat_handshake_read_queue(host->dev, front, nr, &setup);
	if (err)
		return err;
	queue = moat_queue_create(host, &setup);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	queues[nr] = queue;
	err = moat_sysfs_add_ring(sysfs, nr, &queue->stat);
	if (err)
		return err;
	return moat_queue_start(queue, setup.port);
}

/**
 * moat_rings_open() - take up a front end's rings and serve them
 * @rings: no ring serves
 * @host: what they are a part of
 * @sysfs: where their counters are shown
 * @front: what the front end asked for
 *
 * Settings that change reach only rings that serve; those of a connection that came
 * to nothing leave unseen.
 *
 * Context: process, may sleep.
 * Return: 0; or a negative errno, with what there is of them about to leave.
 */
int moat_rings_open(struct moat_rings *rings, const struct moat_queue_host *host,
		    struct moat_sysfs *sysfs, const struct moat_front *front)
{
	struct moat_queue **queues;
	unsigned int nr;
	int err = 0;

	might_sleep();
	queues = kcalloc(front->nr_queues, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return -ENOMEM;
	for (nr = 0; !err && nr < front->nr_queues; nr++)
		err = rings_add(host, sysfs, front, queues, nr);
	for (nr = 0; nr < front->nr_queues && queues[nr]; nr++)
		;
	if (err) {
		rings->leaving = queues;
		rings->nr_leaving = nr;
		return err;
	}
	mutex_lock(&rings->lock);
	rings->queues = queues;
	rings->nr = nr;
	mutex_unlock(&rings->lock);
	/* For what was changed before they could be seen. */
	moat_rings_kick(rings);
	return 0;
}

/**
 * moat_rings_kick() - have all rings visited
 * @rings: the rings, if there are any
 *
 * Context: process, may sleep.
 */
void moat_rings_kick(struct moat_rings *rings)
{
	unsigned int i;

	mutex_lock(&rings->lock);
	for (i = 0; rings->queues && i < rings->nr; i++)
		moat_queue_kick(rings->queues[i]);
	mutex_unlock(&rings->lock);
}

/**
 * moat_rings_broken() - has the front end broken the protocol on one of them?
 * @rings: the rings, if there are any
 *
 * Context: whoever opens them and has them leave.
 */
bool moat_rings_broken(const struct moat_rings *rings)
{
	unsigned int i;

	for (i = 0; rings->queues && i < rings->nr; i++)
		if (moat_queue_broken(rings->queues[i]))
			return true;
	return false;
}

/**
 * moat_rings_leave() - nobody reaches them any more, but who drains them
 * @rings: the rings, if there are any; none of before is still to be drained
 *
 * Context: process, may sleep.
 */
void moat_rings_leave(struct moat_rings *rings)
{
	mutex_lock(&rings->lock);
	if (rings->queues) {
		rings->leaving = rings->queues;
		rings->nr_leaving = rings->nr;
	}
	rings->queues = NULL;
	mutex_unlock(&rings->lock);
}

/**
 * moat_rings_drain() - give back those that leave
 * @rings: the rings, if there are any
 *
 * Waits for what is under way on the disk.
 *
 * Context: process, may sleep long.
 */
void moat_rings_drain(struct moat_rings *rings)
{
	unsigned int i;

	might_sleep();
	for (i = 0; i < rings->nr_leaving; i++)
		moat_queue_stop(rings->leaving[i]);
	for (i = 0; i < rings->nr_leaving; i++)
		moat_queue_destroy(rings->leaving[i]);
	kfree(rings->leaving);
	rings->leaving = NULL;
	rings->nr_leaving = 0;
}
