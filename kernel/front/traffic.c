// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and responses through a ring: put them in, take them out, and see
 * that somebody looks.
 *
 * While something is in flight, one of these looks for the responses: the
 * interrupt handler (the ring is armed), the poller (watched), submitters
 * (spinners), or the callers of .poll. queue_settle() restores that invariant
 * wherever it may have been broken; with nothing in flight nobody needs to, so
 * nobody ever looks at an idle disk, in any mode. Who looks is settled at each
 * submission:
 *
 *   inline   a submitter with a shallow queue is about to wait for this very
 *	      request: it looks for a while itself, without switching to any
 *	      other task, and most often takes the answer home. Only if nothing
 *	      else wants its vCPU.
 *   thread   mode spin, when inline looking is no use (a deep queue) or did
 *	      not find it; mode adaptive, while events follow each other
 *	      closely and the vCPU is idle. poll.c has the thread.
 *   event    everything else: the ring is armed. Arming is good for one event:
 *	      taking a response disarms.
 *
 * A ring that has been silent for long is armed in mode spin, too: the device
 * is slow, or there is nobody any more, and neither is worth a processor.
 *
 * Late EOI. An interrupt that found nothing is reported as spurious, and Xen's
 * event code then throttles the channel. That is meant for a hostile peer, not
 * for us having taken the response first; so whoever disarms, or takes a
 * response from an armed ring outside the handler, leaves an excuse behind
 * that the next interrupt uses up.
 *
 * A response is believed only as far as core/inflight.h bears it out.
 */
#include "traffic.h"

#include <linux/blk-mq.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <xen/events.h>

#include "params.h"
#include "queue.h"
#include "trace.h"

/* So long a ring may be silent before mode spin lets go of the vCPU. */
#define QUEUE_PATIENCE_NS NSEC_PER_SEC

static u32 queue_mode(const struct moat_queue *q)
{
	return READ_ONCE(q->tune->mode);
}

/* ---- taking responses ---- */

/* The back end broke the protocol: stop this ring. */
static void queue_break(struct moat_queue *q, const char *why)
{
	lockdep_assert_held(&q->lock);
	WRITE_ONCE(q->live, false);
	moat_stat_inc(&q->stat, MOAT_STAT_protocol_errors);
	q->ops->broken(q, why);
}

static void queue_count(struct moat_queue *q, const struct moat_io *io, u64 now)
{
	struct moat_stat *stat = &q->stat;

	switch (io->op) {
	case MOAT_OP_READ:
		moat_stat_inc(stat, MOAT_STAT_reads);
		moat_stat_add(stat, MOAT_STAT_bytes_read, moat_io_bytes(io));
		moat_stat_add(stat, MOAT_STAT_bytes_copied, io->map.copied);
		break;
	case MOAT_OP_WRITE:
		moat_stat_inc(stat, MOAT_STAT_writes);
		moat_stat_add(stat, MOAT_STAT_bytes_written, moat_io_bytes(io));
		break;
	case MOAT_OP_DISCARD:
		moat_stat_inc(stat, MOAT_STAT_discards);
		break;
	default:
		moat_stat_inc(stat, MOAT_STAT_flushes);
		break;
	}
	if (io->answer != MOAT_RSP_OKAY)
		moat_stat_inc(stat, MOAT_STAT_errors);
	moat_stat_latency(stat, now - io->issued_ns);
}

/* One response. Return: whether the protocol was kept. */
static bool queue_answer(struct moat_queue *q, const struct moat_response *rsp,
			 u64 now, struct list_head *done)
{
	struct moat_io *io;
	int ended;
	u32 tag;

	if (moat_inflight_match(&q->inflight, rsp, &tag)) {
		queue_break(q, "sent a response that no request can have");
		return false;
	}
	io = q->io[tag];
	io->answer = rsp->status;
	ended = moat_io_revoke(io);
	if (ended < 0) {
		/* It may still write to the pages: not over yet. */
		list_add_tail(&io->link, &q->deferred);
		queue_break(q, "keeps pages of an answered request");
		return false;
	}
	moat_stat_add(&q->stat, MOAT_STAT_grants_ended, ended);
	queue_count(q, io, now);
	trace_moat_front_answer(q, tag, io, now - io->issued_ns);
	/* Before anybody is told: what is told must not be lost from here on. */
	io->ops->answered(q, io);
	list_add_tail(&io->link, done);
	return true;
}

/* Put a request into a live ring that has room. */
static void queue_put(struct moat_queue *q, struct moat_io *io)
{
	struct moat_request wire;
	u32 tag;

	lockdep_assert_held(&q->lock);
	moat_io_wire(io, &q->terms, &wire);
	/* There are as many tags as slots. */
	if (WARN_ON_ONCE(moat_inflight_issue(&q->inflight, io->op, &tag, &wire.id))) {
		list_add_tail(&io->link, &q->deferred);
		return;
	}
	q->io[tag] = io;
	if (q->inflight.count == 1)
		moat_spin_start(&q->spin, io->issued_ns);
	moat_ring_put_request(&q->ring, &wire);

	moat_stat_add(&q->stat, MOAT_STAT_grants_issued, io->map.grants);
	io->map.grants = 0;
	if (io->op == MOAT_OP_WRITE)
		moat_stat_add(&q->stat, MOAT_STAT_bytes_copied, io->map.copied);
	trace_moat_front_issue(q, tag, io);
}

/* There is room: put those that wait for it into the ring. */
static void queue_put_urgent(struct moat_queue *q)
{
	struct moat_io *io, *next;

	list_for_each_entry_safe(io, next, &q->urgent, link) {
		if (!moat_ring_front_room(&q->ring))
			break;
		list_del_init(&io->link);
		queue_put(q, io);
	}
	if (q->ring.prod != q->ring.pushed && moat_ring_push_requests(&q->ring))
		moat_channel_notify(&q->channel);
}

/* Take all responses that wait, of a live ring. Return: how many. */
static u32 queue_take(struct moat_queue *q, struct list_head *done)
{
	struct moat_response rsp;
	u32 i, n;
	u64 now;

	lockdep_assert_held(&q->lock);
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
	q->silent = false;
	for (i = 0; i < n; i++) {
		moat_ring_take_response(&q->ring, &rsp);
		if (!queue_answer(q, &rsp, now, done))
			break;
	}
	if (unlikely(!list_empty(&q->urgent)) && q->live)
		queue_put_urgent(q);
	if (unlikely(q->tell))
		q->ops->moved(q);
	return i;
}

/* Hand what was answered back to who asked, in the caller's batch or in one of its own. */
static void queue_finish(struct list_head *done, struct io_comp_batch *batch)
{
	struct moat_io *io, *next;
	DEFINE_IO_COMP_BATCH(own);

	/* An io is gone once it is completed. */
	list_for_each_entry_safe(io, next, done, link) {
		INIT_LIST_HEAD(&io->link);
		io->ops->end(io, batch ?: &own);
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

static void queue_watch(struct moat_queue *q)
{
	q->watched = true;
	moat_visit_begin(&q->visit);
}

static void queue_unwatch(struct moat_queue *q)
{
	q->watched = false;
	moat_visit_end(&q->visit);
}

/*
 * See to it that somebody looks: the poller in mode spin, else the interrupt
 * handler; what came before the ring was armed is taken.
 */
static void queue_settle(struct moat_queue *q, struct list_head *done)
{
	u32 n;

	lockdep_assert_held(&q->lock);
	while (queue_unwatched(q)) {
		if (queue_mode(q) == MOAT_MODE_SPIN && !q->silent) {
			queue_watch(q);
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

/* May the current task spend its time looking? */
static bool inline_allowed(const struct moat_queue *q)
{
	if (q->inflight.count > moat_params.inline_depth)
		return false;
	/* A worker that dispatches for others does not wait for this request. */
	return !(current->flags & PF_WQ_WORKER) && !moat_poll_vcpu_busy();
}

/* Who is to look for the responses of a ring. */
enum watch {
	WATCH_EVENT,	/* the interrupt handler */
	WATCH_INLINE,	/* the submitter */
	WATCH_THREAD,	/* the poller of its vCPU */
};

/* Who should look for the next responses, nobody looking now? */
static enum watch queue_choose(const struct moat_queue *q)
{
	switch (queue_mode(q)) {
	case MOAT_MODE_SPIN:
		if (inline_allowed(q))
			return WATCH_INLINE;
		return q->silent ? WATCH_EVENT : WATCH_THREAD;
	case MOAT_MODE_ADAPTIVE:
		return q->spin.window_ns && inline_allowed(q) ? WATCH_INLINE : WATCH_EVENT;
	default:
		return WATCH_EVENT;
	}
}

/* Has a submitter that began at @start looked for long enough? */
static bool inline_enough(const struct moat_queue *q, u64 start)
{
	struct moat_spin_params params = moat_tune_spin(q->tune);
	/* Read without the lock: off by one window at worst. */
	struct moat_spin spin = q->spin;
	u64 now = ktime_get_ns();

	if (moat_poll_vcpu_busy())
		return true;
	if (params.mode == MOAT_MODE_SPIN)
		return now - start >= params.window_max_ns;
	return moat_spin_look(&spin, &params, now, false, false) == MOAT_SPIN_ARM;
}

/*
 * A submitter has stopped looking, having looked in vain @misses times: take
 * what there is; somebody else looks for the rest.
 */
static void queue_spun(struct moat_queue *q, u32 misses)
{
	struct moat_spin_params params = moat_tune_spin(q->tune);
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

/* Look for responses in the submitting task, which is counted among the spinners. */
static void queue_inline(struct moat_queue *q)
{
	u64 start = ktime_get_ns();
	u32 misses = 0;

	/* The ring cannot go: who takes it away waits for submitters. */
	while (READ_ONCE(q->live) && !moat_ring_peek_responses(&q->ring)) {
		moat_poll_relax(q->tune, ++misses);
		if (inline_enough(q, start))
			break;
	}
	/* Completions raise softirqs: run them here, not in ksoftirqd. */
	local_bh_disable();
	queue_spun(q, misses);
	local_bh_enable();
}

/* ---- submitting ---- */

/* What is left to do for a submission once the lock is dropped. */
struct push {
	struct list_head done;
	bool notify;
	bool spin;
};

/* Move the index of a live ring, with something to show. */
static void queue_show(struct moat_queue *q, struct push *push)
{
	push->notify = moat_ring_push_requests(&q->ring);
	moat_stat_inc(&q->stat, push->notify ? MOAT_STAT_notify_sent :
					       MOAT_STAT_notify_suppressed);
	trace_moat_front_push(q, push->notify, push->spin);
}

/* Show the back end what was issued to a live ring. */
static void queue_push(struct moat_queue *q, struct push *push)
{
	lockdep_assert_held(&q->lock);
	/* Somebody else's push may have shown it, and seen to the rest. */
	if (q->ring.prod == q->ring.pushed && !q->early)
		return;
	q->early = false;
	if (!q->polled && !q->watched && !q->spinners) {
		switch (queue_choose(q)) {
		case WATCH_INLINE:
			queue_disarm(q);
			q->spinners++;
			push->spin = true;
			break;
		case WATCH_THREAD:
			queue_disarm(q);
			queue_watch(q);
			break;
		case WATCH_EVENT:
			queue_settle(q, &push->done);
			break;
		}
	}
	if (q->ring.prod != q->ring.pushed)
		queue_show(q, push);
}

/* Another request of a batch follows: show those before it, if they are worth it, so that
 * the back end works on them while the rest is made ready. Who watches for the answers is
 * decided when the batch is whole.
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
		moat_channel_notify(&q->channel);
	queue_finish(&push->done, NULL);
	if (push->spin)
		queue_inline(q);
}

/* Put a request into the ring, or in the line for it. Return: whether either was possible. */
static bool queue_accept(struct moat_queue *q, struct moat_io *io, u32 flags)
{
	if (!q->live)
		return false;
	if (likely(moat_ring_front_room(&q->ring)))
		queue_put(q, io);
	else if (flags & MOAT_ISSUE_URGENT)
		list_add_tail(&io->link, &q->urgent);
	else
		return false;
	if (flags & MOAT_ISSUE_REPLAY)
		moat_stat_inc(&q->stat, MOAT_STAT_replays);
	return true;
}

/**
 * moat_traffic_issue() - send a request
 * @q: the queue
 * @io: the request, mapped
 * @flags: MOAT_ISSUE_PUSH unless more follow or moat_traffic_commit() does;
 *	MOAT_ISSUE_REPLAY to count it as issued again; MOAT_ISSUE_URGENT if it is
 *	to wait in front of all others where there is no room
 *
 * The request may be completed before this returns.
 *
 * Context: process or softirq; the connection stays open meanwhile.
 * Return: 0, or -EAGAIN if the ring is full or not live.
 */
int moat_traffic_issue(struct moat_queue *q, struct moat_io *io, u32 flags)
{
	struct push push = { .done = LIST_HEAD_INIT(push.done) };
	unsigned long irq;
	bool put;

	spin_lock_irqsave(&q->lock, irq);
	if (!(flags & MOAT_ISSUE_PUSH))
		queue_push_early(q, &push);
	put = queue_accept(q, io, flags);
	if (put && (flags & MOAT_ISSUE_PUSH))
		queue_push(q, &push);
	spin_unlock_irqrestore(&q->lock, irq);
	queue_pushed(q, &push);
	return put ? 0 : -EAGAIN;
}

/**
 * moat_traffic_commit() - push what was issued without MOAT_ISSUE_PUSH
 * @q: the queue
 *
 * Context: as moat_traffic_issue().
 */
void moat_traffic_commit(struct moat_queue *q)
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
 * moat_traffic_look() - take what has been answered
 * @q: the queue
 * @batch: collects completions for the caller to end, or NULL
 *
 * Context: any.
 * Return: number of responses taken.
 */
int moat_traffic_look(struct moat_queue *q, struct io_comp_batch *batch)
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

/*
 * The poller's look. It ends the watch when nothing is in flight, or the policy
 * says so, or nothing has come for long.
 */
static bool queue_visit(struct moat_visit *v, bool busy)
{
	struct moat_queue *q = container_of(v, struct moat_queue, visit);
	struct moat_spin_params params = moat_tune_spin(q->tune);
	enum moat_spin_verdict verdict;
	unsigned long irq;
	LIST_HEAD(done);
	bool found;
	u64 now;

	spin_lock_irqsave(&q->lock, irq);
	found = q->live && queue_take(q, &done);
	moat_stat_inc(&q->stat, found ? MOAT_STAT_spin_hits : MOAT_STAT_spin_misses);
	if (q->watched) {
		now = ktime_get_ns();
		/* Told of what was found even if it was the last: it learns. */
		verdict = moat_spin_look(&q->spin, &params, now, found, busy);
		q->silent |= moat_spin_gap(&q->spin, now) >= QUEUE_PATIENCE_NS;
		if (!q->live || !q->inflight.count || q->silent || verdict == MOAT_SPIN_ARM) {
			queue_unwatch(q);
			queue_settle(q, &done);
		}
	} else if (found) {
		/* Let go of since it was chosen, and what was taken has disarmed the ring. */
		queue_settle(q, &done);
	}
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
	return found;
}

/**
 * moat_traffic_silence() - there is no back end any more, so nobody need look
 * @q: the queue; should an answer come all the same, it is taken and its owner told
 *
 * Context: process.
 */
void moat_traffic_silence(struct moat_queue *q)
{
	unsigned long irq;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, irq);
	q->silent = true;
	q->tell = true;
	if (q->watched) {
		queue_unwatch(q);
		queue_settle(q, &done);
	}
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
}

/**
 * moat_traffic_poll() - who is to look: callers of .poll alone, or anybody
 * @q: the queue
 * @polled: callers of .poll alone
 *
 * Context: process.
 */
void moat_traffic_poll(struct moat_queue *q, bool polled)
{
	unsigned long irq;
	LIST_HEAD(done);

	spin_lock_irqsave(&q->lock, irq);
	q->polled = polled;
	queue_settle(q, &done);
	spin_unlock_irqrestore(&q->lock, irq);
	queue_finish(&done, NULL);
}

/**
 * moat_traffic_retune() - the mode may have changed
 * @q: the queue
 *
 * Whoever looks now notices at the next look; only an armed ring has nobody
 * to notice, and one that should spin is taken over here.
 *
 * Context: process.
 */
void moat_traffic_retune(struct moat_queue *q)
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
 * let the poller catch the next ones.
 */
static void queue_follow(struct moat_queue *q)
{
	if (queue_mode(q) != MOAT_MODE_ADAPTIVE || !q->spin.window_ns)
		return;
	/* A task that a completion has woken needs the vCPU more. */
	if (is_idle_task(current) && !need_resched() && queue_unwatched(q))
		queue_watch(q);
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
	struct moat_spin_params params = moat_tune_spin(q->tune);
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

/**
 * moat_traffic_init() - a queue learns how it is looked at
 * @q: the queue, without a ring
 */
void moat_traffic_init(struct moat_queue *q)
{
	q->handler = queue_event;
	moat_visit_init(&q->visit, queue_visit, q->tune);
}
