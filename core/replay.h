/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may be issued when, on a new connection.
 *
 * Four phases. IDLE: there is no connection, nothing goes out. RETAINED:
 * acknowledged writes the old back end may have lost, in the order of their
 * acknowledgement (core/retain.h keeps them). INFLIGHT: what it left
 * unanswered, in the order of issue. LIVE: new requests. A phase ends when all
 * its changes are answered, so
 *
 *   a write in flight is not overwritten by an older one that was retained;
 *   a flush that was in flight covers, again, every write acknowledged before
 *   it, as these are all answered anew before it goes out;
 *   a read sees no state in between: data that was seen before the old back
 *   end went is in place before anything is read again.
 *
 * Within a phase requests go out in order and several at a time, but what
 * overlaps an unanswered change waits for it, and a flush for all changes.
 * Whoever waits holds up those behind. After another death it all starts from
 * RETAINED again, with everything that is then unanswered.
 *
 * One plan per disk; the caller's lock guards it. The caller owns the items.
 */
#ifndef MOAT_CORE_REPLAY_H
#define MOAT_CORE_REPLAY_H

#include "env.h"

enum moat_replay_phase {
	MOAT_REPLAY_IDLE,
	MOAT_REPLAY_RETAINED,
	MOAT_REPLAY_INFLIGHT,
	MOAT_REPLAY_LIVE,
};

enum moat_replay_kind {
	MOAT_REPLAY_READ,
	MOAT_REPLAY_CHANGE,	/* write, discard, secure discard */
	MOAT_REPLAY_FLUSH,	/* or a barrier without data */
};

/**
 * struct moat_replay_item - a request, as far as its replay is concerned
 * @next: the one behind it
 * @busy: the next unanswered change
 * @sector: where it begins, in units of 512 bytes
 * @sectors: how many; not looked at for a flush
 * @kind: what it does
 */
struct moat_replay_item {
	struct moat_replay_item *next;
	struct moat_replay_item *busy;
	u64 sector;
	u64 sectors;
	enum moat_replay_kind kind;
};

/**
 * struct moat_replay - the plan
 * @phase: where it stands
 * @retained: first retained change not issued yet
 * @first: first request that was in flight and is not issued yet
 * @last: last one
 * @busy: changes issued by the plan and unanswered
 */
struct moat_replay {
	enum moat_replay_phase phase;
	struct moat_replay_item *retained;
	struct moat_replay_item *first;
	struct moat_replay_item *last;
	struct moat_replay_item *busy;
};

/**
 * moat_replay_hold() - there is no connection any more, or not yet
 * @p: the plan, in any phase; forgets all its items
 */
static inline void moat_replay_hold(struct moat_replay *p)
{
	memset(p, 0, sizeof(*p));
	p->phase = MOAT_REPLAY_IDLE;
}

/**
 * moat_replay_add() - note a request that is to be issued again
 * @p: the plan, IDLE
 * @item: an unanswered request; they are added in the order of issue
 */
static inline void moat_replay_add(struct moat_replay *p,
				   struct moat_replay_item *item)
{
	item->next = NULL;
	if (p->last)
		p->last->next = item;
	else
		p->first = item;
	p->last = item;
}

/* Has the phase come to its end? */
static inline void moat_replay_settle(struct moat_replay *p)
{
	if (p->busy)
		return;
	if (p->phase == MOAT_REPLAY_RETAINED && !p->retained)
		p->phase = MOAT_REPLAY_INFLIGHT;
	if (p->phase == MOAT_REPLAY_INFLIGHT && !p->first)
		p->phase = MOAT_REPLAY_LIVE;
}

/**
 * moat_replay_begin() - there is a connection
 * @p: the plan, IDLE, with all that is to be issued again
 * @retained: first of the retained changes, moat_retain_first(); their list
 *	stays as it is until the phase RETAINED is over
 */
static inline void moat_replay_begin(struct moat_replay *p,
				     struct moat_replay_item *retained)
{
	p->retained = retained;
	p->phase = MOAT_REPLAY_RETAINED;
	moat_replay_settle(p);
}

static inline bool moat_replay_overlap(const struct moat_replay_item *a,
				       const struct moat_replay_item *b)
{
	if (a->sector < b->sector)
		return b->sector - a->sector < a->sectors;
	return a->sector - b->sector < b->sectors;
}

static inline bool moat_replay_may_issue(const struct moat_replay *p,
					 const struct moat_replay_item *item)
{
	const struct moat_replay_item *b;

	if (item->kind == MOAT_REPLAY_FLUSH)
		return !p->busy;
	for (b = p->busy; b; b = b->busy)
		if (moat_replay_overlap(item, b))
			return false;
	return true;
}

/**
 * moat_replay_next() - what is to be issued now?
 * @p: the plan
 *
 * Changes nothing: an item the ring has no room for is asked for again.
 *
 * Return: the item, or NULL: nothing before the next answer, or nothing any
 * more (the phase says which).
 */
static inline struct moat_replay_item *moat_replay_next(struct moat_replay *p)
{
	struct moat_replay_item *item = NULL;

	if (p->phase == MOAT_REPLAY_RETAINED)
		item = p->retained;
	else if (p->phase == MOAT_REPLAY_INFLIGHT)
		item = p->first;
	return item && moat_replay_may_issue(p, item) ? item : NULL;
}

/**
 * moat_replay_issued() - the next item has gone out
 * @p: the plan
 * @item: what moat_replay_next() returned last
 *
 * If it takes several requests it counts as answered when all of them are.
 * For a request that is not issued after all, but given back to be cut anew,
 * moat_replay_answered() follows at once.
 */
static inline void moat_replay_issued(struct moat_replay *p,
				      struct moat_replay_item *item)
{
	if (p->phase == MOAT_REPLAY_RETAINED) {
		p->retained = item->next;
	} else {
		p->first = item->next;
		if (!p->first)
			p->last = NULL;
	}
	if (item->kind == MOAT_REPLAY_CHANGE) {
		item->busy = p->busy;
		p->busy = item;
	}
	moat_replay_settle(p);
}

/**
 * moat_replay_answered() - a request has been answered, well or not
 * @p: the plan
 * @item: any request, issued by the plan or not
 *
 * To be called before the change becomes retained, and before its memory is
 * given away.
 */
static inline void moat_replay_answered(struct moat_replay *p,
					const struct moat_replay_item *item)
{
	struct moat_replay_item **b;

	for (b = &p->busy; *b; b = &(*b)->busy) {
		if (*b == item) {
			*b = item->busy;
			break;
		}
	}
	moat_replay_settle(p);
}

#endif
