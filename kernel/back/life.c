// SPDX-License-Identifier: GPL-2.0
/*
 * How a ring is taken up, and given back.
 *
 * Between the two it is its poller's: see kernel/back/queue.c.
 */
#include "life.h"

#include <linux/interrupt.h>
#include <linux/slab.h>
#include <xen/events.h>

#include "disk.h"
#include "kernel/common/tune.h"
#include "params.h"
#include "queue.h"

static irqreturn_t queue_event(int irq, void *data)
{
	struct moat_queue *queue = data;

	/* The poller may need it before bind_...() has returned it. */
	WRITE_ONCE(queue->irq, irq);
	set_bit(MOAT_CLIENT_EVENT, &queue->source.client.flags);
	moat_queue_kick(queue);
	return IRQ_HANDLED;
}

static int queue_make_jobs(struct moat_queue *queue)
{
	u32 i;

	queue->jobs = kvcalloc(queue->ring.size, sizeof(*queue->jobs), GFP_KERNEL);
	if (!queue->jobs)
		return -ENOMEM;
	for (i = 0; i < queue->ring.size; i++) {
		moat_job_init(&queue->jobs[i], &queue->source);
		list_add_tail(&queue->jobs[i].errand.link, &queue->unused);
	}
	return 0;
}

static int queue_make_journal(struct moat_queue *queue)
{
	u32 size = queue->ring.size;

	queue->journal.place = kvcalloc(2 * size, sizeof(*queue->journal.place), GFP_KERNEL);
	if (!queue->journal.place)
		return -ENOMEM;
	queue->journal.holder = queue->journal.place + size;
	return 0;
}

/* Go on where whoever served it before has ended, wherever that was. */
static int queue_go_on(struct moat_queue *queue)
{
	u32 count;
	int err = moat_journal_resume(&queue->ring);

	if (err)
		return err;
	err = moat_ring_requests(&queue->ring, &count);
	if (!err)
		moat_stat_add(&queue->stat, MOAT_STAT_taken_up, count);
	return err;
}

static int queue_take_up(struct moat_queue *queue, const struct moat_queue_setup *setup)
{
	u32 count;
	int err = moat_ring_requests(&queue->ring, &count);

	if (err || !setup->journal)
		return err;
	err = queue_make_journal(queue);
	if (err)
		return err;
	if (setup->in_use)
		return queue_go_on(queue);
	moat_journal_start(&queue->ring);
	return 0;
}

/* Where xenbus cannot map a page it says Closing, and a front end that uses the disk would
 * obey. Of a device that is closing it does not say it again.
 */
static int queue_map_pages(struct xenbus_device *dev, const struct moat_queue_setup *setup,
			   void **addr)
{
	enum xenbus_state state = dev->state;
	grant_ref_t gref[XENBUS_MAX_RING_GRANTS];
	int err;

	memcpy(gref, setup->gref, sizeof(gref));
	if (setup->in_use)
		dev->state = XenbusStateClosing;
	err = xenbus_map_ring_valloc(dev, gref, setup->pages, addr);
	if (setup->in_use)
		dev->state = state;
	return err;
}

static int queue_map_ring(struct moat_queue *queue, const struct moat_queue_setup *setup)
{
	struct xenbus_device *dev = queue->host->dev;
	void *addr;
	int err;

	err = queue_map_pages(dev, setup, &addr);
	if (err)
		return err;
	moat_ring_serve(&queue->ring, addr, setup->layout, setup->pages);
	err = queue_take_up(queue, setup);
	if (err)
		xenbus_unmap_ring_vfree(dev, addr);
	return err;
}

static void queue_init(struct moat_queue *queue, const struct moat_queue_host *host,
		       const struct moat_queue_setup *setup, struct moat_tenant *tenant)
{
	struct moat_spin_params params = moat_tune_spin(host->tune);
	struct moat_source *source = &queue->source;

	source->ops = &moat_queue_source_ops;
	source->nr = setup->nr;
	source->disk = host->disk;
	source->peer.domid = tenant->domid;
	source->peer.tenant = tenant;
	source->peer.stat = &queue->stat;
	source->persistent_ro = setup->persistent_ro;
	queue->host = host;
	queue->may_persist = setup->persistent;
	queue->in_use = setup->in_use;
	/* Xen raises an event of its own when a channel is bound. */
	queue->worked = true;
	queue->trim = jiffies + MOAT_QUEUE_TRIM_JIFFIES;
	INIT_LIST_HEAD(&queue->unused);
	moat_spin_init(&queue->spin, &params, ktime_get_ns());
}

/**
 * moat_queue_create() - take up a front end's ring
 * @host: what it is a part of
 * @setup: what the front end said of the ring
 *
 * Context: process, may sleep.
 * Return: the ring, not served yet, or an ERR_PTR(); -EPROTO if what the front end can
 * write there makes no sense; -ENOENT if it is in use and no journal has been kept.
 */
struct moat_queue *moat_queue_create(const struct moat_queue_host *host,
				     const struct moat_queue_setup *setup)
{
	struct moat_tenant *tenant = moat_tenant_get(host->dev->otherend_id);
	struct moat_queue *queue;
	int err = -ENOMEM;

	might_sleep();
	if (!tenant)
		return ERR_PTR(-ENOMEM);
	queue = kvzalloc(sizeof(*queue), GFP_KERNEL);
	if (!queue)
		goto err_put;
	queue_init(queue, host, setup, tenant);
	err = moat_persistent_init(&queue->source.persistent,
				   setup->persistent ? moat_params_persistent() : 0,
				   moat_params_persistent_age());
	if (err)
		goto err_free;
	err = queue_map_ring(queue, setup);
	if (err)
		goto err_persistent;
	err = moat_poller_join(&queue->source.client, tenant->domid);
	if (err)
		goto err_unmap;
	queue->unmaps.foreign = &queue->source.client.poller->transfer.foreign;
	err = queue_make_jobs(queue);
	if (err)
		goto err_leave;
	return queue;

err_leave:
	moat_poller_leave(&queue->source.client);
err_unmap:
	xenbus_unmap_ring_vfree(host->dev, queue->ring.shared);
err_persistent:
	moat_persistent_deinit(&queue->source.persistent, &queue->source.peer, &queue->unmaps);
err_free:
	kvfree(queue->journal.place);
	kvfree(queue);
err_put:
	moat_tenant_put(tenant);
	return ERR_PTR(err);
}

/**
 * moat_queue_start() - serve the ring from now on
 * @queue: the ring
 * @port: the front end's event channel
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int moat_queue_start(struct moat_queue *queue, evtchn_port_t port)
{
	int irq;

	irq = bind_interdomain_evtchn_to_irqhandler_lateeoi(queue->host->dev, port,
							    queue_event, 0, "moat-back",
							    queue);
	if (irq < 0)
		return irq;
	WRITE_ONCE(queue->irq, irq);
	/* A wish: where it cannot be had, the poller is woken across CPUs. */
	irq_set_affinity(irq, cpumask_of(queue->source.client.poller->cpu));
	WRITE_ONCE(queue->state, MOAT_QUEUE_OPEN);
	/* The event of the last answer may have died with who should have sent it. */
	if (queue->in_use)
		notify_remote_via_irq(irq);
	/* Requests may have come before. */
	moat_queue_kick(queue);
	return 0;
}

/**
 * moat_queue_stop() - serve the ring no more
 * @queue: the ring, started or not, that nobody but its own event kicks any more
 *
 * Waits until what is under way on the disk is done, however long that takes; what
 * has not begun is left to the front end's next connection.
 *
 * Context: process, may sleep long; once.
 */
void moat_queue_stop(struct moat_queue *queue)
{
	struct moat_client *client = &queue->source.client;

	might_sleep();
	if (queue->irq)
		disable_irq(queue->irq);
	moat_poller_stop(client);
	/* TASK_IDLE: a slow disk is no hung task, which would end the domain. */
	wait_for_completion_state(&client->stopped, TASK_IDLE);
	if (queue->irq)
		unbind_from_irqhandler(queue->irq, queue);
	queue->irq = 0;
}

/**
 * moat_queue_destroy() - give everything back
 * @queue: the ring, stopped
 *
 * Context: process, may sleep long.
 */
void moat_queue_destroy(struct moat_queue *queue)
{
	struct moat_source *source = &queue->source;

	might_sleep();
	WARN_ON_ONCE(queue->state != MOAT_QUEUE_STOPPED);
	moat_persistent_deinit(&source->persistent, &source->peer, &queue->unmaps);
	moat_poller_leave(&source->client);
	kvfree(queue->jobs);
	kvfree(queue->journal.place);
	xenbus_unmap_ring_vfree(queue->host->dev, queue->ring.shared);
	moat_tenant_put(source->peer.tenant);
	kvfree(queue);
}
