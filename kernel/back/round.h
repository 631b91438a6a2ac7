/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows that want to be served, in the order in which they are: core/fair.h, with lists.
 */
#ifndef MOAT_BACK_ROUND_H
#define MOAT_BACK_ROUND_H

#include <linux/list.h>

#include "core/fair.h"

/**
 * struct moat_flow - one who may want to be served
 * @link: in a round, while it does
 * @fair: its account
 */
struct moat_flow {
	struct list_head link;
	struct moat_fair fair;
};

/**
 * struct moat_round - those who want to be served
 * @flows: the next one first
 * @count: their number
 *
 * Owner: a poller.
 */
struct moat_round {
	struct list_head flows;
	u32 count;
};

static inline void moat_flow_init(struct moat_flow *flow)
{
	INIT_LIST_HEAD(&flow->link);
	flow->fair.credit = 0;
}

static inline void moat_round_init(struct moat_round *round)
{
	INIT_LIST_HEAD(&round->flows);
	round->count = 0;
}

/* Who is not in debt wanted little of late: he has his first round at once. */
static inline void moat_round_join(struct moat_round *round, struct moat_flow *flow)
{
	if (!list_empty(&flow->link))
		return;
	round->count++;
	if (flow->fair.credit < 0) {
		list_add_tail(&flow->link, &round->flows);
	} else {
		list_add(&flow->link, &round->flows);
		moat_fair_refill(&flow->fair, moat_fair_quantum(round->count), 1);
	}
}

static inline void moat_round_leave(struct moat_round *round, struct moat_flow *flow)
{
	if (list_empty(&flow->link))
		return;
	list_del_init(&flow->link);
	round->count--;
	moat_fair_leave(&flow->fair);
}

struct moat_flow *moat_round_next(struct moat_round *round);
void moat_round_charge(struct moat_round *round, struct moat_flow *flow, u32 cost);

#endif
