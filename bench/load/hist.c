// SPDX-License-Identifier: GPL-2.0
/*
 * A histogram of times, fine enough for percentiles.
 */
#include "hist.h"

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int msb, shift;

	if (ns < 2 * HIST_HALF)
		return ns;
	msb = 63 - __builtin_clzll(ns);
	shift = msb - (HIST_BITS - 1);
	return shift * HIST_HALF + (ns >> shift);
}

/* The least value that a bucket counts, in nanoseconds. */
uint64_t hist_lowest(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * HIST_HALF)
		return bucket;
	shift = bucket / HIST_HALF - 1;
	return (uint64_t)(bucket - shift * HIST_HALF) << shift;
}

/* Count a time. */
void hist_add(struct hist *h, uint64_t ns)
{
	h->bucket[bucket_of(ns)]++;
	h->count++;
	h->sum_ns += ns;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

/* Count in one histogram what another has counted. */
void hist_merge(struct hist *to, const struct hist *from)
{
	unsigned int i;

	for (i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	to->count += from->count;
	to->sum_ns += from->sum_ns;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

/* The time that a share (0 to 1) of all times does not exceed; 0 if there is none. */
uint64_t hist_percentile(const struct hist *h, double share)
{
	uint64_t left = (uint64_t)(share * h->count + 0.999999);
	uint64_t middle;
	unsigned int i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		if (h->bucket[i] && h->bucket[i] >= left) {
			middle = (hist_lowest(i) + hist_lowest(i + 1)) / 2;
			return middle < h->max_ns ? middle : h->max_ns;
		}
		left -= h->bucket[i];
	}
	return h->max_ns;
}
