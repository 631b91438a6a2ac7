// SPDX-License-Identifier: GPL-2.0
/*
 * Flows that want to be served, in the order in which they are: core/fair.h, with lists.
 */
#include "round.h"

#include <linux/minmax.h>

/* Nobody has credit: let as many rounds pass as it takes until somebody has. */
static void round_refill(struct moat_round *round)
{
	s32 quantum = moat_fair_quantum(round->count), rounds = S32_MAX;
	struct moat_flow *flow;

	list_for_each_entry(flow, &round->flows, link)
		rounds = min(rounds, moat_fair_rounds(&flow->fair, quantum));
	list_for_each_entry(flow, &round->flows, link)
		moat_fair_refill(&flow->fair, quantum, rounds);
}

static struct moat_flow *round_find(struct moat_round *round)
{
	struct moat_flow *flow;

	list_for_each_entry(flow, &round->flows, link)
		if (moat_fair_may(&flow->fair))
			return flow;
	return NULL;
}

/**
 * moat_round_next() - who is to be served?
 * @round: those who want to be
 *
 * Context: the poller.
 * Return: one with credit, or NULL if nobody wants to be served.
 */
struct moat_flow *moat_round_next(struct moat_round *round)
{
	struct moat_flow *flow;

	if (list_empty(&round->flows))
		return NULL;
	flow = round_find(round);
	if (flow)
		return flow;
	round_refill(round);
	return round_find(round);
}

/**
 * moat_round_charge() - one was served
 * @round: those who want to be
 * @flow: that one, who may not want any more
 * @cost: what it cost, in pages
 *
 * Without credit it goes behind all others.
 *
 * Context: the poller.
 */
void moat_round_charge(struct moat_round *round, struct moat_flow *flow, u32 cost)
{
	moat_fair_charge(&flow->fair, cost);
	if (!list_empty(&flow->link) && !moat_fair_may(&flow->fair))
		list_move_tail(&flow->link, &round->flows);
}
