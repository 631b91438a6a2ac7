// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of a back end: what it may do to the ring that it shares with a front
 * end, and to the front end's event channel.
 */
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <xen/events.h>
#include <xen/xenbus.h>

#include "core/ring.h"
#include "fault.h"
#include "kernel/back/job.h"
#include "kernel/back/queue.h"

bool moat_fault_is_of(unsigned long first, const char *text)
{
	const struct moat_queue *queue = (struct moat_queue *)first;

	return strstr(queue->host->dev->nodename, text);
}

/* An answer of our own, shown at once. */
static void answer(struct moat_queue *queue, const struct moat_response *rsp)
{
	moat_ring_put_response(&queue->ring, rsp);
	moat_ring_push_responses(&queue->ring);
	notify_remote_via_irq(queue->irq);
}

/* Some bits of the requests that wait to be taken. */
static enum moat_fault_end ring_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;
	u32 i, n, count;

	if (moat_ring_requests(&queue->ring, &count) || !count)
		return MOAT_FAULT_MISS;
	for (i = 0; i < count; i++)
		for (n = 0; n < 4; n++)
			moat_ring_slot(&queue->ring, queue->ring.cons + i)
				[get_random_u32() % queue->ring.slot_size] ^=
				1 << get_random_u32() % 8;
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end bad_id_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;
	struct moat_response rsp = { .id = get_random_u64() };

	if (!queue->in_flight)
		return MOAT_FAULT_MISS;
	answer(queue, &rsp);
	return MOAT_FAULT_GO_ON;
}

/* Behind it comes the answer proper. */
static enum moat_fault_end doubled_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;
	struct moat_job *job = (struct moat_job *)second;
	struct moat_response rsp = { .id = job->req.id, .op = job->req.op };

	if (queue->in_flight < 2)
		return MOAT_FAULT_MISS;
	answer(queue, &rsp);
	return MOAT_FAULT_GO_ON;
}

/* A status that the protocol does not have. */
static enum moat_fault_end bad_status_strike(unsigned long first, unsigned long second)
{
	struct moat_job *job = (struct moat_job *)second;
	struct moat_response rsp = { .id = job->req.id, .op = job->req.op, .status = 77 };

	answer((struct moat_queue *)first, &rsp);
	return MOAT_FAULT_SWALLOW;
}

static enum moat_fault_end overrun_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;

	queue->ring.prod += 1000;
	moat_ring_push_responses(&queue->ring);
	notify_remote_via_irq(queue->irq);
	return MOAT_FAULT_GO_ON;
}

static int storm(void *data)
{
	int irq = (long)data;

	while (!kthread_should_stop()) {
		notify_remote_via_irq(irq);
		cond_resched();
	}
	return 0;
}

static enum moat_fault_end storm_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;

	kthread_run(storm, (void *)(long)queue->irq, "storm");
	return MOAT_FAULT_GO_ON;
}

/* One answer is never given. */
static enum moat_fault_end hold_back_strike(unsigned long first, unsigned long second)
{
	return MOAT_FAULT_SWALLOW;
}

/* The same, and answers go where they may from now on: over a request that is still to be
 * answered. The ring's memory of its journal is lost with the domain.
 */
static enum moat_fault_end forget_strike(unsigned long first, unsigned long second)
{
	struct moat_queue *queue = (struct moat_queue *)first;

	queue->journal.place = NULL;
	return MOAT_FAULT_SWALLOW;
}

/* One event is never sent. */
static enum moat_fault_end mute_strike(unsigned long first, unsigned long second)
{
	return MOAT_FAULT_SWALLOW;
}

const struct moat_fault moat_fault_rings[] = {
	{ "ring", MOAT_FAULT_POLLER, ring_strike },
	{ "bad-id", MOAT_FAULT_POLLER, bad_id_strike },
	{ "doubled", MOAT_FAULT_ANSWER, doubled_strike },
	{ "bad-status", MOAT_FAULT_ANSWER, bad_status_strike },
	{ "overrun", MOAT_FAULT_POLLER, overrun_strike },
	{ "storm", MOAT_FAULT_POLLER, storm_strike },
	{ "hold-back", MOAT_FAULT_ANSWER, hold_back_strike },
	{ "forget", MOAT_FAULT_ANSWER, forget_strike },
	{ "mute", MOAT_FAULT_EVENT, mute_strike },
	{ }
};
