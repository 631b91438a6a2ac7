/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Latency histogram: buckets that double.
 *
 * Bucket i counts times below 1 us << i that no bucket before it took; the
 * last one takes the rest (from half a second up).
 */
#ifndef MOAT_CORE_HIST_H
#define MOAT_CORE_HIST_H

#include "env.h"

#define MOAT_HIST_BUCKETS 21u
#define MOAT_HIST_UNIT_NS 1000u

/**
 * moat_hist_bucket() - which bucket counts a time
 * @ns: the time in nanoseconds
 *
 * Return: index below MOAT_HIST_BUCKETS.
 */
static inline u32 moat_hist_bucket(u64 ns)
{
	u64 limit = MOAT_HIST_UNIT_NS;
	u32 i = 0;

	while (i < MOAT_HIST_BUCKETS - 1 && ns >= limit) {
		limit *= 2;
		i++;
	}
	return i;
}

#endif
