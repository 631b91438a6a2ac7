/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much may be at the devices while several tenants use them?
 *
 * What has been given to a device stands before whatever comes next, whosever that is,
 * and no turn (fair.h) is between them. So where one tenant asks for little and others
 * for all there is, these may have so many pages there together, and no more; the rest
 * waits where it is the tenants' turn.
 *
 * How much keeps a device busy nobody says: one beside the processor has enough with a
 * request or two, one at the other end of a network needs many at once. But it shows
 * in how long the small requests take. As long as that is about what it is with the
 * least window, the window grows; when it is more, it is halved, and the more often that
 * was so, the longer it then stays. Now and then the least window is tried, for what
 * "about" is measured against.
 *
 * Nobody's window is smaller for what he does himself: it is in force for those
 * tenants that are not the ones who ask for little.
 *
 * Times are nanoseconds of any monotonic clock; no clock is read here. The caller
 * serialises.
 */
#ifndef MOAT_CORE_WINDOW_H
#define MOAT_CORE_WINDOW_H

#include "env.h"

/* A tenant with no more in flight than so many pages, and that for so long, asks for little. */
#define MOAT_WINDOW_LIGHT 16
#define MOAT_WINDOW_LIGHT_NS 100000000ull

/* The least window: as much as two large requests of a ring carry, so that the device has one
 * while the other is answered. And the most, beyond which there is none.
 */
#define MOAT_WINDOW_LEAST 64u
#define MOAT_WINDOW_MOST 8192u

/* Requests that are judged together, and judgements until the least is tried anew. */
#define MOAT_WINDOW_ROUND 64u
#define MOAT_WINDOW_ROUNDS 256u

/* The most judgements that a window which had to be halved stays as it is. */
#define MOAT_WINDOW_PATIENCE 1024u

/* Who asks for little is remembered for so long. */
#define MOAT_WINDOW_STAYS_NS 1000000000ull

/**
 * struct moat_window - what may be at the devices
 * @pages: so much, in pages
 * @kept: the window of before, while the least is tried
 * @rounds: judgements since that was done last
 * @patience: so many must be good before it grows; and
 * @good: so many were
 * @samples: small requests that have not been judged yet
 * @sum_ns: what they took
 * @base_ns: what one took, in the mean, with the least window
 * @light: the last two tenants that asked for little
 * @seen_ns: when each was seen last; 0: there is none
 */
struct moat_window {
	u32 pages;
	u32 kept;
	u32 rounds;
	u32 patience;
	u32 good;
	u32 samples;
	u64 sum_ns;
	u64 base_ns;
	u32 light[2];
	u64 seen_ns[2];
};

/* It begins with what the least is like. */
static inline void moat_window_init(struct moat_window *w)
{
	memset(w, 0, sizeof(*w));
	w->pages = MOAT_WINDOW_LEAST;
	w->kept = MOAT_WINDOW_LEAST;
	w->rounds = MOAT_WINDOW_ROUNDS;
}

static inline void window_remember(struct moat_window *w, u32 tenant, u64 now)
{
	u32 i = w->light[0] != tenant;

	if (i && w->light[1] != tenant) {
		/* The one that was not seen for longer makes room. */
		i = w->seen_ns[1] <= w->seen_ns[0];
		w->light[i] = tenant;
	}
	w->seen_ns[i] = now;
}

/* Is it more than about what a request takes with the least window? */
static inline bool window_slow(const struct moat_window *w, u64 mean)
{
	return mean > w->base_ns + w->base_ns / 2;
}

static inline void window_shrink(struct moat_window *w)
{
	w->pages = w->pages / 2 < MOAT_WINDOW_LEAST ? MOAT_WINDOW_LEAST : w->pages / 2;
	w->good = 0;
	if (w->patience < MOAT_WINDOW_PATIENCE)
		w->patience *= 2;
}

static inline void window_grow(struct moat_window *w)
{
	u32 more = w->pages + w->pages / 4;

	if (++w->good < w->patience)
		return;
	w->pages = more > MOAT_WINDOW_MOST ? MOAT_WINDOW_MOST : more;
	w->good = 0;
}

static inline void window_judge(struct moat_window *w, u64 mean)
{
	if (++w->rounds == MOAT_WINDOW_ROUNDS) {
		w->kept = w->pages;
		w->pages = MOAT_WINDOW_LEAST;
	} else if (w->rounds == MOAT_WINDOW_ROUNDS + 1) {
		/* What had been there before has gone by now. */
	} else if (w->rounds > MOAT_WINDOW_ROUNDS) {
		w->base_ns = mean;
		w->pages = w->kept;
		w->rounds = 0;
		/* Things may have changed. */
		w->patience = w->patience / 4 + !(w->patience / 4);
	} else if (window_slow(w, mean)) {
		window_shrink(w);
	} else {
		window_grow(w);
	}
}

/**
 * moat_window_sample() - a request of a tenant that asks for little has come back
 * @w: the window
 * @tenant: whose it was
 * @took_ns: how long the device had it
 * @now: time
 */
static inline void moat_window_sample(struct moat_window *w, u32 tenant, u64 took_ns, u64 now)
{
	window_remember(w, tenant, now);
	w->sum_ns += took_ns;
	if (++w->samples < MOAT_WINDOW_ROUND)
		return;
	window_judge(w, w->sum_ns / MOAT_WINDOW_ROUND);
	w->samples = 0;
	w->sum_ns = 0;
}

/**
 * moat_window_holds() - is it in force for a tenant?
 * @w: the window
 * @tenant: the tenant, one that asks for more than little
 * @now: time
 */
static inline bool moat_window_holds(const struct moat_window *w, u32 tenant, u64 now)
{
	u32 i;

	for (i = 0; i < 2; i++)
		if (READ_ONCE(w->light[i]) != tenant && READ_ONCE(w->seen_ns[i]) &&
		    now < READ_ONCE(w->seen_ns[i]) + MOAT_WINDOW_STAYS_NS)
			return true;
	return false;
}

/**
 * moat_window_light() - does a tenant ask for little?
 * @heavy_ns: when it last had more than MOAT_WINDOW_LIGHT pages in flight; 0: never
 * @now: time
 */
static inline bool moat_window_light(u64 heavy_ns, u64 now)
{
	return !heavy_ns || now >= heavy_ns + MOAT_WINDOW_LIGHT_NS;
}

#endif
