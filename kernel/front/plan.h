/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of a disk's replay, with the lock that guards it.
 */
#ifndef MOAT_FRONT_PLAN_H
#define MOAT_FRONT_PLAN_H

#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "core/replay.h"

/**
 * struct moat_plan - what is issued when, on this connection
 * @lock: guards the rest; nests inside the queues' locks
 * @replay: the plan
 * @generation: number of the connection: tells an answer of an old one
 */
struct moat_plan {
	spinlock_t lock;
	struct moat_replay replay;
	u32 generation;
};

/* How far is the replay? It becomes LIVE only by an answer, and something else
 * only while no ring is live.
 */
static inline enum moat_replay_phase moat_plan_phase(const struct moat_plan *plan)
{
	return READ_ONCE(plan->replay.phase);
}

void moat_plan_init(struct moat_plan *plan);
void moat_plan_hold(struct moat_plan *plan);
struct moat_replay_item *moat_plan_next(struct moat_plan *plan);
void moat_plan_issued(struct moat_plan *plan, struct moat_replay_item *item);
void moat_plan_answered(struct moat_plan *plan, const struct moat_replay_item *item);

#endif
