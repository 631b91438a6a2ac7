/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A histogram of times, fine enough for percentiles.
 *
 * Below 2^HIST_BITS ns a bucket holds one value; from there on each doubling
 * is cut into 2^HIST_BITS / 2 buckets, so that a value read back is wrong by
 * 3 % at most.
 */
#ifndef BENCH_LOAD_HIST_H
#define BENCH_LOAD_HIST_H

#include <stdint.h>

#define HIST_BITS 6u
#define HIST_HALF (1u << (HIST_BITS - 1))
#define HIST_BUCKETS ((64u - HIST_BITS + 2u) * HIST_HALF)

struct hist {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t max_ns;
	uint32_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t ns);
void hist_merge(struct hist *to, const struct hist *from);
uint64_t hist_percentile(const struct hist *h, double share);
uint64_t hist_lowest(unsigned int bucket);

#endif
