// SPDX-License-Identifier: GPL-2.0
/*
 * Concurrency Kit's single-producer, single-consumer ring, one each way.
 *
 * In two ways. With slots of the size of Moat's, written in place and carrying
 * the same encoded request: the same job as Moat's ring does. And as the
 * library is used most, passing pointers: the request stays where the front
 * end has written it, and the back end reads it there. That does less: the
 * peer could change a request while it is being looked at, so between domains
 * that do not trust each other it would not do.
 *
 * The library knows spinning only, so there is no mode.
 */
#include <ck_ring.h>

#include "load.h"

/* Such a ring holds one less than its size. */
#define LIBRARY_SLOTS (2 * RING_DEPTH_MAX)

struct request_slot {
	u8 raw[MOAT_WIRE_SLOT_MAX];
};

struct response_slot {
	u8 raw[16];
};

CK_RING_PROTOTYPE(request, request_slot)
CK_RING_PROTOTYPE(response, response_slot)

/* A request that is passed by pointer, and its answer. */
struct message {
	struct moat_response rsp;
	u32 op;
	u32 nr_segs;
	u64 id;
	u64 sector;
	struct moat_seg seg;
} __attribute__((aligned(64)));

/* What lies in the shared pages. */
struct library {
	struct ck_ring requests __attribute__((aligned(RING_LINE)));
	struct ck_ring responses __attribute__((aligned(RING_LINE)));
	struct request_slot request[LIBRARY_SLOTS] __attribute__((aligned(RING_LINE)));
	struct response_slot response[LIBRARY_SLOTS] __attribute__((aligned(RING_LINE)));
	struct ck_ring_buffer out[LIBRARY_SLOTS] __attribute__((aligned(RING_LINE)));
	struct ck_ring_buffer in[LIBRARY_SLOTS] __attribute__((aligned(RING_LINE)));
	struct message message[RING_DEPTH_MAX];
};

_Static_assert(sizeof(struct library) <= RING_SHARED_BYTES, "the mapping is too small");

void library_init(struct pair *pair)
{
	struct library *lib = pair->shared;

	ck_ring_init(&lib->requests, LIBRARY_SLOTS);
	ck_ring_init(&lib->responses, LIBRARY_SLOTS);
}

void pointer_init(struct pair *pair)
{
	library_init(pair);
}

/* ---- both ---- */

/* It shows each entry as it is put. */
static always_inline int no_push(struct pair *pair)
{
	(void)pair;
	return 0;
}

static always_inline void no_begin(struct pair *pair)
{
	(void)pair;
}

static always_inline int front_idle(struct pair *pair)
{
	pair->front.counts.misses++;
	watch_relax(&pair->front.watch);
	return 0;
}

static always_inline int back_idle(struct pair *pair)
{
	pair->back.counts.misses++;
	watch_relax(&pair->back.watch);
	return 0;
}

/* ---- slots ---- */

static always_inline void slot_front_put(struct pair *pair, const struct moat_request *req)
{
	struct library *lib = pair->shared;
	struct request_slot *slot;

	slot = ck_ring_enqueue_reserve_spsc_request(&lib->requests, lib->request);
	moat_wire_put_request(MOAT_LAYOUT_64, req, slot->raw);
	ck_ring_enqueue_commit_spsc(&lib->requests);
}

static always_inline int slot_front_take(struct pair *pair, struct moat_response *rsp)
{
	struct library *lib = pair->shared;
	struct response_slot slot;

	if (!ck_ring_dequeue_spsc_response(&lib->responses, lib->response, &slot))
		return 0;
	moat_wire_get_response(slot.raw, rsp);
	return 1;
}

static always_inline int slot_back_take(struct pair *pair, struct moat_request *req)
{
	struct library *lib = pair->shared;
	struct request_slot slot;

	if (!ck_ring_dequeue_spsc_request(&lib->requests, lib->request, &slot))
		return 0;
	moat_wire_get_request(MOAT_LAYOUT_64, slot.raw, req);
	return 1;
}

static always_inline void slot_back_put(struct pair *pair, const struct moat_response *rsp)
{
	struct library *lib = pair->shared;
	struct response_slot *slot;

	slot = ck_ring_enqueue_reserve_spsc_response(&lib->responses, lib->response);
	moat_wire_put_response(rsp, slot->raw);
	ck_ring_enqueue_commit_spsc(&lib->responses);
}

static const struct front_ops slot_front_ops = {
	.put = slot_front_put,
	.push = no_push,
	.take = slot_front_take,
	.idle = front_idle,
	.begin = no_begin,
};

static const struct back_ops slot_back_ops = {
	.take = slot_back_take,
	.put = slot_back_put,
	.push = no_push,
	.idle = back_idle,
};

int library_front(struct pair *pair, struct outcome *out)
{
	return load_front(pair, out, &slot_front_ops);
}

int library_back(struct pair *pair)
{
	return load_back(pair, &slot_back_ops);
}

/* ---- pointers ---- */

static always_inline void pointer_front_put(struct pair *pair, const struct moat_request *req)
{
	struct library *lib = pair->shared;
	/* The load names its tag there, as a front end names its pages. */
	struct message *m = &lib->message[req->seg[0].gref];

	m->op = req->op;
	m->nr_segs = req->nr_segs;
	m->id = req->id;
	m->sector = req->sector;
	m->seg = req->seg[0];
	ck_ring_enqueue_spsc(&lib->requests, lib->out, m);
}

static always_inline int pointer_front_take(struct pair *pair, struct moat_response *rsp)
{
	struct library *lib = pair->shared;
	void *m;

	if (!ck_ring_dequeue_spsc(&lib->responses, lib->in, &m))
		return 0;
	*rsp = ((struct message *)m)->rsp;
	return 1;
}

static always_inline int pointer_back_take(struct pair *pair, struct moat_request *req)
{
	struct library *lib = pair->shared;
	struct message *m;
	void *p;

	if (!ck_ring_dequeue_spsc(&lib->requests, lib->out, &p))
		return 0;
	m = p;
	req->op = m->op;
	req->nr_segs = m->nr_segs;
	req->id = m->id;
	req->sector = m->sector;
	req->seg[0] = m->seg;
	return 1;
}

static always_inline void pointer_back_put(struct pair *pair, const struct moat_response *rsp)
{
	struct library *lib = pair->shared;
	struct message *m = &lib->message[rsp->id & (RING_DEPTH_MAX - 1)];

	m->rsp = *rsp;
	ck_ring_enqueue_spsc(&lib->responses, lib->in, m);
}

static const struct front_ops pointer_front_ops = {
	.put = pointer_front_put,
	.push = no_push,
	.take = pointer_front_take,
	.idle = front_idle,
	.begin = no_begin,
};

static const struct back_ops pointer_back_ops = {
	.take = pointer_back_take,
	.put = pointer_back_put,
	.push = no_push,
	.idle = back_idle,
};

int pointer_front(struct pair *pair, struct outcome *out)
{
	return load_front(pair, out, &pointer_front_ops);
}

int pointer_back(struct pair *pair)
{
	return load_back(pair, &pointer_back_ops);
}
