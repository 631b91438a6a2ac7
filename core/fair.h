/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is next, and how much may he have? Deficit round robin.
 *
 * Flows that want something are served one after the other. Each is given a quantum
 * a round and served while it has credit; what a request costs beyond that is a
 * debt, which the next rounds pay off. So all that always want something get the
 * same, whatever the size of their requests. Who stops wanting keeps his debt, but
 * saves no credit.
 *
 * A turn carries about so much, however many share it: the more, the smaller the
 * quantum. So who wants little waits for a turn, and not for a request of each of
 * the others.
 *
 * Costs are pages of data, the least that is mapped or copied. No list is here: the
 * caller has the flows, and serves those first that are not in debt.
 */
#ifndef MOAT_CORE_FAIR_H
#define MOAT_CORE_FAIR_H

#include "env.h"

/* Pages that a turn carries: who wants little waits for half of one, in the mean
 * (docs/evaluation.md has what more of them cost him).
 */
#define MOAT_FAIR_TURN 16

/* The most that anything costs. */
#define MOAT_FAIR_MOST (1 << 20)

/**
 * struct moat_fair - the account of a flow
 * @credit: pages that it may yet have; less than nothing: its debt
 */
struct moat_fair {
	s32 credit;
};

/* What each of so many flows is given a round. */
static inline s32 moat_fair_quantum(u32 flows)
{
	return flows && flows < MOAT_FAIR_TURN ? MOAT_FAIR_TURN / (s32)flows : 1;
}

/* May it be served now? */
static inline bool moat_fair_may(const struct moat_fair *flow)
{
	return flow->credit > 0;
}

/**
 * moat_fair_rounds() - after how many rounds may it be served?
 * @flow: the account
 * @quantum: what it is given a round
 *
 * The least of all flows' is how many rounds nobody need be asked.
 */
static inline s32 moat_fair_rounds(const struct moat_fair *flow, s32 quantum)
{
	return moat_fair_may(flow) ? 0 : -flow->credit / quantum + 1;
}

/**
 * moat_fair_refill() - some rounds have passed
 * @flow: the account
 * @quantum: what it is given a round, and the most that it saves
 * @rounds: their number
 */
static inline void moat_fair_refill(struct moat_fair *flow, s32 quantum, s32 rounds)
{
	s64 credit = flow->credit + (s64)quantum * rounds;

	flow->credit = credit > quantum ? quantum : (s32)credit;
}

/**
 * moat_fair_charge() - it was served
 * @flow: the account
 * @cost: what that cost, in pages; nothing costs nothing
 */
static inline void moat_fair_charge(struct moat_fair *flow, u32 cost)
{
	s32 most = -MOAT_FAIR_MOST;

	cost = cost < 1 ? 1 : cost > MOAT_FAIR_MOST ? MOAT_FAIR_MOST : cost;
	flow->credit = flow->credit - (s32)cost < most ? most : flow->credit - (s32)cost;
}

/* It wants nothing more for now. */
static inline void moat_fair_leave(struct moat_fair *flow)
{
	if (flow->credit > 0)
		flow->credit = 0;
}

#endif
