// SPDX-License-Identifier: GPL-2.0
/*
 * A ring and its event channel, as the hostile front end has them.
 *
 * It keeps its own indices, and believes of the shared page only what is answered. Where
 * it leaves its slots alone once they are shown, each answer has to bear the name of a
 * request that is not answered yet.
 */
#include "pipe.h"

#include <linux/interrupt.h>
#include <xen/events.h>

static irqreturn_t pipe_event(int irq, void *data)
{
	struct pipe *pipe = data;

	wake_up(pipe->woken);
	return IRQ_HANDLED;
}

/**
 * pipe_open() - make a ring and an event channel
 * @pipe: zeroed, or closed
 * @dev: the device
 * @woken: to be woken at each event
 * @pages: size, a power of two
 * @begin: the index of the first request
 *
 * Return: 0 or a negative errno; pipe_close() is due in either case.
 */
int pipe_open(struct pipe *pipe, struct xenbus_device *dev, wait_queue_head_t *woken,
	      unsigned int pages, u32 begin)
{
	int err;

	pipe->dev = dev;
	pipe->woken = woken;
	pipe->pages = pages;
	memset(pipe->id, 0, sizeof(pipe->id));
	err = xenbus_setup_ring(dev, GFP_KERNEL, &pipe->shared, pages, pipe->gref);
	if (err)
		return err;
	XEN_FRONT_RING_INIT(&pipe->ring, (struct blkif_sring *)pipe->shared, pages * PAGE_SIZE);
	pipe->ring.req_prod_pvt = begin;
	pipe->ring.rsp_cons = begin;
	pipe->ring.sring->req_prod = begin;
	pipe->ring.sring->rsp_prod = begin;
	pipe->ring.sring->req_event = begin + 1;
	pipe->ring.sring->rsp_event = begin + 1;
	err = xenbus_alloc_evtchn(dev, &pipe->port);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler(pipe->port, pipe_event, 0, "hostile", pipe);
	if (err < 0)
		return err;
	pipe->irq = err;
	return 0;
}

/**
 * pipe_close() - take a ring back
 * @pipe: the ring, in whatever state
 */
void pipe_close(struct pipe *pipe)
{
	if (pipe->irq)
		unbind_from_irqhandler(pipe->irq, pipe);
	else if (pipe->port)
		xenbus_free_evtchn(pipe->dev, pipe->port);
	pipe->irq = 0;
	pipe->port = 0;
	if (pipe->shared)
		xenbus_teardown_ring(&pipe->shared, pipe->pages, pipe->gref);
	pipe->shared = NULL;
}

/* The slot of an index. */
struct blkif_request *pipe_slot(struct pipe *pipe, u32 index)
{
	return RING_GET_REQUEST(&pipe->ring, index);
}

/* How many slots there are. */
u32 pipe_size(const struct pipe *pipe)
{
	return RING_SIZE(&pipe->ring);
}

/* How many slots are free. */
u32 pipe_room(const struct pipe *pipe)
{
	return RING_FREE_REQUESTS(&pipe->ring);
}

/* How many requests are not answered. */
u32 pipe_unanswered(const struct pipe *pipe)
{
	return pipe->ring.req_prod_pvt - pipe->ring.rsp_cons;
}

/* Remember the name of a request. Answers come in any order, so that the entry is not the
 * slot's: one of an older request may still be wanted when its slot is written again.
 */
static void pipe_note(struct pipe *pipe, u64 id)
{
	u32 i;

	for (i = 0; i < RING_SIZE(&pipe->ring); i++) {
		if (!pipe->id[i]) {
			pipe->id[i] = id;
			return;
		}
	}
}

/**
 * pipe_send() - fill slots, and do not show them yet
 * @pipe: the ring, with room for them
 * @craft: how to make requests
 * @chance: what becomes of them
 * @n: how many
 *
 * Return: how many of them are wrong on purpose.
 */
u32 pipe_send(struct pipe *pipe, struct craft *craft, struct chance *chance, u32 n)
{
	u32 spoilt = 0;

	while (n--) {
		u32 index = pipe->ring.req_prod_pvt;
		u64 id = chance_any(chance) | 1;

		pipe_note(pipe, id);
		spoilt += craft_request(craft, chance, pipe_slot(pipe, index), id);
		pipe->ring.req_prod_pvt++;
	}
	return spoilt;
}

/**
 * pipe_show() - show the requests to the peer
 * @pipe: the ring
 * @counts: counters
 */
void pipe_show(struct pipe *pipe, struct counts *counts)
{
	int notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&pipe->ring, notify);
	if (notify)
		pipe_ring(pipe, counts, 1);
}

/**
 * pipe_ring() - send events
 * @pipe: the ring
 * @counts: counters
 * @times: how many
 */
void pipe_ring(struct pipe *pipe, struct counts *counts, u32 times)
{
	count_add(counts, COUNT_events, times);
	while (times--)
		notify_remote_via_irq(pipe->irq);
}

/* Is it the name of a request that waits? Then it waits no more. */
static bool pipe_knows(struct pipe *pipe, u64 id)
{
	u32 i;

	for (i = 0; i < RING_SIZE(&pipe->ring); i++) {
		if (pipe->id[i] == id) {
			pipe->id[i] = 0;
			return true;
		}
	}
	return false;
}

static void pipe_judge(struct pipe *pipe, struct counts *counts,
		       const struct blkif_response *rsp)
{
	count_inc(counts, rsp->status == BLKIF_RSP_OKAY ? COUNT_good :
		  rsp->status == BLKIF_RSP_ERROR ? COUNT_bad : COUNT_unknown);
	if (pipe->unsure)
		return;
	if (rsp->status > BLKIF_RSP_OKAY || rsp->status < BLKIF_RSP_EOPNOTSUPP ||
	    !pipe_knows(pipe, rsp->id))
		count_inc(counts, COUNT_strange);
}

/* So many answers are waited for, until only @left requests have none. */
static u32 pipe_wanted(const struct pipe *pipe, u32 left)
{
	u32 unanswered = pipe_unanswered(pipe);

	return unanswered > left ? unanswered - left : 1;
}

/**
 * pipe_has_come() - have so many answers come that it is worth to take them?
 * @pipe: the ring
 * @left: so many requests may be left without one
 */
bool pipe_has_come(const struct pipe *pipe, u32 left)
{
	return READ_ONCE(pipe->ring.sring->rsp_prod) - pipe->ring.rsp_cons >=
	       pipe_wanted(pipe, left);
}

/**
 * pipe_collect() - take the answers that are there
 * @pipe: the ring
 * @counts: counters
 * @left: when only so many requests are without one, an event is to come
 *
 * Return: how many.
 */
u32 pipe_collect(struct pipe *pipe, struct counts *counts, u32 left)
{
	u32 n = 0;

	do {
		u32 have = READ_ONCE(pipe->ring.sring->rsp_prod) - pipe->ring.rsp_cons;

		virt_rmb();
		if (have > pipe_unanswered(pipe)) {
			/* Or a read of ours went to the ring's own page. */
			if (!pipe->unsure)
				count_inc(counts, COUNT_strange);
			return n;
		}
		for (; have--; n++) {
			struct blkif_response rsp;

			RING_COPY_RESPONSE(&pipe->ring, pipe->ring.rsp_cons, &rsp);
			pipe->ring.rsp_cons++;
			pipe_judge(pipe, counts, &rsp);
		}
		WRITE_ONCE(pipe->ring.sring->rsp_event,
			   pipe->ring.rsp_cons + pipe_wanted(pipe, left));
		virt_mb();
	} while (pipe_unanswered(pipe) && pipe_has_come(pipe, left));
	return n;
}
