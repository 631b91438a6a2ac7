// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: one cache line that two cores write in turn.
 *
 * A round trip is the least that a question and its answer can cost between
 * these two cores, whatever ring they use.
 */
#include "load.h"

/* A turn is odd when it is the back end's. */
static bool bounce_wait(struct pair *pair, const u32 *line, u32 turn, struct side *side)
{
	while (__atomic_load_n(line, __ATOMIC_ACQUIRE) != turn) {
		watch_relax(&side->watch);
		if (pair_stopped(pair) || pair_failed(pair))
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

/* Round trips for so long. Return: how many. */
static u64 bounce_for(struct pair *pair, u32 *turn, u64 ns)
{
	u64 begun = now_ns(), end = begun + ns, n = 0;
	u32 *line = pair->shared;

	while (begun < end) {
		__atomic_store_n(line, *turn + 1, __ATOMIC_RELEASE);
		*turn += 2;
		if (!bounce_wait(pair, line, *turn, &pair->front))
			break;
		if (++n % RING_CHUNK == 0)
			begun = load_chunk(pair, begun, RING_CHUNK);
	}
	return n;
}

int bounce_front(struct pair *pair, struct outcome *out)
{
	u64 length = load_length(pair);
	u32 turn = 0;

	bounce_for(pair, &turn, length / 8);
	load_mark(pair, out);
	pair->tags.answered = bounce_for(pair, &turn, length);
	load_measure(pair, out);
	return pair_failed(pair) ? -EPROTO : 0;
}
