/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared I/O ring: one page or more that both domains write.
 *
 * The front end produces requests and consumes responses, the back end the
 * reverse; both kinds share the slots, so there are never more responses due
 * than requests sent. Indices run freely over 32 bits and are masked on use.
 * Layout: Xen's public io/ring.h.
 *
 * Notification. A consumer that wants to be woken stores in its *event index*
 * the value of the producer index at which it wants the event. A producer
 * sends one only if its update of the producer index steps over that value.
 * So a consumer that polls leaves its event index behind ("disarmed") and the
 * other side, whichever driver it runs, sends nothing. Before it sleeps it
 * arms, passes a full barrier and looks again: without the second look an
 * update between its last look and the arming would never be announced.
 *
 * Trust. The peer can write all of it at any time. An index is read once; a
 * slot is copied out once; only the copies are used. A producer index that
 * runs further ahead than the ring allows is -EPROTO, and the connection ends.
 *
 * Each structure below has one owner at a time; locking is the caller's.
 */
#ifndef MOAT_CORE_RING_H
#define MOAT_CORE_RING_H

#include "env.h"
#include "wire.h"

/* Shared head of the ring; the slots follow it. */
struct moat_sring {
	u32 req_prod;
	u32 req_event;
	u32 rsp_prod;
	u32 rsp_event;
	u8 pad[48];
	u8 slots[];
};

#define MOAT_SRING_HEAD 64u

/**
 * struct moat_ring - one side's private view of a shared ring
 * @shared: the ring in shared memory
 * @layout: layout of its slots
 * @slot_size: bytes of a slot
 * @size: number of slots, a power of two
 * @prod: what this side has produced: requests in the front end, responses in
 *	the back end; published up to @pushed
 * @pushed: the producer index the peer has been shown
 * @cons: what this side has consumed: responses in the front end, requests in
 *	the back end
 */
struct moat_ring {
	struct moat_sring *shared;
	enum moat_layout layout;
	u32 slot_size;
	u32 size;
	u32 prod;
	u32 pushed;
	u32 cons;
};

/**
 * moat_ring_slots() - number of slots in a ring of so many pages
 * @layout: layout of the slots
 * @pages: number of 4 KiB pages, at least one
 *
 * Return: the number, a power of two, as io/ring.h has it.
 */
static inline u32 moat_ring_slots(enum moat_layout layout, u32 pages)
{
	u32 room = (pages * MOAT_WIRE_PAGE - MOAT_SRING_HEAD) /
		   moat_wire_slot_size(layout);
	u32 n = 1;

	while (n <= room / 2)
		n *= 2;
	return n;
}

/**
 * moat_ring_attach() - take up a ring that is in shared memory
 * @ring: the private view to fill
 * @shared: the ring
 * @layout: layout of its slots
 * @pages: its size in 4 KiB pages
 * @prod: first index to produce
 * @cons: first index to consume
 */
static inline void moat_ring_attach(struct moat_ring *ring, void *shared,
				    enum moat_layout layout, u32 pages,
				    u32 prod, u32 cons)
{
	ring->shared = shared;
	ring->layout = layout;
	ring->slot_size = moat_wire_slot_size(layout);
	ring->size = moat_ring_slots(layout, pages);
	ring->prod = prod;
	ring->pushed = prod;
	ring->cons = cons;
}

/**
 * moat_ring_create() - make a new ring in fresh memory and take it up
 * @ring: the private view to fill
 * @shared: memory of @pages pages that no peer sees yet
 * @layout: layout of the slots
 * @pages: size in 4 KiB pages
 *
 * Both event indices start at one: the first update of either producer is
 * announced. For the front end, which is the one that makes rings.
 */
static inline void moat_ring_create(struct moat_ring *ring, void *shared,
				    enum moat_layout layout, u32 pages)
{
	struct moat_sring *s = shared;

	memset(s, 0, (size_t)pages * MOAT_WIRE_PAGE);
	s->req_event = 1;
	s->rsp_event = 1;
	moat_ring_attach(ring, s, layout, pages, 0, 0);
}

/* The slot of an index; in shared memory. */
static inline u8 *moat_ring_slot(const struct moat_ring *ring, u32 index)
{
	return ring->shared->slots +
	       (size_t)(index & (ring->size - 1)) * ring->slot_size;
}

/* Copy @bytes, a multiple of four, each word read exactly once. */
static inline void moat_ring_copy(u8 *to, const u8 *from, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i += 4)
		moat_put32(to + i, READ_ONCE(*(const u32 *)(from + i)));
}

/* Copy a slot, each word read exactly once. The native layout's slots are whole 64-bit
 * words, at addresses that are, too: half as many loads.
 */
static inline void moat_ring_copy_slot(const struct moat_ring *ring, u8 *to,
				       const u8 *from)
{
	u32 i;

	if (ring->layout != MOAT_LAYOUT_64) {
		moat_ring_copy(to, from, ring->slot_size);
		return;
	}
	for (i = 0; i < MOAT_WIRE_SLOT_MAX; i += 8)
		moat_put64(to + i, READ_ONCE(*(const u64 *)(from + i)));
}

/* Store @bytes, a multiple of four, each word written exactly once. */
static inline void moat_ring_store(u8 *to, const u8 *from, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i += 4)
		WRITE_ONCE(*(u32 *)(to + i), moat_get32(from + i));
}

/* ---- the front end's side ---- */

/* Slots free for new requests: not yet answered ones occupy theirs. */
static inline u32 moat_ring_front_room(const struct moat_ring *ring)
{
	return ring->size - (ring->prod - ring->cons);
}

/**
 * moat_ring_put_request() - write a request into the next slot
 * @ring: the ring, with moat_ring_front_room() not zero
 * @req: the request
 *
 * The peer sees it after moat_ring_push_requests().
 */
static inline void moat_ring_put_request(struct moat_ring *ring,
					 const struct moat_request *req)
{
	moat_wire_put_request(ring->layout, req,
			      moat_ring_slot(ring, ring->prod));
	ring->prod++;
}

/* Does moving a producer index from @old to @new step over @event? */
static inline bool moat_ring_crosses(u32 old, u32 new, u32 event)
{
	return (u32)(new - event) < (u32)(new - old);
}

/**
 * moat_ring_push_requests() - show the peer the requests put so far
 * @ring: the ring
 *
 * Return: whether the peer asked to be notified of this.
 */
static inline bool moat_ring_push_requests(struct moat_ring *ring)
{
	u32 old = ring->pushed;

	if (ring->prod == old)
		return false;
	/* The back end's moat_rmb() behind its read of req_prod: it sees the
	 * slots whole once it sees the index.
	 */
	moat_wmb();
	WRITE_ONCE(ring->shared->req_prod, ring->prod);
	ring->pushed = ring->prod;
	/* The back end's moat_mb() between arming and its second look: either
	 * it sees the index or we see that it armed.
	 */
	moat_mb();
	return moat_ring_crosses(old, ring->prod,
				 READ_ONCE(ring->shared->req_event));
}

/**
 * moat_ring_responses() - how many responses wait
 * @ring: the ring
 * @count: number that can be taken; written only on success
 *
 * Return: 0, or -EPROTO if the peer claims more than it was asked.
 */
static inline int moat_ring_responses(const struct moat_ring *ring, u32 *count)
{
	u32 n = READ_ONCE(ring->shared->rsp_prod) - ring->cons;

	if (n > ring->pushed - ring->cons)
		return -EPROTO;
	/* The back end's moat_store_release() of rsp_prod: we see the slots
	 * whole.
	 */
	moat_rmb();
	*count = n;
	return 0;
}

/**
 * moat_ring_peek_responses() - is it worth taking the lock?
 * @ring: the ring, which must not go away meanwhile
 *
 * A hint for a spinner, without barrier or lock: what it says may be old by
 * the time it is used. moat_ring_responses() decides.
 *
 * Return: whether a response seems to wait.
 */
static inline bool moat_ring_peek_responses(const struct moat_ring *ring)
{
	return READ_ONCE(ring->shared->rsp_prod) != READ_ONCE(ring->cons);
}

/**
 * moat_ring_take_response() - copy out the next response
 * @ring: the ring; moat_ring_responses() said there is one
 * @rsp: the private copy
 */
static inline void moat_ring_take_response(struct moat_ring *ring,
					   struct moat_response *rsp)
{
	u8 raw[16];

	moat_ring_copy(raw, moat_ring_slot(ring, ring->cons), 12);
	ring->cons++;
	moat_wire_get_response(raw, rsp);
}

/**
 * moat_ring_arm_responses() - ask for an event and look once more
 * @ring: the ring, all its responses taken
 * @count: number of responses that came meanwhile; written only on success
 *
 * With a count of zero the caller may sleep: the next response is announced.
 *
 * Return: 0, or -EPROTO as moat_ring_responses().
 */
static inline int moat_ring_arm_responses(struct moat_ring *ring, u32 *count)
{
	WRITE_ONCE(ring->shared->rsp_event, ring->cons + 1);
	/* The back end's moat_mb() between storing rsp_prod and reading
	 * rsp_event: either we see its response or it sees that we armed.
	 */
	moat_mb();
	return moat_ring_responses(ring, count);
}

/* Stop asking for events. The event index is left a whole ring behind: a
 * producer caught between showing its index and looking at ours has stepped
 * at most that far, and must not find it among its own steps.
 */
static inline void moat_ring_disarm_responses(struct moat_ring *ring)
{
	WRITE_ONCE(ring->shared->rsp_event, ring->cons - ring->size);
}

/* ---- the back end's side ---- */

/**
 * moat_ring_serve() - take up a front end's ring
 * @ring: the private view to fill
 * @shared: the ring
 * @layout: layout of its slots
 * @pages: its size in 4 KiB pages
 *
 * Begins where whoever served it before has answered up to; what the peer
 * makes of that index is a matter between it and its own requests.
 */
static inline void moat_ring_serve(struct moat_ring *ring, void *shared,
				   enum moat_layout layout, u32 pages)
{
	const struct moat_sring *s = shared;
	u32 start = READ_ONCE(s->rsp_prod);

	moat_ring_attach(ring, shared, layout, pages, start, start);
}

/**
 * moat_ring_requests() - how many requests wait
 * @ring: the ring
 * @count: number that can be taken; written only on success
 *
 * Return: 0, or -EPROTO if there would be more requests unanswered than the
 * ring has slots.
 */
static inline int moat_ring_requests(const struct moat_ring *ring, u32 *count)
{
	u32 n = READ_ONCE(ring->shared->req_prod) - ring->cons;

	if (n > ring->size - (ring->cons - ring->prod))
		return -EPROTO;
	/* The front end's moat_wmb() before it stores req_prod: we see the
	 * slots whole.
	 */
	moat_rmb();
	*count = n;
	return 0;
}

/**
 * moat_ring_take_request() - copy out the next request
 * @ring: the ring; moat_ring_requests() said there is one
 * @req: the private copy, decoded, nothing in it checked yet
 */
static inline void moat_ring_take_request(struct moat_ring *ring,
					  struct moat_request *req)
{
	u8 raw[MOAT_WIRE_SLOT_MAX];

	moat_ring_copy_slot(ring, raw, moat_ring_slot(ring, ring->cons));
	ring->cons++;
	moat_wire_get_request(ring->layout, raw, req);
}

/**
 * moat_ring_put_response() - write a response into the next slot
 * @ring: the ring; a request is unanswered
 * @rsp: the response
 *
 * The peer sees it after moat_ring_push_responses().
 */
static inline void moat_ring_put_response(struct moat_ring *ring,
					  const struct moat_response *rsp)
{
	moat_wire_put_response(rsp, moat_ring_slot(ring, ring->prod));
	ring->prod++;
}

/**
 * moat_ring_push_responses() - show the peer the responses put so far
 * @ring: the ring
 *
 * Return: whether the peer asked to be notified of this.
 */
static inline bool moat_ring_push_responses(struct moat_ring *ring)
{
	u32 old = ring->pushed;

	if (ring->prod == old)
		return false;
	/* The front end's moat_rmb() behind its read of rsp_prod: it sees the
	 * slots whole. And it may then write its next request over one that we
	 * have copied, so that our loads must be over too, which a write barrier
	 * does not say (tests/litmus/reuse-slot.litmus).
	 */
	moat_store_release(&ring->shared->rsp_prod, ring->prod);
	ring->pushed = ring->prod;
	/* The front end's moat_mb() between arming and its second look. */
	moat_mb();
	return moat_ring_crosses(old, ring->prod,
				 READ_ONCE(ring->shared->rsp_event));
}

/**
 * moat_ring_arm_requests() - ask for an event and look once more
 * @ring: the ring, all its requests taken
 * @count: number of requests that came meanwhile; written only on success
 *
 * With a count of zero the caller may sleep: the next request is announced.
 *
 * Return: 0, or -EPROTO as moat_ring_requests().
 */
static inline int moat_ring_arm_requests(struct moat_ring *ring, u32 *count)
{
	WRITE_ONCE(ring->shared->req_event, ring->cons + 1);
	/* The front end's moat_mb() between storing req_prod and reading
	 * req_event: either we see its request or it sees that we armed.
	 */
	moat_mb();
	return moat_ring_requests(ring, count);
}

/* Stop asking for events; see moat_ring_disarm_responses(). */
static inline void moat_ring_disarm_requests(struct moat_ring *ring)
{
	WRITE_ONCE(ring->shared->req_event, ring->cons - ring->size);
}

#endif
