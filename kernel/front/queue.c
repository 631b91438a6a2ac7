// SPDX-License-Identifier: GPL-2.0
/*
 * One ring: issue requests, take responses, and see that somebody looks.
 *
 * While something is in flight, one of these looks for the responses: the
 * interrupt handler (the ring is armed), the poller (watched), submitters
 * (spinners), or the callers of .poll. queue_settle() restores that invariant
 * wherever it may have been broken; with nothing in flight nobody needs to.
 * Arming is good for one event: taking a response disarms.
 *
 * Late EOI. An interrupt that found nothing is reported as spurious, and Xen's
 * event code then throttles the channel. That is meant for a hostile peer, not
 * for us having taken the response first; so whoever disarms, or takes a
 * response from an armed ring outside the handler, leaves an excuse behind
 * that the next interrupt uses up.
 *
 * A response is believed only as far as core/inflight.h bears it out. After a
 * breach of the protocol the ring is not live any more: nothing reads it, and
 * what is in flight is held for the next connection.
 */
#include "queue.h"

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <xen/events.h>

#include <moat/keys.h>

#include "disk.h"
#include "io.h"
#include "mq.h"
#include "params.h"
#include "poll.h"
#include "trace.h"

static u32 queue_mode(const struct moat_queue *q)
{
	return READ_ONCE(q->disk->tune.mode);
}

/* ---- taking responses ---- */

/* The back end broke the protocol: stop this ring. Lock held. */
static void queue_break(struct moat_queue *q, const char *why)
{
	WRITE_ONCE(q->live, false);
	moat_stat_inc(&q->stat, MOAT_STAT_protocol_errors);
	moat_disk_break(q->disk, MOAT_TROUBLE_PROTOCOL, why);
}

static void queue_count(struct moat_queue *q, struct request *rq, u64 now)
{
	struct moat_io *io = moat_io_of(rq);
	struct moat_stat *stat = &q->stat;

	switch (req_op(rq)) {
	case REQ_OP_READ:
		moat_stat_inc(stat, MOAT_STAT_reads);
		moat_stat_add(stat, MOAT_STAT_bytes_read, blk_rq_bytes(rq));
		moat_stat_add(stat, MOAT_STAT_bytes_copied, io->copied);
		break;
	case REQ_OP_WRITE:
		moat_stat_inc(stat, MOAT_STAT_writes);
		moat_stat_add(stat, MOAT_STAT_bytes_written, blk_rq_bytes(rq));
		break;
	case REQ_OP_FLUSH:
		moat_stat_inc(stat, MOAT_STAT_flushes);
		break;
	default:
		moat_stat_inc(stat, MOAT_STAT_discards);
		break;
	}
	if (io->status)
		moat_stat_inc(stat, MOAT_STAT_errors);
	moat_stat_latency(stat, now - io->issued_ns);
}

/* One response. Lock held. Return: whether the protocol was kept. */
static bool queue_answer(struct moat_queue *q, const struct moat_response *rsp,
			 u64 now, struct list_head *done)
{
	struct request *rq;
	struct moat_io *io;
	int ended;
	u32 slot;

	if (moat_inflight_match(&q->inflight, rsp, &slot)) {
		queue_break(q, "sent a response that no request can have");
		return false;
	}
	rq = q->rq[slot];
	io = moat_io_of(rq);
	io->status = moat_mq_status(rq, rsp->status);
	ended = moat_io_revoke(io);
	if (ended < 0) {
		/* It may still write to the pages: not over yet. */
		list_add_tail(&io->link, &q->held);
		queue_break(q, "keeps pages of an answered request");
		return false;
	}
	moat_stat_add(&q->stat, MOAT_STAT_grants_ended, ended);
	if (io->keep && io->status == BLK_STS_OK)
		moat_stat_inc(&q->stat, MOAT_STAT_retained);
	/* Before anybody is told: what is told must not be lost from here on. */
	moat_retained_answer(q->disk, rq);
	queue_count(q, rq, now);
	trace_moat_front_answer(q, slot, rq, rsp->status, now - io->issued_ns);
	list_add_tail(&io->link, done);
	return true;
}

/* Tell those who wait for the ring to move, or to be empty. Lock held. */
static void queue_moves(struct moat_queue *q)
{
	unsigned long *flags = &q->disk->flags;

	if (likely(!(READ_ONCE(*flags) & (BIT(MOAT_DISK_STALLED) | BIT(MOAT_DISK_HOLDING)))))
		return;
	if (test_and_clear_bit(MOAT_DISK_STALLED, flags) || !q->inflight.count)
		moat_disk_wake(q->disk);
}

/*
 * Take all responses that wait. Lock held, live.
 * Return: how many.
 */
static u32 queue_take(struct moat_queue *q, struct list_head *done)
{
	struct moat_response rsp;
	u32 i, n;
	u64 now;

	if (moat_ring_responses(&q->ring, &n)) {
		queue_break(q, "claims more responses than requests");
		return 0;
	}
	if (!n)
		return 0;
	if (q->armed)
		q->excused = true;
	q->armed = false;
	now = ktime_get_ns();
	q->answered_ns = now;
	for (i = 0; i < n; i++) {
		moat_ring_take_response(&q->ring, &rsp);
		if (!queue_answer(q, &rsp, now, done))
			break;
	}
	queue_moves(q);
	return i;
}

/*
 * Hand what was answered back to the block layer: into the caller's batch, or all of it
 * at once. No lock held.
 */
static void queue_finish(struct list_head *done, struct io_comp_batch *batch)
{
	struct moat_io *io, *next;
	DEFINE_IO_COMP_BATCH(own);

	/* An io is gone once it is completed. */
	list_for_each_entry_safe(io, next, done, link) {
		INIT_LIST_HEAD(&io->link);
		moat_mq_complete(moat_io_request(io), batch ?: &own);
	}
	if (own.complete)
		own.complete(&own);
}

/* ---- who looks ---- */

static void queue_disarm(struct moat_queue *q)
{
	if (!q->armed)
		return;
	moat_ring_disarm_responses(&q->ring);
	q->armed = false;
	/* The response may have been announced already. */
	q->excused = true;
}

/* Is something in flight that nobody looks for? */
static bool queue_unwatched(const struct moat_queue *q)
{
	return q->live && q->inflight.count && !q->polled && !q->armed &&
	       !q->watched && !q->spinners;
}

/*
 * See to it that somebody looks: the poller in mode spin, else the interrupt
 * handler; what came before the ring was armed is taken. Lock held.
 */
static void queue_settle(struct moat_queue *q, struct list_head *done)
{
	u32 n;

	while (queue_unwatched(q)) {
		if (queue_mode(q) == MOAT_MODE_SPIN) {
			moat_poller_add(q);
			break;
		}
		moat_stat_inc(&q->stat, MOAT_STAT_arms);
		if (moat_ring_arm_responses(&q->ring, &n)) {
			queue_break(q, "claims more responses than requests");
			break;
		}
		if (!n) {
			q->armed = true;
			moat_stat_inc(&q->stat, MOAT_STAT_sleeps);
			break;
		}
		/* Nothing was announced unless it came behind the arming. */
		q->excused = true;
		queue_take(q, done);
	}
}

/* ---- submitting ---- */

/* What is left to do for a submission once the lock is dropped. */
struct push {
	struct list_head done;
	bool notify;
	bool spin;
};

/* Move the index. Lock held, live, with something to show. */
static void queue_show(struct moat_queue *q, struct push *push)
{
	push->notify = moat_ring_push_requests(&q->ring);
	moat_stat_inc(&q->stat, push->notify ? MOAT_STAT_notify_sent :
					       MOAT_STAT_notify_suppressed);
	trace_moat_front_push(q, push->notify, push->spin);
}

/* Show the back end what was issued. Lock held, live. */
static void queue_push(struct moat_queue *q, struct push *push)
{
	/* Somebody else's push may have shown it, and seen to the rest. */
	if (q->ring.prod == q->ring.pushed && !q->early)
		return;
	q->early = false;
	if (!q->polled && !q->watched && !q->spinners) {
		switch (moat_poll_choose(q)) {
		case MOAT_WATCH_INLINE:
			queue_disarm(q);
			q->spinners++;
			push->spin = true;
			break;
		case MOAT_WATCH_THREAD:
			queue_disarm(q);
			moat_poller_add(q);
			break;
		case MOAT_WATCH_EVENT:
			queue_settle(q, &push->done);
			break;
		}
	}
	if (q->ring.prod != q->ring.pushed)
		queue_show(q, push);
}

/* Another request of a batch follows: show those before it, if they are worth it, so that
 * the back end works on them while the rest is made ready. Who watches for the answers is
 * decided when the batch is whole. Lock held.
 */
static void queue_push_early(struct moat_queue *q, struct push *push)
{
	u32 waiting = q->ring.prod - q->ring.pushed;

	if (!q->live || !waiting || waiting < READ_ONCE(moat_params.early))
		return;
	q->early = true;
	queue_show(q, push);
}

/* The part of a submission that needs no lock. */
static void queue_pushed(struct moat_queue *q, struct push *push)
{
	/* The irq cannot go: the connection outlives the submission. */
	if (push->notify)
		notify_remote_via_irq(q->irq);
	queue_finish(&push->done, NULL);
	if (push->spin)
		moat_poll_inline(q);
}

/* Slots are numbered through all the hardware contexts that share the ring. */
static u32 queue_slot(const struct moat_queue *q, const struct request *rq)
{
	const struct moat_disk *disk = q->disk;

	return rq->mq_hctx->queue_num / disk->nr_rings *
	       (disk->depth + MOAT_RESERVED_TAGS) + rq->tag;
}

/* Put a request into the ring. Lock held. Return: whether there was room. */
static bool queue_put(struct moat_queue *q, struct request *rq, u32 flags)
{
	struct moat_io *io = moat_io_of(rq);
	u32 slot = queue_slot(q, rq);
	struct moat_request wire;

	if (!q->live || !moat_ring_front_room(&q->ring))
		return false;
	moat_io_wire(rq, &wire);
	if (WARN_ON_ONCE(moat_inflight_issue(&q->inflight, slot, io->op, &wire.id)))
		return false;
	q->rq[slot] = rq;
	if (q->inflight.count == 1)
		moat_spin_start(&q->spin, io->issued_ns);
	moat_ring_put_request(&q->ring, &wire);

	moat_stat_add(&q->stat, MOAT_STAT_grants_issued, io->grants);
	io->grants = 0;
	if (io->op == MOAT_OP_WRITE)
		moat_stat_add(&q->stat, MOAT_STAT_bytes_copied, io->copied);
	if (flags & MOAT_ISSUE_REPLAY)
		moat_stat_inc(&q->stat, MOAT_STAT_replays);
	trace_moat_front_issue(q, slot, rq);
	return true;
}

/**
 * moat_queue_issue() - send a request
 * @q: the queue
 * @rq: the request, started and mapped
 * @flags: MOAT_ISSUE_PUSH unless more follow or moat_queue_commit() does;
 *	MOAT_ISSUE_REPLAY to count it as issued again
 *
 * The request may be completed before this returns.
 *
 * Context: process or softirq; the connection stays open meanwhile.
 * Return: 0, or -EAGAIN if the ring is full or not live.
 */
int moat_queue_issue(struct moat_queue *q, struct request *rq, u32 flags)
{
	struct push push = { .done = LIST_HEAD_INIT(push.done) };
	unsigned long irq;
	bool put;

	spin_lock_irqsave(&q->lock, irq);
	if (!(flags & MOAT_ISSUE_PUSH))
		queue_push_early(q, &push);
	put = queue_put(q, rq, flags);
	if (put && (flags & MOAT_ISSUE_PUSH))
		queue_push(q, &push);
	spin_unlock_irqrestore(&q->lock, irq);
	queue_pushed(q, &push);
	return put ? 0 : -EAGAIN;
}

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
 * moat_queue_keep() - keep a request for the next connection
 * @q: the queue, not live any more
 * @io: the request, dropped
 *
 * Context: process.
 */
void moat_queue_keep(struct moat_queue *q, struct moat_io *io)
{
	spin_lock_irq(&q->lock);
	list_add_tail(&io->link, &q->held);
	spin_unlock_irq(&q->lock);
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

/**
 * moat_queue_commit() - push what was issued without MOAT_ISSUE_PUSH
 * @q: the queue
 *
 * Context: as moat_queue_issue().
 */
void moat_queue_commit(struct moat_queue *q)
{
	struct push push = { .done = LIST_HEAD_INIT(push.done) };
	unsigned long irq;

	spin_lock_irqsave(&q->lock, irq);
	if (q->live)
		queue_push(q, &push);
	spin_unlock_irqrestore(&q->lock, irq);
	queue_pushed(q, &push);
}

/* ---- looking ---- */

/**
 * moat_queue_look() - take what has been answered
 * @q: the queue
 * @batch: collects completions for the caller to end, or NULL
 *
 * Context: any.
 * Return: number of responses taken.
 */
int moat_queue_look(struct moat_queue *q, struct io_comp_batch *batch)
{
	unsigned long irq;
	LIST_HEAD(done);
	u32 n = 0;

	spin_lock_irqsave(&q->lock, irq);
	if (q->live) {
		n = queue_take(q, &done);
		moat_stat_inc(&q->stat, n ? MOAT_STAT_spin_hits : MOAT_STAT_spin_misses);
		queue_settle(q, &done);
	}
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, batch);
	return n;
}

/**
 * moat_queue_spun() - a submitter has stopped looking
 * @q: the queue
 * @misses: how often it had looked in vain
 *
 * Takes what there is; somebody else looks for the rest.
 *
 * Context: process.
 */
void moat_queue_spun(struct moat_queue *q, u32 misses)
{
	struct moat_spin_params params = moat_tune_spin(&q->disk->tune);
	unsigned long irq;
	LIST_HEAD(done);
	u64 now;

	spin_lock_irqsave(&q->lock, irq);
	now = ktime_get_ns();
	q->spinners--;
	moat_stat_add(&q->stat, MOAT_STAT_spin_misses, misses);
	/* All looks in vain as one: they were made on a copy of the policy's state. */
	if (misses)
		moat_spin_look(&q->spin, &params, now, false, false);
	if (q->live && queue_take(q, &done)) {
		moat_stat_inc(&q->stat, MOAT_STAT_spin_hits);
		moat_spin_look(&q->spin, &params, now, true, false);
	}
	queue_settle(q, &done);
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
}

/**
 * moat_queue_visit() - the poller's look
 * @q: the queue, watched
 * @busy: the vCPU has other runnable work
 *
 * Ends the watch when nothing is in flight, or the policy says so.
 *
 * Context: the poller.
 * Return: whether it found responses.
 */
bool moat_queue_visit(struct moat_queue *q, bool busy)
{
	struct moat_spin_params params = moat_tune_spin(&q->disk->tune);
	enum moat_spin_verdict verdict;
	unsigned long irq;
	LIST_HEAD(done);
	bool found;

	spin_lock_irqsave(&q->lock, irq);
	found = q->live && queue_take(q, &done);
	moat_stat_inc(&q->stat, found ? MOAT_STAT_spin_hits : MOAT_STAT_spin_misses);
	if (q->watched) {
		/* Told of what was found even if it was the last: it learns. */
		verdict = moat_spin_look(&q->spin, &params, ktime_get_ns(), found, busy);
		if (!q->live || !q->inflight.count || verdict == MOAT_SPIN_ARM) {
			moat_poller_leave(q);
			queue_settle(q, &done);
		}
	}
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
	return found;
}

/**
 * moat_queue_retune() - the mode may have changed
 * @q: the queue
 *
 * Whoever looks now notices at the next look; only an armed ring has nobody
 * to notice, and one that should spin is taken over here.
 *
 * Context: process.
 */
void moat_queue_retune(struct moat_queue *q)
{
	unsigned long irq;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, irq);
	if (q->live && queue_mode(q) == MOAT_MODE_SPIN) {
		queue_disarm(q);
		queue_settle(q, &done);
	}
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
}

/* ---- events ---- */

/*
 * Events follow each other closely and the vCPU is about to sleep in between:
 * let the poller catch the next ones. Lock held.
 */
static void queue_follow(struct moat_queue *q)
{
	if (queue_mode(q) != MOAT_MODE_ADAPTIVE || !q->spin.window_ns)
		return;
	/* A task that a completion has woken needs the vCPU more. */
	if (is_idle_task(current) && !need_resched() && queue_unwatched(q))
		moat_poller_add(q);
}

/* Somebody has to look for what is still in flight. No lock held. */
static void queue_event_done(struct moat_queue *q)
{
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, flags);
	queue_follow(q);
	queue_settle(q, &done);
	spin_unlock_irqrestore(&q->lock, flags);
	queue_finish(&done, NULL);
}

static irqreturn_t queue_event(int irq, void *data)
{
	struct moat_queue *q = data;
	struct moat_spin_params params = moat_tune_spin(&q->disk->tune);
	unsigned long flags;
	bool found = false, honest = false;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, flags);
	moat_stat_inc(&q->stat, MOAT_STAT_events);
	if (q->live) {
		found = queue_take(q, &done);
		if (found)
			moat_spin_event(&q->spin, &params, ktime_get_ns());
		else
			moat_stat_inc(&q->stat, MOAT_STAT_events_spurious);
		honest = found || q->excused;
		q->excused = false;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	queue_finish(&done, NULL);
	if (found)
		queue_event_done(q);
	xen_irq_lateeoi(irq, honest ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

/* ---- life ---- */

/**
 * moat_queue_init() - a queue without a ring
 * @q: the queue, zeroed
 * @disk: its disk
 * @nr: its number
 */
void moat_queue_init(struct moat_queue *q, struct moat_disk *disk,
		     unsigned int nr)
{
	unsigned int i;

	q->disk = disk;
	q->nr = nr;
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->held);
	INIT_LIST_HEAD(&q->poll_link);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_pool_init(&q->pool[i]);
}

/**
 * moat_queue_open() - make a ring and an event channel for the back end
 * @q: the queue, without a ring
 * @pages: size of the ring
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or a negative errno; moat_queue_close() is due in both cases.
 */
int moat_queue_open(struct moat_queue *q, unsigned int pages)
{
	struct xenbus_device *xdev = q->disk->xdev;
	int err;

	err = xenbus_setup_ring(xdev, GFP_NOIO, &q->shared, pages, q->grefs);
	if (err)
		return err;
	q->pages = pages;
	moat_ring_create(&q->ring, q->shared, q->disk->layout, pages);
	moat_ring_disarm_responses(&q->ring);

	err = xenbus_alloc_evtchn(xdev, &q->port);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler_lateeoi(q->port, queue_event, 0,
						q->disk->name, q);
	if (err <= 0) {
		xenbus_free_evtchn(xdev, q->port);
		return err ?: -EIO;
	}
	q->irq = err;
	return 0;
}

/**
 * moat_queue_start() - the back end has taken the ring: begin
 * @q: the queue, open
 * @persistent: grants stay mapped between requests
 * @readonly: and those of pages for writing are read-only
 * @slots: number of requests that can be in flight
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0 or -ENOMEM.
 */
int moat_queue_start(struct moat_queue *q, bool persistent, bool readonly,
		     unsigned int slots)
{
	struct moat_spin_params params = moat_tune_spin(&q->disk->tune);
	domid_t peer = q->disk->xdev->otherend_id;
	struct moat_inflight_slot *slot;
	int err;

	/* A whole request, and the page of its segments. */
	err = moat_pool_open(&q->pool[MOAT_POOL_READ], peer, persistent, false,
			     q->disk->max_segs + 1);
	if (!err && readonly)
		err = moat_pool_open(&q->pool[MOAT_POOL_WRITE], peer, persistent,
				     true, q->disk->max_segs + 1);
	if (err)
		return err;
	q->write_pool = readonly ? MOAT_POOL_WRITE : MOAT_POOL_READ;

	q->rq = kvcalloc(slots, sizeof(*q->rq), GFP_NOIO);
	slot = kvcalloc(slots, sizeof(*slot), GFP_NOIO);
	moat_inflight_init(&q->inflight, slot, slots);
	if (!q->rq || !slot)
		return -ENOMEM;
	moat_spin_init(&q->spin, &params, ktime_get_ns());
	q->armed = false;
	q->excused = false;
	q->early = false;
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
 * Context: process, may sleep; the disk is held, so nobody submits.
 */
void moat_queue_stop(struct moat_queue *q)
{
	spin_lock_irq(&q->lock);
	WRITE_ONCE(q->live, false);
	spin_unlock_irq(&q->lock);
	moat_poller_drop(q);
	if (q->irq)
		unbind_from_irqhandler(q->irq, q);
	q->irq = 0;
}

static int by_order(const void *a, const void *b)
{
	u64 x = (*(struct moat_io *const *)a)->order;
	u64 y = (*(struct moat_io *const *)b)->order;

	return x < y ? -1 : x > y;
}

/* Move what is in flight to a list, in the order of issue. */
static void queue_withdraw(struct moat_queue *q, struct list_head *replay)
{
	struct moat_io **io = (struct moat_io **)q->rq;
	u32 slot, n = 0, i;

	/* The table is not needed any more: gather the requests in it. */
	for (slot = 0; slot < q->inflight.size; slot++) {
		u64 order = q->inflight.slots[slot].order;

		if (!moat_inflight_withdraw(&q->inflight, slot))
			continue;
		io[n] = moat_io_of(q->rq[slot]);
		io[n++]->order = order;
	}
	sort(io, n, sizeof(*io), by_order, NULL);
	for (i = 0; i < n; i++)
		list_add_tail(&io[i]->link, replay);
}

/**
 * moat_queue_close() - give up the ring
 * @q: the queue; stopped if it was started
 * @replay: receives the requests that were in flight or held, in order
 *
 * Idempotent. Pages that the back end still maps are freed once it does not.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_queue_close(struct moat_queue *q, struct list_head *replay)
{
	struct moat_io *io;
	unsigned int i;
	LIST_HEAD(mine);

	moat_queue_stop(q);
	for (i = 0; i < MOAT_POOL_COUNT; i++)
		moat_pool_close(&q->pool[i]);
	list_splice_init(&q->held, &mine);
	if (q->rq && q->inflight.slots)
		queue_withdraw(q, &mine);
	list_for_each_entry(io, &mine, link)
		moat_io_drop(io);
	list_splice_tail(&mine, replay);

	kvfree(q->rq);
	kvfree(q->inflight.slots);
	q->rq = NULL;
	moat_inflight_init(&q->inflight, NULL, 0);
	if (q->shared)
		xenbus_teardown_ring(&q->shared, q->pages, q->grefs);
	q->shared = NULL;
}
