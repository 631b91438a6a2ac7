// SPDX-License-Identifier: GPL-2.0
/*
 * What all engines share: the clock, the next block, and when to stop.
 */
#include "load.h"

#include <time.h>

/* Nanoseconds on a clock that only goes forward. */
uint64_t load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Where the next request begins; counts it as issued. */
uint64_t load_offset(struct load *l)
{
	uint64_t block;

	l->issued++;
	if (!l->random) {
		block = l->state;
		l->state = block + 1 == l->blocks ? 0 : block + 1;
		return block * l->block;
	}
	/* xorshift: good enough to be random to a disk, and costs nothing. */
	l->state ^= l->state << 13;
	l->state ^= l->state >> 7;
	l->state ^= l->state << 17;
	return l->state % l->blocks * l->block;
}

/* A request has come back; tells whether the job goes on. */
bool load_done(struct load *l, uint64_t began_ns, uint64_t now_ns)
{
	if (++l->done <= l->warm) {
		l->start_ns = now_ns;
		return true;
	}
	if (!l->start_ns)
		l->start_ns = began_ns;
	hist_add(&l->hist, now_ns - began_ns);
	l->end_ns = now_ns;
	if (l->count)
		return l->hist.count < l->count;
	return now_ns - l->start_ns < l->duration_ns;
}
