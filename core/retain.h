/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Acknowledged writes that a back end may still lose.
 *
 * While the back end has a volatile cache, an acknowledged change of the disk
 * (a write; a discard, which holds no data but must be repeated in its place)
 * is *retained* until a flush issued after its acknowledgement is itself
 * acknowledged. If the back end dies before, it is issued again, in the order
 * of the acknowledgements: core/replay.h. Writes that were in flight together
 * and overlap have no order on a disk, and none here.
 *
 * Memory is bounded by a budget. A change costs what it holds: whole pages, and
 * something besides. It reserves that before it is issued, and waits if there is
 * none. From half of the budget on, or when something waits, be it for room in
 * the budget or for what retained changes hold, the front end flushes by itself.
 *
 * Errors of the device: a flush that fails drops nothing. A retained write
 * that fails when it is issued again, or an own flush that fails time and
 * again, is lost, long after its writer was told otherwise: as with Linux's
 * own write-back, the next flush is answered with an error.
 *
 * A back end without a cache: nothing new is retained, and what is retained is
 * safe once it has been issued again: a mark taken when moat_replay's phase
 * RETAINED ends may be given to moat_retain_flush_end() at once.
 *
 * One per disk; the caller's lock guards it. The caller owns the entries.
 */
#ifndef MOAT_CORE_RETAIN_H
#define MOAT_CORE_RETAIN_H

#include "env.h"
#include "replay.h"

/* What an entry costs besides its data; so discards are not free. */
#define MOAT_RETAIN_OVERHEAD 256u
/* Its data is held in pages. */
#define MOAT_RETAIN_PAGE 4096u
/* Own flushes that fail in a row before what they cover is given up. */
#define MOAT_RETAIN_TRIES 3u

/**
 * struct moat_retain_entry - a retained change
 * @item: its place, for its replay; kind MOAT_REPLAY_CHANGE
 * @seq: place in the order of acknowledgement, from 0
 * @total: cost of all entries ever, up to and with this one
 */
struct moat_retain_entry {
	struct moat_replay_item item;
	u64 seq;
	u64 total;
};

/**
 * struct moat_retain_mark - what a flush covers
 * @seq: all entries below
 * @last: the last of them; not to be looked at if it has been dropped
 */
struct moat_retain_mark {
	u64 seq;
	struct moat_retain_entry *last;
};

/**
 * struct moat_retain - what is retained
 * @first: oldest entry
 * @last: newest entry
 * @seq: entries ever
 * @total: their cost
 * @dropped: entries ever dropped, and
 * @dropped_total: their cost
 * @reserved: cost of changes in flight
 * @budget: most that may be held and reserved
 * @failures: own flushes that failed in a row
 * @own: an own flush is in flight
 * @starved: somebody waits for what a flush gives back
 * @error: something was lost that no flush has reported yet
 */
struct moat_retain {
	struct moat_retain_entry *first;
	struct moat_retain_entry *last;
	u64 seq;
	u64 total;
	u64 dropped;
	u64 dropped_total;
	u64 reserved;
	u64 budget;
	u32 failures;
	bool own;
	bool starved;
	bool error;
};

static inline struct moat_retain_entry *
moat_retain_entry_of(struct moat_replay_item *item)
{
	return item ? (struct moat_retain_entry *)((char *)item -
		offsetof(struct moat_retain_entry, item)) : NULL;
}

/**
 * moat_retain_init() - start with nothing retained
 * @r: what is retained
 * @budget: most that the changes may cost, moat_retain_cost()
 */
static inline void moat_retain_init(struct moat_retain *r, u64 budget)
{
	memset(r, 0, sizeof(*r));
	r->budget = budget;
}

/* What a change costs that writes @bytes. */
static inline u64 moat_retain_cost(u32 bytes)
{
	u64 pages = ((u64)bytes + MOAT_RETAIN_PAGE - 1) / MOAT_RETAIN_PAGE;

	return pages * MOAT_RETAIN_PAGE + MOAT_RETAIN_OVERHEAD;
}

/* First item for moat_replay_begin(), or NULL. */
static inline struct moat_replay_item *
moat_retain_first(const struct moat_retain *r)
{
	return r->first ? &r->first->item : NULL;
}

/* Cost of what is retained, in bytes. */
static inline u64 moat_retain_held(const struct moat_retain *r)
{
	return r->total - r->dropped_total;
}

/**
 * moat_retain_reserve() - may this change be issued?
 * @r: what is retained
 * @bytes: of data; 0 for a discard
 *
 * The reservation is the request's until it is acknowledged or fails, over any
 * number of connections. One that is larger than the budget is let through
 * alone.
 *
 * Return: whether there is room. If not, try again after each
 * moat_retain_flush_end() and moat_retain_release(), and ask
 * moat_retain_want_flush() now.
 */
static inline bool moat_retain_reserve(struct moat_retain *r, u32 bytes)
{
	u64 used = moat_retain_held(r) + r->reserved;
	u64 cost = moat_retain_cost(bytes);

	if (used && (used > r->budget || cost > r->budget - used)) {
		r->starved = true;
		return false;
	}
	r->reserved += cost;
	return true;
}

/**
 * moat_retain_starve() - somebody lacks pages or the like, not room
 * @r: what is retained
 *
 * If retained changes hold any, a flush gives them back.
 *
 * Return: whether they do; then ask moat_retain_want_flush().
 */
static inline bool moat_retain_starve(struct moat_retain *r)
{
	if (r->first)
		r->starved = true;
	return r->first;
}

/**
 * moat_retain_release() - a change failed, or need not be retained
 * @r: what is retained
 * @bytes: as reserved
 */
static inline void moat_retain_release(struct moat_retain *r, u32 bytes)
{
	r->reserved -= moat_retain_cost(bytes);
}

/**
 * moat_retain_ack() - a change has been acknowledged
 * @r: what is retained
 * @e: its entry, the @item filled in but for the links; from here on it must
 *	not be touched until moat_retain_flush_end() gives it back
 * @bytes: as reserved
 */
static inline void moat_retain_ack(struct moat_retain *r,
				   struct moat_retain_entry *e, u32 bytes)
{
	moat_retain_release(r, bytes);
	r->total += moat_retain_cost(bytes);
	e->total = r->total;
	e->seq = r->seq++;
	e->item.next = NULL;
	e->item.busy = NULL;
	if (r->last)
		r->last->item.next = &e->item;
	else
		r->first = e;
	r->last = e;
}

/**
 * moat_retain_flush_begin() - a flush is being put into the ring
 * @r: what is retained
 * @mark: what it covers: every change acknowledged so far; written anew when
 *	the flush is issued again
 *
 * Not while retained changes are being issued again: they are not answered.
 */
static inline void moat_retain_flush_begin(const struct moat_retain *r,
					   struct moat_retain_mark *mark)
{
	mark->seq = r->seq;
	mark->last = r->last;
}

/**
 * moat_retain_flush_end() - a flush has been acknowledged without an error
 * @r: what is retained
 * @mark: what it covers
 *
 * Flushes may overlap, and end in any order.
 *
 * Return: the entries that are no longer needed, linked by @item.next
 * (moat_retain_entry_of()), the caller's again; NULL if there are none.
 */
static inline struct moat_retain_entry *
moat_retain_flush_end(struct moat_retain *r,
		      const struct moat_retain_mark *mark)
{
	struct moat_retain_entry *first = r->first;

	if (mark->seq <= r->dropped)
		return NULL;
	r->first = moat_retain_entry_of(mark->last->item.next);
	if (!r->first)
		r->last = NULL;
	mark->last->item.next = NULL;
	r->dropped = mark->seq;
	r->dropped_total = mark->last->total;
	r->starved = false;
	return first;
}

/**
 * moat_retain_want_flush() - should the front end flush by itself?
 * @r: what is retained
 *
 * To be asked after each acknowledgement and each failed reservation, and
 * answered with moat_retain_own_begin() when new requests may be issued.
 */
static inline bool moat_retain_want_flush(const struct moat_retain *r)
{
	return r->first && !r->own &&
	       (r->starved || moat_retain_held(r) > r->budget / 2);
}

/**
 * moat_retain_own_begin() - the front end's own flush goes into the ring
 * @r: what is retained
 * @mark: as for moat_retain_flush_begin()
 */
static inline void moat_retain_own_begin(struct moat_retain *r,
					 struct moat_retain_mark *mark)
{
	r->own = true;
	moat_retain_flush_begin(r, mark);
}

/**
 * moat_retain_own_end() - the front end's own flush has been answered
 * @r: what is retained
 * @mark: what it covers
 * @ok: without an error
 *
 * Return: as moat_retain_flush_end().
 */
static inline struct moat_retain_entry *
moat_retain_own_end(struct moat_retain *r,
		    const struct moat_retain_mark *mark, bool ok)
{
	r->own = false;
	if (!ok) {
		if (++r->failures < MOAT_RETAIN_TRIES)
			return NULL;
		r->error = true;
	}
	r->failures = 0;
	return moat_retain_flush_end(r, mark);
}

/**
 * moat_retain_disconnect() - the connection is gone
 * @r: what is retained
 *
 * And the own flush with it: it is not issued again, but wanted anew.
 */
static inline void moat_retain_disconnect(struct moat_retain *r)
{
	r->own = false;
}

/**
 * moat_retain_fail() - a retained change failed when it was issued again
 * @r: what is retained
 */
static inline void moat_retain_fail(struct moat_retain *r)
{
	r->error = true;
}

/**
 * moat_retain_take_error() - must this flush fail?
 * @r: what is retained
 *
 * For a flush of the application's that the device has acknowledged.
 *
 * Return: whether something was lost since the last time.
 */
static inline bool moat_retain_take_error(struct moat_retain *r)
{
	bool error = r->error;

	r->error = false;
	return error;
}

#endif
