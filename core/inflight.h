/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The front end's own table of what it has asked.
 *
 * A response is believed only as far as this table bears it out: its id must
 * name a request that is in flight, in its present use, with the operation
 * that was asked. So a back end that invents an id, answers twice or answers
 * an old connection's request is found out (-EPROTO) before anything is
 * completed. An id is the tag of the slot below and a count of its uses above,
 * which makes the ids of two uses of one tag differ.
 *
 * The table gives out the tags itself: one for each slot of the ring is enough
 * for whatever goes through it, whoever asked. The one that came back last goes
 * out first, its memory being at hand.
 *
 * One table per ring; the ring's lock guards it. The caller owns the memory.
 */
#ifndef MOAT_CORE_INFLIGHT_H
#define MOAT_CORE_INFLIGHT_H

#include "env.h"
#include "wire.h"

#define MOAT_INFLIGHT_TAG_BITS 16

/**
 * struct moat_inflight_slot - one tag
 * @use: how often the tag has been issued
 * @next: tag that is free besides, while this one is
 * @busy: it is in flight
 * @op: operation that was asked
 * @order: place in the order of issue, over all tags of the table
 */
struct moat_inflight_slot {
	u32 use;
	u32 next;
	bool busy;
	u8 op;
	u64 order;
};

/**
 * struct moat_inflight - the table
 * @slots: one per tag
 * @size: number of tags, at most 1 << MOAT_INFLIGHT_TAG_BITS
 * @count: number in flight
 * @free: a tag that is not in flight; @size: all are
 * @issued: number issued ever
 */
struct moat_inflight {
	struct moat_inflight_slot *slots;
	u32 size;
	u32 count;
	u32 free;
	u64 issued;
};

/**
 * moat_inflight_init() - start with nothing in flight
 * @t: the table
 * @slots: @size slots, the caller's; what they hold does not matter
 * @size: number of tags
 */
static inline void moat_inflight_init(struct moat_inflight *t,
				      struct moat_inflight_slot *slots,
				      u32 size)
{
	u32 tag;

	for (tag = 0; tag < size; tag++)
		slots[tag] = (struct moat_inflight_slot){ .next = tag + 1 };
	t->slots = slots;
	t->size = size;
	t->count = 0;
	t->free = 0;
	t->issued = 0;
}

/**
 * moat_inflight_issue() - note that a request goes out
 * @t: the table
 * @op: operation asked, of an indirect request the wrapped one
 * @tag: its tag; written, like @id, only on success
 * @id: the id to put on the wire
 *
 * Return: 0, or -EBUSY if all tags are in flight.
 */
static inline int moat_inflight_issue(struct moat_inflight *t, u8 op, u32 *tag,
				      u64 *id)
{
	struct moat_inflight_slot *s;
	u32 i = t->free;

	if (i >= t->size)
		return -EBUSY;
	s = &t->slots[i];
	t->free = s->next;
	s->use++;
	s->busy = true;
	s->op = op;
	s->order = t->issued++;
	t->count++;
	*tag = i;
	*id = ((u64)s->use << MOAT_INFLIGHT_TAG_BITS) | i;
	return 0;
}

/* A tag in flight comes back. */
static inline void moat_inflight_end(struct moat_inflight *t, u32 tag)
{
	t->slots[tag].busy = false;
	t->slots[tag].next = t->free;
	t->free = tag;
	t->count--;
}

/**
 * moat_inflight_match() - which request does a response answer?
 * @t: the table
 * @rsp: private copy of the response
 * @tag: the tag, no longer in flight; written only on success
 *
 * A wrapped operation may be echoed as itself or as MOAT_OP_INDIRECT: both
 * kinds of back end exist. A status that the protocol does not have is no error
 * of the disk's, which would be passed on: the request is still unanswered.
 *
 * Return: 0, or -EPROTO for a response nothing asked for, or to which there is
 * no meaning; the request, if any, stays in flight.
 */
static inline int moat_inflight_match(struct moat_inflight *t,
				      const struct moat_response *rsp, u32 *tag)
{
	u32 i = rsp->id & ((1u << MOAT_INFLIGHT_TAG_BITS) - 1);
	struct moat_inflight_slot *s;

	if (i >= t->size)
		return -EPROTO;
	s = &t->slots[i];
	if (!s->busy || rsp->id >> MOAT_INFLIGHT_TAG_BITS != s->use)
		return -EPROTO;
	if (rsp->op != s->op && rsp->op != MOAT_OP_INDIRECT)
		return -EPROTO;
	if (rsp->status > MOAT_RSP_OKAY || rsp->status < MOAT_RSP_EOPNOTSUPP)
		return -EPROTO;
	moat_inflight_end(t, i);
	*tag = i;
	return 0;
}

/**
 * moat_inflight_withdraw() - take back what will never be answered
 * @t: the table
 * @tag: a tag
 *
 * For a connection that is gone; its requests are issued anew on the next.
 *
 * Return: whether the tag was in flight.
 */
static inline bool moat_inflight_withdraw(struct moat_inflight *t, u32 tag)
{
	if (tag >= t->size || !t->slots[tag].busy)
		return false;
	moat_inflight_end(t, tag);
	return true;
}

#endif
