// SPDX-License-Identifier: GPL-2.0
/*
 * A ring, and all that belongs to it.
 *
 * A visit pushes the responses that have gathered, looks for new requests, to be
 * taken when it is the ring's turn (core/fair.h), and asks the spin policy whether
 * to be visited again. A ring that leaves the poller's active set is armed; it has no
 * need to be while it waits for jobs (a barrier) or is being stopped.
 *
 * Events. While the ring is active its event index is left behind and the
 * front end sends none. One that comes all the same has its EOI sent by the
 * next visit, and it counts as spurious only if no work was found since the
 * last EOI: a poller is often quicker than the event that announces the work,
 * and Xen's event code delays a channel whose events look idle.
 *
 * A front end that breaks the protocol is not looked at again: the back end
 * closes the connection.
 */
#include "queue.h"

#include <linux/math64.h>
#include <linux/ratelimit.h>
#include <xen/events.h>

#include "crowd.h"
#include "disk.h"
#include "kernel/common/tune.h"
#include "params.h"
#include "trace.h"

/* How much later than a device that does nothing one that has lost a request is found. */
#define LOST_AMONG_OTHERS 10

/* What a request may have before it counts as several, see queue_budget_segs(). */
#define SEGS_PER_REQUEST 4u

/* ---- the poller's side ---- */

static struct moat_queue *queue_of(struct moat_client *client)
{
	return container_of(client, struct moat_queue, source.client);
}

static struct moat_queue *queue_of_source(struct moat_source *source)
{
	return container_of(source, struct moat_queue, source);
}

static bool queue_stopping(const struct moat_queue *queue)
{
	return READ_ONCE(queue->state) >= MOAT_QUEUE_STOPPING;
}

/**
 * moat_queue_broken() - has the front end broken the protocol?
 * @queue: the ring
 *
 * Context: any.
 */
bool moat_queue_broken(const struct moat_queue *queue)
{
	return READ_ONCE(queue->state) == MOAT_QUEUE_BROKEN;
}

static void queue_enter(struct moat_queue *queue, enum moat_queue_state state)
{
	WRITE_ONCE(queue->state, state);
}

static void queue_break(struct moat_queue *queue)
{
	pr_warn_ratelimited("%s: ring %u: too many requests, closing the connection\n",
			    queue->host->dev->nodename, queue->source.nr);
	moat_stat_inc(&queue->stat, MOAT_STAT_protocol_errors);
	queue_enter(queue, MOAT_QUEUE_BROKEN);
	queue->host->attend(queue->host);
}

static u8 queue_path(const struct moat_queue *queue, const struct moat_request *req)
{
	u32 path = READ_ONCE(queue->host->tune->data_path);

	if (path == MOAT_PATH_AUTO) {
		/* The front end could change a page while it is written. */
		if (queue->source.disk->stable && req->op != MOAT_OP_READ)
			return MOAT_PATH_COPY;
		path = MOAT_PATH_PERSISTENT;
	}
	if (path == MOAT_PATH_PERSISTENT && !queue->may_persist)
		path = MOAT_PATH_MAP;
	return path;
}

/* What a request counts for, whatever its sender says. */
static int request_pages(const struct moat_request *req)
{
	if (req->op == MOAT_OP_DISCARD || req->op == MOAT_OP_FLUSH)
		return 0;
	return min_t(u32, req->nr_segs, MOAT_MAX_SEGS);
}

static void queue_count_taken(struct moat_queue *queue, const struct moat_job *job)
{
	queue->in_flight++;
	queue->source.client.poller->out++;
	queue->new_requests++;
	queue->new_pages += request_pages(&job->req);
}

static void queue_count_gone(struct moat_queue *queue, const struct moat_job *job)
{
	queue->in_flight--;
	queue->new_requests--;
	queue->new_pages -= request_pages(&job->req);
	moat_poller_ended(&queue->source.client);
}

static void queue_settle(struct moat_queue *queue)
{
	struct moat_source *source = &queue->source;

	if (!queue->new_requests && !queue->new_pages)
		return;
	moat_tenant_add(source->peer.tenant, queue->new_pages, queue->new_requests,
			source->client.poller->now);
	moat_load_add(&source->disk->load, queue->new_pages, queue->new_requests);
	queue->new_pages = 0;
	queue->new_requests = 0;
}

/* Too much is in flight. A ring without jobs of its own those of others bring back. */
static bool queue_refuse(struct moat_queue *queue)
{
	moat_stat_inc(&queue->stat, MOAT_STAT_bounded);
	queue_enter(queue, MOAT_QUEUE_FULL);
	if (!queue->in_flight)
		moat_poller_hold(&queue->source.client);
	return false;
}

/* May one more be taken? Whoever has none in flight may, as far as his own bounds go: his
 * own jobs bring a ring that is full back.
 */
static bool queue_may_take(struct moat_queue *queue, const struct moat_allowance *most,
			   int room)
{
	struct moat_allowance left;

	if (queue->new_pages >= room)
		return queue_refuse(queue);
	if (!queue->in_flight)
		return true;
	left.pages = most->pages - queue->new_pages;
	left.requests = most->requests - queue->new_requests;
	return moat_allowance_left(&left) || queue_refuse(queue);
}

/* Pages that the window has left. With nothing out there is nothing to wait for. */
static int queue_room(const struct moat_queue *queue)
{
	const struct moat_poller *poller = queue->source.client.poller;

	return poller->out ? moat_tenant_room(queue->source.peer.tenant, poller->now) : INT_MAX;
}

/* Is the next back end to go on with the ring as this one leaves it? */
static bool queue_keeps_journal(const struct moat_queue *queue)
{
	return queue->journal.place;
}

static u16 queue_tag(const struct moat_queue *queue, const struct moat_job *job)
{
	return job - queue->jobs;
}

/* Must a write be on the medium when it is answered? Where its back end's death loses
 * what a cache held, and the front end has not kept it either.
 */
static bool queue_writes_through(const struct moat_queue *queue)
{
	switch (READ_ONCE(queue->host->tune->writethrough)) {
	case MOAT_WRITETHROUGH_ON:
		return true;
	case MOAT_WRITETHROUGH_OFF:
		return false;
	default:
		return queue->source.disk->forgets && queue_keeps_journal(queue);
	}
}

static struct moat_job *queue_take_one(struct moat_queue *queue, u64 now)
{
	struct moat_job *job;

	/* One per slot, and there are no more requests than slots. */
	job = list_first_entry(&queue->unused, struct moat_job, errand.link);
	list_del(&job->errand.link);
	if (queue_keeps_journal(queue))
		moat_journal_take(&queue->journal, &queue->ring, queue_tag(queue, job));
	moat_ring_take_request(&queue->ring, &job->req);
	queue_count_taken(queue, job);
	job->through = job->req.op == MOAT_OP_WRITE && queue_writes_through(queue);
	job->errand.cost = max(request_pages(&job->req), 1);
	job->taken_ns = now;
	job->tries = 0;
	job->way.path = queue_path(queue, &job->req);
	trace_moat_back_take(job);
	return job;
}

/* Also of a ring that is idle, or what a burst needed would stay the front end's for good. */
static void queue_trim(struct moat_queue *queue, struct moat_poller *poller)
{
	if (time_before(jiffies, queue->trim))
		return;
	queue->trim = jiffies + MOAT_QUEUE_TRIM_JIFFIES;
	moat_persistent_trim(&queue->source.persistent, &queue->source.peer,
			     &poller->transfer.unmaps);
	moat_unmap_flush(&poller->transfer.unmaps);
}

/*
 * How many pages are taken at once.
 *
 * A device that has done a request when it has been submitted (null_blk, brd) does the work
 * in the poller. There a large request counts as several: it is answered before the next one
 * is begun, for the front end to go on with meanwhile.
 */
static u32 queue_most(const struct moat_queue *queue, u32 most)
{
	return queue->prompt ? min(most, SEGS_PER_REQUEST * moat_params_budget()) : most;
}

/* A barrier starts when what was taken before it has been answered. */
static void queue_run_barrier(struct moat_queue *queue)
{
	LIST_HEAD(jobs);

	if (queue->in_flight > 1)
		return;
	queue_enter(queue, MOAT_QUEUE_BARRIER);
	list_add(&queue->barrier->errand.link, &jobs);
	moat_jobs_start(queue->source.client.poller, &jobs);
}

/* Requests behind a barrier stay in the ring until it is answered. */
static u32 queue_collect(struct moat_queue *queue, u32 most, struct list_head *jobs,
			 u32 *cost)
{
	struct moat_source *source = &queue->source;
	u32 n = 0, count = min(queue->waiting, moat_params_budget());
	int room = queue_room(queue);
	struct moat_allowance bound;

	/* The first is never asked. */
	if (queue->in_flight || count > 1)
		moat_tenant_allows(source->peer.tenant, &source->disk->load, &bound);
	while (n < count && *cost < most && queue->state == MOAT_QUEUE_OPEN &&
	       queue_may_take(queue, &bound, room)) {
		struct moat_job *job = queue_take_one(queue, source->client.poller->now);

		n++;
		*cost += job->errand.cost;
		if (job->req.op == MOAT_OP_BARRIER) {
			queue->barrier = job;
			queue_enter(queue, MOAT_QUEUE_FENCED);
		} else {
			list_add_tail(&job->errand.link, jobs);
		}
	}
	queue->waiting -= n;
	return n;
}

/* Of what was there when it was looked at last. */
static bool queue_waits(struct moat_client *client)
{
	const struct moat_queue *queue = queue_of(client);

	return queue->state == MOAT_QUEUE_OPEN && queue->waiting;
}

/* What was in its way has gone. */
static void queue_resume(struct moat_client *client)
{
	struct moat_queue *queue = queue_of(client);

	if (queue->state == MOAT_QUEUE_FULL)
		queue_enter(queue, MOAT_QUEUE_OPEN);
}

/* Block devices tell nobody when they grow. */
static void queue_look_at_disk(struct moat_queue *queue)
{
	if (moat_disk_changed(queue->source.disk))
		queue->host->attend(queue->host);
}

/* It is the ring's turn. */
static u32 queue_take(struct moat_client *client, u32 most)
{
	struct moat_queue *queue = queue_of(client);
	struct moat_poller *poller = client->poller;
	u32 cost = 0, n;
	LIST_HEAD(jobs);

	if (queue->state != MOAT_QUEUE_OPEN)
		return 0;
	n = queue_collect(queue, queue_most(queue, most), &jobs, &cost);
	if (!n)
		return 0;
	moat_jobs_start(poller, &jobs);
	/* The others are to see it before they take theirs. */
	if (moat_crowd_several())
		queue_settle(queue);
	queue->prompt = moat_poller_has_done(poller, n);
	if (queue->state == MOAT_QUEUE_FENCED)
		queue_run_barrier(queue);
	queue_look_at_disk(queue);
	queue_trim(queue, poller);
	return cost;
}

/* Return: whether there are requests to take. */
static bool queue_look(struct moat_queue *queue)
{
	if (moat_ring_requests(&queue->ring, &queue->waiting)) {
		queue_break(queue);
		return false;
	}
	if (!queue->waiting)
		return false;
	queue->worked = true;
	moat_poller_ask(&queue->source.client);
	return true;
}

static void queue_count_answer(struct moat_queue *queue, const struct moat_job *job)
{
	struct moat_stat *stat = &queue->stat;
	u64 bytes = job->error ? 0 : job->sectors * MOAT_SECTOR_SIZE;

	switch (job->req.op) {
	case MOAT_OP_READ:
		moat_stat_inc(stat, MOAT_STAT_reads);
		moat_stat_add(stat, MOAT_STAT_bytes_read, bytes);
		break;
	case MOAT_OP_WRITE:
	case MOAT_OP_BARRIER:
		moat_stat_inc(stat, MOAT_STAT_writes);
		moat_stat_add(stat, MOAT_STAT_bytes_written, bytes);
		break;
	case MOAT_OP_FLUSH:
		moat_stat_inc(stat, MOAT_STAT_flushes);
		break;
	case MOAT_OP_DISCARD:
		moat_stat_inc(stat, MOAT_STAT_discards);
		break;
	}
	if (job->through)
		moat_stat_inc(stat, MOAT_STAT_written_through);
	if (job->error)
		moat_stat_inc(stat, MOAT_STAT_errors);
	moat_stat_latency(stat, queue->source.client.poller->now - job->taken_ns);
}

/* One that was not answered the front end issues again, on its next connection; or it stays
 * in the ring's journal, for the next back end.
 */
static void queue_drop(struct moat_source *source, struct moat_job *job)
{
	struct moat_queue *queue = queue_of_source(source);

	if (queue->barrier == job) {
		queue->barrier = NULL;
		if (!queue_stopping(queue))
			queue_enter(queue, MOAT_QUEUE_OPEN);
	}
	if (queue->state == MOAT_QUEUE_FULL)
		queue_enter(queue, MOAT_QUEUE_OPEN);
	list_add(&job->errand.link, &queue->unused);
	queue_count_gone(queue, job);
	moat_poller_activate(&source->client);
}

/**
 * moat_queue_answer() - answer a request
 * @source: the ring
 * @job: its job, unused afterwards
 *
 * The front end is told of the answer, where it asked to be, behind the next visit; until
 * then it sees none, or where a journal is kept may see it.
 *
 * Context: the poller.
 */
void moat_queue_answer(struct moat_source *source, struct moat_job *job)
{
	struct moat_queue *queue = queue_of_source(source);
	struct moat_response rsp = {
		.id = job->req.id,
		.op = job->req.op,
		.status = moat_request_status(job->error),
	};

	if (!queue_keeps_journal(queue))
		moat_ring_put_response(&queue->ring, &rsp);
	else if (moat_journal_answer(&queue->journal, &queue->ring, queue_tag(queue, job), &rsp))
		moat_stat_inc(&queue->stat, MOAT_STAT_moved);
	queue_count_answer(queue, job);
	trace_moat_back_answer(job);
	queue_drop(source, job);
}

static void queue_disk_changed(struct moat_source *source)
{
	const struct moat_queue_host *host = queue_of_source(source)->host;

	host->attend(host);
}

static bool queue_source_stopping(const struct moat_source *source)
{
	return queue_stopping(container_of(source, struct moat_queue, source));
}

const struct moat_source_ops moat_queue_source_ops = {
	.answer = moat_queue_answer,
	.drop = queue_drop,
	.look = queue_disk_changed,
	.stopping = queue_source_stopping,
};

static bool queue_has_answers(const struct moat_queue *queue)
{
	return queue->ring.prod != queue->ring.pushed;
}

static bool queue_push(struct moat_queue *queue)
{
	bool notify;

	if (!queue_has_answers(queue))
		return false;
	notify = moat_ring_push_responses(&queue->ring);
	if (notify)
		notify_remote_via_irq(queue->irq);
	moat_stat_inc(&queue->stat,
		      notify ? MOAT_STAT_notify_sent : MOAT_STAT_notify_suppressed);
	trace_moat_back_push(&queue->source, &queue->ring, notify);
	return true;
}

static void queue_end_event(struct moat_queue *queue)
{
	moat_stat_inc(&queue->stat, MOAT_STAT_events);
	if (!queue->worked)
		moat_stat_inc(&queue->stat, MOAT_STAT_events_spurious);
	xen_irq_lateeoi(queue->irq, queue->worked ? 0 : XEN_EOI_FLAG_SPURIOUS);
	queue->worked = false;
}

static void queue_relax(struct moat_queue *queue)
{
	u32 every = READ_ONCE(queue->host->tune->relax_every);

	if (every && ++queue->looks >= every) {
		queue->looks = 0;
		cpu_relax();
	}
}

static enum moat_client_verdict queue_arm(struct moat_queue *queue)
{
	u32 count;

	moat_stat_inc(&queue->stat, MOAT_STAT_arms);
	if (moat_ring_arm_requests(&queue->ring, &count)) {
		queue_break(queue);
		return MOAT_CLIENT_LEAVE;
	}
	if (count) {
		moat_ring_disarm_requests(&queue->ring);
		return MOAT_CLIENT_STAY;
	}
	moat_stat_inc(&queue->stat, MOAT_STAT_sleeps);
	trace_moat_back_sleep(&queue->source, queue->in_flight, &queue->spin);
	return MOAT_CLIENT_LEAVE;
}

/* Nothing is taken, so it is never for the policy to say; what brings it back is
 * the start (NEW), its own jobs (FENCED, BARRIER, FULL), or those of others (FULL).
 */
static enum moat_client_verdict queue_judge_shut(struct moat_queue *queue)
{
	/* Kicked, it is back in the next turn. */
	if (queue->state != MOAT_QUEUE_STOPPING || queue->in_flight ||
	    test_bit(MOAT_CLIENT_KICKED, &queue->source.client.flags))
		return MOAT_CLIENT_LEAVE;
	queue_enter(queue, MOAT_QUEUE_STOPPED);
	return MOAT_CLIENT_FORGET;
}

static enum moat_client_verdict queue_judge(struct moat_queue *queue,
					    struct moat_poller *poller, bool found)
{
	struct moat_spin_params params = moat_tune_spin(queue->host->tune);

	if (queue_has_answers(queue))
		return MOAT_CLIENT_STAY;
	if (queue->state != MOAT_QUEUE_OPEN)
		return queue_judge_shut(queue);
	if (moat_spin_look(&queue->spin, &params, poller->now, found, poller->busy) ==
	    MOAT_SPIN_ARM)
		return queue_arm(queue);
	if (!found)
		queue_relax(queue);
	return MOAT_CLIENT_STAY;
}

/**
 * moat_queue_visit() - push responses, look for requests
 * @client: the ring, active
 *
 * What the policy is told, by what there was:
 *
 *   an event, before the visit   moat_spin_event(), in queue_wake()
 *   requests                     moat_spin_look(): work, a wait is over
 *   answers to push alone        moat_spin_start(), moat_spin_look(): work, but no wait
 *                                is over, for that the disk is done says nothing about
 *                                how soon the front end comes back
 *   nothing                      moat_spin_look(): look again, or arm
 *
 * Context: the poller; waits for nothing.
 * Return: whether to visit it again.
 */
enum moat_client_verdict moat_queue_visit(struct moat_client *client)
{
	struct moat_queue *queue = queue_of(client);
	struct moat_poller *poller = client->poller;
	bool event = test_and_clear_bit(MOAT_CLIENT_EVENT, &client->flags);
	bool answered = queue_push(queue), asked = false;

	if (queue->state == MOAT_QUEUE_FENCED)
		queue_run_barrier(queue);
	queue_settle(queue);
	if (queue->state == MOAT_QUEUE_OPEN)
		asked = queue_look(queue);
	if (answered && !asked)
		moat_spin_start(&queue->spin, poller->now);
	if (event)
		queue_end_event(queue);
	else
		moat_stat_inc(&queue->stat, answered || asked ? MOAT_STAT_spin_hits :
								MOAT_STAT_spin_misses);
	return queue_judge(queue, poller, answered || asked);
}

/* The ring has become active. */
static void queue_wake(struct moat_client *client)
{
	struct moat_queue *queue = queue_of(client);
	struct moat_spin_params params = moat_tune_spin(queue->host->tune);
	bool event = test_bit(MOAT_CLIENT_EVENT, &client->flags);

	moat_ring_disarm_requests(&queue->ring);
	/* Learns from it; a disk that is done is no event. */
	if (event)
		moat_spin_event(&queue->spin, &params, client->poller->now);
	trace_moat_back_wake(&queue->source, &queue->ring, event);
}

/* The message that the connection is to end has come. What has not begun never will. */
static void queue_end(struct moat_client *client)
{
	struct moat_queue *queue = queue_of(client);
	bool waits = queue->state == MOAT_QUEUE_FENCED;

	queue_enter(queue, MOAT_QUEUE_STOPPING);
	if (waits)
		queue_drop(&queue->source, queue->barrier);
}

/* Since when does the device owe an answer? 0: it owes none.
 *
 * Looks at all of them: it is asked once a second, and the data path then need not
 * keep them in order.
 */
static u64 queue_oldest(const struct moat_queue *queue)
{
	u64 oldest = 0, owed;
	u32 i;

	if (!queue->in_flight)
		return 0;
	for (i = 0; i < queue->ring.size; i++) {
		owed = moat_job_owed_ns(&queue->jobs[i]);
		if (owed && (!oldest || owed < oldest))
			oldest = owed;
	}
	return oldest;
}

static u64 age(u64 now, u64 then)
{
	return now > then ? now - then : 0;
}

/* A device is judged by what it does, not by how long its queue is: the time since it
 * was given work, or last did some. One request that it has lost among others that it
 * does is seen by its own age, ten times as late.
 */
static u64 queue_device_age(struct moat_queue *queue)
{
	u64 oldest = queue_oldest(queue), now = queue->source.client.poller->now;
	u64 done = READ_ONCE(queue->source.disk->done_ns);

	if (!oldest)
		return 0;
	return max(age(now, max(oldest, done)), div_u64(age(now, oldest), LOST_AMONG_OTHERS));
}

static u64 queue_ping(struct moat_client *client)
{
	struct moat_queue *queue = queue_of(client);

	/* Of an idle one nobody else would notice. */
	if (queue->state == MOAT_QUEUE_OPEN) {
		queue_look_at_disk(queue);
		queue_trim(queue, client->poller);
	}
	return queue_device_age(queue);
}

const struct moat_poller_ops moat_queue_poller_ops = {
	.wake = queue_wake,
	.end = queue_end,
	.visit = moat_queue_visit,
	.take = queue_take,
	.waits = queue_waits,
	.resume = queue_resume,
	.ping = queue_ping,
	.done = moat_jobs_done,
	.retry = moat_jobs_retry,
};

/**
 * moat_queue_kick() - have the ring visited
 * @queue: the ring, not being stopped
 *
 * Context: any.
 */
void moat_queue_kick(struct moat_queue *queue)
{
	moat_poller_kick(&queue->source.client);
}
