/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of a ring.
 *
 * Each ring's counters are written by whoever owns the ring at that moment
 * (the poller, or the holder of the ring's lock), so a plain add is enough.
 * Readers may see one counter newer than another.
 */
#ifndef MOAT_STAT_H
#define MOAT_STAT_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <moat/stats.h>

#include "core/hist.h"

struct moat_stat {
	u64 count[MOAT_STAT_COUNT];
	u64 latency[MOAT_HIST_BUCKETS];
};

static inline void moat_stat_add(struct moat_stat *stat, enum moat_ring_stat which,
				 u64 n)
{
	WRITE_ONCE(stat->count[which], stat->count[which] + n);
}

static inline void moat_stat_inc(struct moat_stat *stat, enum moat_ring_stat which)
{
	moat_stat_add(stat, which, 1);
}

static inline void moat_stat_latency(struct moat_stat *stat, u64 ns)
{
	u32 i = moat_hist_bucket(ns);

	WRITE_ONCE(stat->latency[i], stat->latency[i] + 1);
}

#endif
