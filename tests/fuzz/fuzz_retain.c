/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random histories of a disk whose back ends die, with core/retain.h and
 * core/replay.h as the front end uses them, against what a reader may see.
 *
 * The device has a cache, written back a block at a time whenever it likes. It
 * carries out and answers what is in the ring in any order. A death may carry
 * out some of what is in the ring, in part, and loses any part of the cache.
 * Some back ends have no cache.
 *
 * Each change has a number, which is what it writes. Oracle, for each block:
 *   a read never finds what a change has overwritten that was acknowledged
 *   before the read was issued;
 *   where no two changes of a block are in flight together, it finds nothing
 *   older than an earlier read has found, either;
 *   behind an acknowledged flush the same holds of the medium, for changes
 *   acknowledged before the flush was issued;
 *   whoever waits for room is helped, and all that was asked is answered.
 */
#include "fuzz.h"

#include "core/retain.h"

#define BLOCKS 4u		/* of one sector */
#define REQUESTS 8u
#define RING 6u
#define CHANGES 200u

/* A request of the application's, or the front end's own flush. */
struct ask {
	struct moat_replay_item item;
	struct moat_retain_mark mark;
	bool used, own;
	u32 bytes;
	u32 number;		/* of a change */
	u32 issued;		/* when, first */
	u32 seen[BLOCKS];	/* of a read: what had been seen by then */
};

struct kept {
	struct moat_retain_entry entry;
	u32 bytes;
	u32 number;
};

/* What is in the ring: an ask, or a retained change. */
struct slot {
	struct moat_replay_item *item;
	struct ask *ask;
	u32 number;
	bool done, failed;
	u32 found[BLOCKS];
};

struct world {
	struct fuzz *f;
	struct moat_retain r;
	struct moat_replay p;
	struct ask ask[REQUESTS];
	struct slot ring[RING];
	u32 medium[BLOCKS], cache[BLOCKS];
	bool cached;		/* this back end has a cache */
	bool settling;		/* retained changes, but no cache any more */
	bool ordered;		/* no two changes of a block in flight */
	bool waiting;		/* a change waits for room */

	u32 now;
	u32 changes;
	u32 issued[CHANGES + 1], acked[CHANGES + 1];
	bool covers[CHANGES + 1][BLOCKS];
	u32 seen[BLOCKS];
};

/* ---- oracle ---- */

/* Had change @v of block @b been overwritten for all to see, by @when? */
static bool superseded(const struct world *w, u32 b, u32 v, u32 when)
{
	u32 i;

	for (i = 1; i <= w->changes; i++)
		if (w->covers[i][b] && w->acked[i] && w->acked[i] < when &&
		    (!v || (w->acked[v] && w->acked[v] < w->issued[i])))
			return true;
	return false;
}

static bool covers(const struct moat_replay_item *item, u32 b)
{
	return b >= item->sector && b - item->sector < item->sectors;
}

static void check_read(struct world *w, const struct ask *a,
		       const struct slot *s)
{
	u32 b;

	for (b = 0; b < BLOCKS; b++) {
		if (!covers(&a->item, b))
			continue;
		check(!superseded(w, b, s->found[b], a->issued));
		if (!w->ordered)
			continue;
		check(s->found[b] >= a->seen[b]);
		if (w->seen[b] < s->found[b])
			w->seen[b] = s->found[b];
	}
}

static void check_flushed(const struct world *w, const struct ask *a)
{
	u32 b;

	for (b = 0; b < BLOCKS; b++)
		check(!superseded(w, b, w->medium[b], a->issued));
}

static void check_budget(const struct world *w)
{
	const struct moat_retain_entry *e;
	u64 held = 0, reserved = 0;
	bool own = false;
	u32 i, n = 0;

	for (e = w->r.first; e; e = moat_retain_entry_of(e->item.next)) {
		check(e->item.next || e == w->r.last);
		held += moat_retain_cost(((const struct kept *)e)->bytes);
		n++;
	}
	for (i = 0; i < REQUESTS; i++) {
		if (!w->ask[i].used)
			continue;
		own |= w->ask[i].own;
		if (w->ask[i].item.kind != MOAT_REPLAY_CHANGE)
			continue;
		reserved += moat_retain_cost(w->ask[i].bytes);
		n++;
	}
	check(moat_retain_held(&w->r) == held);
	check(w->r.reserved == reserved);
	check(held + reserved <= w->r.budget || n == 1);
	check(!w->waiting || reserved || own || moat_retain_want_flush(&w->r));
}

/* ---- device ---- */

static void carry_out(struct world *w, struct slot *s, u32 blocks)
{
	u32 b;

	for (b = 0; b < BLOCKS; b++) {
		bool flush = s->item->kind == MOAT_REPLAY_FLUSH && !s->failed;
		bool here = covers(s->item, b) && (blocks & 1u << b);

		if (here && s->item->kind == MOAT_REPLAY_CHANGE)
			w->cache[b] = s->number;
		if (flush || !w->cached)
			w->medium[b] = w->cache[b];
		s->found[b] = w->cache[b];
	}
	s->done = true;
}

static void lose_cache(struct world *w, u8 kept)
{
	u32 b;

	for (b = 0; b < BLOCKS; b++) {
		if (kept & 1u << b)
			w->medium[b] = w->cache[b];
		w->cache[b] = w->medium[b];
	}
}

/* ---- front end ---- */

static void put(struct world *w, struct moat_replay_item *item, struct ask *a,
		u32 number)
{
	u32 i = 0;

	while (w->ring[i].item)
		i++;
	w->ring[i] = (struct slot){ .item = item, .ask = a, .number = number };
	if (a && a->own)
		moat_retain_own_begin(&w->r, &a->mark);
	else if (a && item->kind == MOAT_REPLAY_FLUSH)
		moat_retain_flush_begin(&w->r, &a->mark);
}

static bool room(const struct world *w)
{
	u32 i;

	for (i = 0; i < RING; i++)
		if (!w->ring[i].item)
			return true;
	return false;
}

static struct ask *ask_of(struct world *w, const struct moat_replay_item *item)
{
	u32 i;

	for (i = 0; i < REQUESTS; i++)
		if (&w->ask[i].item == item)
			return &w->ask[i];
	return NULL;
}

static void replay(struct world *w)
{
	struct moat_replay_item *item = moat_replay_next(&w->p);
	struct ask *a = ask_of(w, item);

	if (!item || !room(w))
		return;
	moat_replay_issued(&w->p, item);
	put(w, item, a, a ? a->number : ((struct kept *)item)->number);
}

static bool in_the_way(const struct world *w, const struct ask *a)
{
	u32 i;

	for (i = 0; i < REQUESTS; i++)
		if (w->ask[i].used && w->ask[i].item.kind == MOAT_REPLAY_CHANGE &&
		    moat_replay_overlap(&a->item, &w->ask[i].item))
			return true;
	return false;
}

/* Number a change and note where it goes. Return: whether it may go. */
static bool number(struct world *w, struct ask *a, bool discard)
{
	u32 b;

	if (w->changes == CHANGES || (w->ordered && in_the_way(w, a)))
		return false;
	a->bytes = discard ? 0 : (u32)a->item.sectors * 512;
	if (!moat_retain_reserve(&w->r, a->bytes)) {
		w->waiting = true;
		return false;
	}
	a->number = ++w->changes;
	w->issued[a->number] = w->now;
	for (b = 0; b < BLOCKS; b++)
		w->covers[a->number][b] = covers(&a->item, b);
	return true;
}

static void submit(struct world *w, enum moat_replay_kind kind, bool own,
		   bool discard)
{
	u8 where = fuzz_u8(w->f);
	struct ask *a = w->ask;

	while (a < w->ask + REQUESTS && a->used)
		a++;
	if (a == w->ask + REQUESTS || !room(w) ||
	    w->p.phase != MOAT_REPLAY_LIVE)
		return;
	memset(a, 0, sizeof(*a));
	a->item.kind = kind;
	if (kind != MOAT_REPLAY_FLUSH) {
		a->item.sector = where % BLOCKS;
		a->item.sectors = 1 + where / BLOCKS % (BLOCKS - where % BLOCKS);
	}
	a->own = own;
	a->issued = ++w->now;
	memcpy(a->seen, w->seen, sizeof(a->seen));
	if (kind == MOAT_REPLAY_CHANGE && !number(w, a, discard))
		return;
	a->used = true;
	put(w, &a->item, a, a->number);
}

static void drop(struct world *w, struct moat_retain_entry *e)
{
	struct moat_retain_entry *next;

	if (e)
		w->waiting = false;
	for (; e; e = next) {
		next = moat_retain_entry_of(e->item.next);
		free((struct kept *)e);
	}
}

/* What is retained is safe with a back end that has no cache. */
static void settle(struct world *w)
{
	struct moat_retain_mark mark;

	if (!w->settling || w->p.phase <= MOAT_REPLAY_RETAINED)
		return;
	w->settling = false;
	moat_retain_flush_begin(&w->r, &mark);
	drop(w, moat_retain_flush_end(&w->r, &mark));
}

static void keep(struct world *w, struct ask *a)
{
	struct kept *k = calloc(1, sizeof(*k));

	w->acked[a->number] = ++w->now;
	if (!w->cached) {
		moat_retain_release(&w->r, a->bytes);
		w->waiting = false;
		free(k);
		return;
	}
	k->entry.item = a->item;
	k->bytes = a->bytes;
	k->number = a->number;
	moat_retain_ack(&w->r, &k->entry, a->bytes);
}

static void flushed(struct world *w, struct ask *a, bool failed)
{
	struct moat_retain_entry *e = NULL;

	if (!failed)
		check_flushed(w, a);
	if (a->own)
		e = moat_retain_own_end(&w->r, &a->mark, !failed);
	else if (!failed)
		e = moat_retain_flush_end(&w->r, &a->mark);
	drop(w, e);
}

static void answer(struct world *w, struct slot *s)
{
	struct slot was = *s;
	struct ask *a = s->ask;

	memset(s, 0, sizeof(*s));
	moat_replay_answered(&w->p, was.item);
	settle(w);
	if (!a)
		return;
	switch (was.item->kind) {
	case MOAT_REPLAY_CHANGE:
		keep(w, a);
		break;
	case MOAT_REPLAY_READ:
		check_read(w, a, &was);
		break;
	case MOAT_REPLAY_FLUSH:
		flushed(w, a, was.failed);
		break;
	}
	a->used = false;
}

static int older(const void *a, const void *b)
{
	const struct ask *x = *(struct ask *const *)a;
	const struct ask *y = *(struct ask *const *)b;

	return x->issued < y->issued ? -1 : x->issued > y->issued;
}

static void die(struct world *w)
{
	struct ask *list[REQUESTS];
	u32 i, n = 0;

	for (i = 0; i < RING; i++)
		if (w->ring[i].item && !w->ring[i].done)
			carry_out(w, &w->ring[i], fuzz_u8(w->f) % 16);
	memset(w->ring, 0, sizeof(w->ring));
	lose_cache(w, fuzz_u8(w->f));
	moat_replay_hold(&w->p);
	moat_retain_disconnect(&w->r);
	for (i = 0; i < REQUESTS; i++) {
		if (w->ask[i].own)
			w->ask[i].used = false;
		if (w->ask[i].used)
			list[n++] = &w->ask[i];
	}
	qsort(list, n, sizeof(list[0]), older);
	for (i = 0; i < n; i++)
		moat_replay_add(&w->p, &list[i]->item);
}

static void connect(struct world *w, bool cached)
{
	if (w->p.phase != MOAT_REPLAY_IDLE)
		return;
	w->cached = cached;
	w->settling = !cached;
	moat_replay_begin(&w->p, moat_retain_first(&w->r));
	settle(w);
}

/* ---- histories ---- */

static void serve(struct world *w, u8 how)
{
	struct slot *s = &w->ring[how % 8 % RING];

	if (!s->item)
		return;
	if (s->done) {
		answer(w, s);
		return;
	}
	/* One flush in eight fails; not too often, as that loses data. */
	s->failed = s->item->kind == MOAT_REPLAY_FLUSH && how / 32 == 7 &&
		    w->r.failures + 1 < MOAT_RETAIN_TRIES;
	carry_out(w, s, ~0u);
	if (how & 16)
		answer(w, s);
}

static void step(struct world *w)
{
	u8 what = fuzz_u8(w->f);
	u8 how = what / 16;

	switch (what % 16) {
	case 0:
		die(w);
		break;
	case 1:
		connect(w, how != 0);
		break;
	case 2:
	case 3:
	case 4:
		submit(w, MOAT_REPLAY_CHANGE, false, how == 0);
		break;
	case 5:
		submit(w, MOAT_REPLAY_READ, false, false);
		break;
	case 6:
		submit(w, MOAT_REPLAY_FLUSH, false, false);
		break;
	case 7:
		if (moat_retain_want_flush(&w->r))
			submit(w, MOAT_REPLAY_FLUSH, true, false);
		break;
	case 8:
		w->medium[how % BLOCKS] = w->cache[how % BLOCKS];
		break;
	case 9:
	case 10:
	case 11:
		replay(w);
		break;
	default:
		serve(w, fuzz_u8(w->f));
	}
}

/* A back end that lives brings everything to its end. */
static void finish(struct world *w, bool cached)
{
	u32 i, turns;

	connect(w, cached);
	for (turns = 0; turns < 64; turns++) {
		replay(w);
		for (i = 0; i < RING; i++)
			serve(w, 16 | i);
	}
	check(w->p.phase == MOAT_REPLAY_LIVE);
	for (i = 0; i < REQUESTS; i++)
		check(!w->ask[i].used);
	check(w->r.reserved == 0);
	for (i = 0; i < BLOCKS; i++) {
		check(!superseded(w, i, w->cache[i], ++w->now));
		check(!w->ordered || w->cache[i] >= w->seen[i]);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	struct world w = { .f = &f };
	u8 kind = fuzz_u8(&f);

	w.ordered = kind & 1;
	moat_retain_init(&w.r, 4400 + kind / 2 * 256);
	moat_replay_hold(&w.p);
	connect(&w, true);
	while (f.left) {
		step(&w);
		check_budget(&w);
	}
	finish(&w, true);
	/* And once more, with the whole cache lost. */
	die(&w);
	finish(&w, kind & 2);
	while (w.r.first) {
		struct moat_retain_mark mark;

		moat_retain_flush_begin(&w.r, &mark);
		drop(&w, moat_retain_flush_end(&w.r, &mark));
	}
	return 0;
}
