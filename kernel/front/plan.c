// SPDX-License-Identifier: GPL-2.0
/*
 * The plan of a disk's replay, with the lock that guards it.
 *
 * What may be issued when is core/replay.h.
 */
#include "plan.h"

/**
 * moat_plan_init() - no connection yet
 * @plan: memory for it
 */
void moat_plan_init(struct moat_plan *plan)
{
	spin_lock_init(&plan->lock);
	moat_replay_hold(&plan->replay);
	plan->generation = 0;
}

/**
 * moat_plan_hold() - the connection is gone: forget all items
 * @plan: the plan
 *
 * Context: process.
 */
void moat_plan_hold(struct moat_plan *plan)
{
	spin_lock_irq(&plan->lock);
	plan->generation++;
	moat_replay_hold(&plan->replay);
	spin_unlock_irq(&plan->lock);
}

/**
 * moat_plan_next() - what is to be issued again now?
 * @plan: the plan
 *
 * Context: process.
 * Return: the item, or NULL: nothing before the next answer, or nothing any more.
 */
struct moat_replay_item *moat_plan_next(struct moat_plan *plan)
{
	struct moat_replay_item *item;

	spin_lock_irq(&plan->lock);
	item = moat_replay_next(&plan->replay);
	spin_unlock_irq(&plan->lock);
	return item;
}

/**
 * moat_plan_issued() - the item is going out
 * @plan: the plan
 * @item: what moat_plan_next() said
 *
 * To be called before it does: its answer may be quicker than who issues it.
 *
 * Context: process.
 */
void moat_plan_issued(struct moat_plan *plan, struct moat_replay_item *item)
{
	spin_lock_irq(&plan->lock);
	moat_replay_issued(&plan->replay, item);
	spin_unlock_irq(&plan->lock);
}

/**
 * moat_plan_answered() - a request has been answered, well or not
 * @plan: the plan
 * @item: any request's, issued by the plan or not
 *
 * Context: any.
 */
void moat_plan_answered(struct moat_plan *plan, const struct moat_replay_item *item)
{
	unsigned long flags;

	spin_lock_irqsave(&plan->lock, flags);
	moat_replay_answered(&plan->replay, item);
	spin_unlock_irqrestore(&plan->lock, flags);
}
