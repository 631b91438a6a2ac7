// SPDX-License-Identifier: GPL-2.0
/*
 * One ring of a disk: how it comes and goes, and what is in it. traffic.c moves it.
 *
 * Its states:
 *
 *      moat_queue_open()      moat_queue_start()
 *   none ------------> offered ----------------> live ------------+
 *    ^                    |                       | the back end   |
 *    |                    |                       | breaks the     | moat_queue_stop()
 *    |                    |                       v protocol       v
 *    +--------------------+------------------- broken -------> stopped
 *            moat_queue_close()                                    |
 *    ^                                                             |
 *    +-------------------------------------------------------------+
 *
 * Only a live ring is read, and put into; what is in flight when it is no more is
 * given back by moat_queue_close(), for the next connection.
 */
#include "queue.h"

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

/* ---- what is in it ---- */

/**
 * moat_queue_count() - count in one of the queue's counters
 * @q: the queue
 * @which: the counter
 *
 * For those that do not hold the lock that guards them.
 *
 * Context: process.
 */
void moat_queue_count(struct moat_queue *q, enum moat_ring_stat which)
{
	spin_lock_irq(&q->lock);
	moat_stat_inc(&q->stat, which);
	spin_unlock_irq(&q->lock);
}

/**
 * moat_queue_room() - could a request be issued now?
 * @q: the queue
 *
 * Only who holds the disk can rely on it: else others may be quicker.
 *
 * Context: process.
 */
bool moat_queue_room(struct moat_queue *q)
{
	bool room;

	spin_lock_irq(&q->lock);
	room = q->live && moat_ring_front_room(&q->ring);
	spin_unlock_irq(&q->lock);
	return room;
}

/**
 * moat_queue_defer() - put a request aside
 * @q: the queue
 * @io: the request, nothing of it mapped: it waits for the next connection, or
 *	for moat_queue_undefer()
 *
 * Context: any.
 */
void moat_queue_defer(struct moat_queue *q, struct moat_io *io)
{
	unsigned long irq;

	spin_lock_irqsave(&q->lock, irq);
	list_add_tail(&io->link, &q->deferred);
	spin_unlock_irqrestore(&q->lock, irq);
}

/**
 * moat_queue_undefer() - take back what was put aside on this connection
 * @q: the queue
 * @ios: receives the requests, at its end; none of a ring that is not live
 *
 * Context: process.
 */
void moat_queue_undefer(struct moat_queue *q, struct list_head *ios)
{
	spin_lock_irq(&q->lock);
	if (q->live)
		list_splice_tail_init(&q->deferred, ios);
	spin_unlock_irq(&q->lock);
}

/**
 * moat_queue_busy() - is anything in flight?
 * @q: the queue; if so, its owner is told when something is answered
 *
 * Context: process.
 */
bool moat_queue_busy(struct moat_queue *q)
{
	bool busy;

	spin_lock_irq(&q->lock);
	busy = q->inflight.count || !list_empty(&q->urgent);
	q->tell |= busy;
	spin_unlock_irq(&q->lock);
	return busy;
}

/**
 * moat_queue_tell() - the owner wants to hear when something is answered
 * @q: the queue
 *
 * Context: any.
 */
void moat_queue_tell(struct moat_queue *q)
{
	unsigned long irq;

	spin_lock_irqsave(&q->lock, irq);
	q->tell = true;
	spin_unlock_irqrestore(&q->lock, irq);
}

/**
 * moat_queue_stands() - has it been without an answer for so long?
 * @q: the queue
 * @ns: how long
 *
 * Context: any.
 */
bool moat_queue_stands(struct moat_queue *q, u64 ns)
{
	unsigned long irq;
	bool stands;

	spin_lock_irqsave(&q->lock, irq);
	stands = q->live && q->inflight.count && ktime_get_ns() - q->answered_ns >= ns;
	spin_unlock_irqrestore(&q->lock, irq);
	return stands;
}

/* ---- connections ---- */

/**
 * moat_queue_init() - a queue without a ring
 * @q: the queue, zeroed; moat_traffic_init() is due
 * @disk: its owner
 * @nr: its number
 * @ops: how that hears of it
 * @tune: settings
 * @purse: of what its pools may have, for each kind
 * @name: for the log
 */
void moat_queue_init(struct moat_queue *q, struct moat_disk *disk, unsigned int nr,
		     const struct moat_queue_ops *ops, const struct moat_tune *tune,
		     struct moat_purse *purse, const char *name)
{
	unsigned int i;

	q->disk = disk;
	q->nr = nr;
	q->ops = ops;
	q->tune = tune;
	q->name = name;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->deferred);
	INIT_LIST_HEAD(&q->urgent);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_pool_init(&q->pool[i], &purse[i]);
}

static void queue_free(struct moat_queue *q)
{
	kvfree(q->io);
	kvfree(q->slots);
	q->io = NULL;
	q->slots = NULL;
	q->tags = 0;
}

/* Have memory for so many requests in flight. */
static int queue_alloc(struct moat_queue *q, unsigned int tags)
{
	if (q->tags >= tags)
		return 0;
	queue_free(q);
	q->io = kvcalloc(tags, sizeof(*q->io), GFP_NOIO);
	q->slots = kvcalloc(tags, sizeof(*q->slots), GFP_NOIO);
	if (!q->io || !q->slots) {
		queue_free(q);
		return -ENOMEM;
	}
	q->tags = tags;
	return 0;
}

/**
 * moat_queue_open() - make a ring and an event channel for the back end
 * @q: the queue, without a ring
 * @xdev: the device
 * @layout: layout of the ring's slots
 * @pages: size of the ring
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno; moat_queue_close() is due in both cases.
 */
int moat_queue_open(struct moat_queue *q, struct xenbus_device *xdev,
		    enum moat_layout layout, unsigned int pages)
{
	unsigned int tags = moat_ring_slots(layout, pages);
	int err;

	err = queue_alloc(q, tags);
	if (err)
		return err;
	moat_inflight_init(&q->inflight, q->slots, tags);
	err = moat_channel_open(&q->channel, xdev, pages, q->handler, q->name, q);
	if (err)
		return err;
	moat_ring_create(&q->ring, q->channel.shared, layout, pages);
	moat_ring_disarm_responses(&q->ring);
	return 0;
}

/**
 * moat_queue_start() - the back end has taken the ring: begin
 * @q: the queue, open
 * @terms: what was agreed on
 * @poller: who looks at it when nobody else does
 *
 * Any may look for the answers until moat_traffic_poll() says otherwise.
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or -ENOMEM.
 */
int moat_queue_start(struct moat_queue *q, const struct moat_terms *terms,
		     struct moat_poller *poller)
{
	struct moat_spin_params params = moat_tune_spin(q->tune);
	/* A whole request, and the page of its segments. */
	u32 reserve = terms->max_segs + 1;
	int err = 0;

	moat_pool_open(&q->pool[MOAT_POOL_READ], terms->peer, terms->persistent, false);
	moat_pool_open(&q->pool[MOAT_POOL_WRITE], terms->peer, terms->persistent, true);
	/* One for all rings: each can borrow it. */
	if (!q->nr)
		err = moat_pool_reserve(&q->pool[MOAT_POOL_READ], reserve);
	if (!err && !q->nr && terms->readonly)
		err = moat_pool_reserve(&q->pool[MOAT_POOL_WRITE], reserve);
	if (err)
		return err;
	q->write_pool = terms->readonly ? MOAT_POOL_WRITE : MOAT_POOL_READ;
	q->terms = *terms;
	q->visit.poller = poller;

	moat_spin_init(&q->spin, &params, ktime_get_ns());
	q->armed = false;
	q->excused = false;
	q->early = false;
	q->polled = false;
	q->silent = false;
	q->tell = false;
	q->answered_ns = ktime_get_ns();
	spin_lock_irq(&q->lock);
	WRITE_ONCE(q->live, true);
	spin_unlock_irq(&q->lock);
	return 0;
}

/**
 * moat_queue_stop() - look at the ring no more
 * @q: the queue
 *
 * What is in flight stays so.
 *
 * Context: process, may sleep; the disk's queue is quiesced, so nobody submits.
 */
void moat_queue_stop(struct moat_queue *q)
{
	spin_lock_irq(&q->lock);
	WRITE_ONCE(q->live, false);
	if (q->watched)
		moat_visit_end(&q->visit);
	q->watched = false;
	spin_unlock_irq(&q->lock);
	moat_visit_wait(&q->visit);
	moat_channel_silence(&q->channel, q);
}

static int by_order(const void *a, const void *b)
{
	u64 x = (*(struct moat_io *const *)a)->order;
	u64 y = (*(struct moat_io *const *)b)->order;

	return x < y ? -1 : x > y;
}

/* Move what is in flight to a list, in the order of issue. */
static void queue_withdraw(struct moat_queue *q, struct list_head *ios)
{
	u32 tag, n = 0, i;

	/* The table is not needed any more: gather the requests in it. */
	for (tag = 0; tag < q->inflight.size; tag++) {
		u64 order = q->inflight.slots[tag].order;

		if (!moat_inflight_withdraw(&q->inflight, tag))
			continue;
		q->io[n] = q->io[tag];
		q->io[n++]->order = order;
	}
	sort(q->io, n, sizeof(*q->io), by_order, NULL);
	for (i = 0; i < n; i++)
		list_add_tail(&q->io[i]->link, ios);
}

/**
 * moat_queue_close() - give up the ring
 * @q: the queue
 * @unanswered: receives, at its end, the requests that were put aside, in
 *	flight, or in the line for the ring; in order, nothing of them mapped
 *
 * Idempotent. Pages that the back end still maps are freed once it does not.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_queue_close(struct moat_queue *q, struct list_head *unanswered)
{
	struct moat_io *io;
	unsigned int i;
	LIST_HEAD(mine);

	moat_queue_stop(q);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_pool_close(&q->pool[i]);
	list_splice_init(&q->deferred, &mine);
	queue_withdraw(q, &mine);
	list_splice_tail_init(&q->urgent, &mine);
	list_for_each_entry(io, &mine, link)
		moat_io_drop(io);
	list_splice_tail(&mine, unanswered);

	moat_inflight_init(&q->inflight, NULL, 0);
	moat_channel_close(&q->channel);
}

/**
 * moat_queue_deinit() - let go of what was kept from connection to connection
 * @q: the queue, closed
 *
 * Context: any.
 */
void moat_queue_deinit(struct moat_queue *q)
{
	queue_free(q);
	moat_channel_free(&q->channel);
}
