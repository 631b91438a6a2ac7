/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gaps of a ring, lately, and what window would have been best for them.
 *
 * A gap is the time from the last work to the next. Each falls into a bucket;
 * when there are MOAT_GAPS_FULL all buckets are halved, so what is old counts
 * less and less. The borders are the windows there are to choose from: the
 * longest, seven, six and five eighths of it, then the same of its half, and so
 * on; the shortest is a twenty-sixth.
 *
 * What a window would have cost can then be counted: for a gap within it the
 * gap, for a longer one the window and an event besides. An event is taken to
 * be worth the longest window of spinning, which is what makes that the longest
 * (ski rental: who has paid in rent what the skis cost should buy them). The
 * cheapest window is a sum and a comparison for each bucket.
 *
 * The caller serialises.
 */
#ifndef MOAT_CORE_GAPS_H
#define MOAT_CORE_GAPS_H

#include "env.h"

#define MOAT_GAPS_BUCKETS 20u
#define MOAT_GAPS_FULL 64u

/**
 * struct moat_gaps - the gaps of a ring, lately
 * @count: how many lie within moat_gaps_border() of the same index, and not
 *	within that of the next; the sum is @total less what is longer than all
 * @total: how many there are
 */
struct moat_gaps {
	u8 count[MOAT_GAPS_BUCKETS];
	u8 total;
};

/* The window of an index; 0 is the longest. */
static inline u32 moat_gaps_border(u32 index, u32 max_ns)
{
	u32 border = max_ns >> (index / 4);

	return border - index % 4 * (border / 8);
}

static inline void moat_gaps_halve(struct moat_gaps *gaps)
{
	u32 i, within = 0, longer = gaps->total;

	for (i = 0; i < MOAT_GAPS_BUCKETS; i++) {
		longer -= gaps->count[i];
		gaps->count[i] /= 2;
		within += gaps->count[i];
	}
	gaps->total = (u8)(within + longer / 2);
}

/**
 * moat_gaps_init() - none yet
 * @gaps: the gaps
 */
static inline void moat_gaps_init(struct moat_gaps *gaps)
{
	memset(gaps, 0, sizeof(*gaps));
}

/**
 * moat_gaps_add() - there was another
 * @gaps: the gaps
 * @gap_ns: how long it was
 * @max_ns: the longest window; another one than before gives the gaps before
 *	it another meaning, until they are forgotten
 */
static inline void moat_gaps_add(struct moat_gaps *gaps, u64 gap_ns, u32 max_ns)
{
	u32 i = MOAT_GAPS_BUCKETS;

	/* From the shortest: those are added while work keeps coming. */
	while (i && gap_ns > moat_gaps_border(i - 1, max_ns))
		i--;
	if (i)
		gaps->count[i - 1]++;
	if (++gaps->total == MOAT_GAPS_FULL)
		moat_gaps_halve(gaps);
}

/**
 * moat_gaps_window() - what window would have been best?
 * @gaps: the gaps
 * @min_ns: the shortest that is worth it; gives way to @max_ns
 * @max_ns: the longest, and what an event is worth
 *
 * Return: it; 0: none would have been.
 */
static inline u32 moat_gaps_window(const struct moat_gaps *gaps, u32 min_ns, u32 max_ns)
{
	u64 cost, least = (u64)gaps->total * max_ns, caught = 0;
	u32 window, best = 0, longer = gaps->total, i = MOAT_GAPS_BUCKETS;

	while (i--) {
		window = moat_gaps_border(i, max_ns);
		/* They are half a step shorter on average. */
		caught += (u64)gaps->count[i] * (window - (max_ns >> (i / 4)) / 16);
		longer -= gaps->count[i];
		cost = caught + longer * ((u64)window + max_ns);
		if (cost >= least || (i && window < min_ns))
			continue;
		least = cost;
		best = window;
	}
	return best;
}

#endif
