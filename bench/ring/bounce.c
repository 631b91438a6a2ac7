// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: one cache line that two cores write in turn.
 *
 * A round trip is the least that a question and its answer can cost between
 * these two cores, whatever ring they use.
 */
#include "pair.h"

/* A turn is odd when it is the back end's. */
static bool bounce_wait(struct pair *pair, const u32 *line, u32 turn, struct side *side)
{
	while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != turn) {
		watch_relax(&side->watch);
		if (pair_stopped(pair))
			return false;
	}
	return true;
}

int bounce_back(struct pair *pair)
{
	u32 *line = pair->shared;
	u32 turn = 1;

	for (; bounce_wait(pair, line, turn, &pair->back); turn += 2)
		__atomic_store_n(line, turn + 1, __ATOMIC_RELEASE);
	return 0;
}

/* Round trips until @end. */
static u64 bounce_for(struct pair *pair, u32 *turn, u64 end, u64 *now)
{
	u32 *line = pair->shared;
	u64 n = 0;

	do {
		__atomic_store_n(line, *turn + 1, __ATOMIC_RELEASE);
		*turn += 2;
		bounce_wait(pair, line, *turn, &pair->front);
		if (++n % 128 == 0)
			*now = now_ns();
	} while (*now < end);
	return n;
}

int bounce_front(struct pair *pair, struct outcome *out)
{
	u64 now = now_ns(), start, length = pair->setup->cell_ns;
	u32 turn = 0;

	bounce_for(pair, &turn, now + length / 8, &now);
	start = now;
	out->requests = bounce_for(pair, &turn, now + length, &now);
	out->elapsed_ns = now - start;
	out->per_request_ns = (double)out->elapsed_ns / out->requests;
	out->cpu[0] = 1;
	out->cpu[1] = 1;
	return 0;
}
