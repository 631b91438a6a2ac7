/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do next about one storage domain: one pure function.
 *
 * It is level triggered: it looks at what is, never at what has happened, and
 * names the one next step towards a storage domain that serves its disks. So
 * moatd may be killed between any two steps, or in the middle of one, and the
 * next one goes on. Whatever must outlive moatd is in the view, which was read
 * from xenstore; the slot's memory holds only clocks, and losing it makes
 * moatd slower by a limit at most.
 */
#ifndef MOATD_DECIDE_H
#define MOATD_DECIDE_H

#include "step.h"

/**
 * moat_decide() - the next step for one storage domain
 * @view: what is
 * @limits: of its configuration
 * @slot: its memory, kept from call to call
 * @now: the time
 * @out: set to the step; to be called again once it is done
 *
 * While a person has the storage domain in hand the judgement is the same, and no step
 * comes of it but to note what others do.
 */
void moat_decide(const struct moat_view *view, const struct moat_limits *limits,
		 struct moat_slot *slot, msec now, struct moat_action *out);

/**
 * moat_slot_job_ended() - tell the memory how a job ended
 * @slot: the memory
 * @role: whose job it was
 * @job: what it was
 * @ok: whether it succeeded; after a failure, the next of its kind waits
 * @now: the time
 */
void moat_slot_job_ended(struct moat_slot *slot, enum moat_role role,
			 enum moat_job job, bool ok, msec now);

const char *moat_why_name(enum moat_why why);

/* Return: the reason of that name, or MOAT_WHY_NONE. */
enum moat_why moat_why_parse(const char *name);

#endif
