/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Carries out what was decided. Nothing here waits: what takes time is a job,
 * whose end is a reason to decide again.
 */
#ifndef MOATD_ACT_H
#define MOATD_ACT_H

#include "unit.h"

/**
 * moat_act() - do one step
 * @unit: whose view the decision was made from
 * @action: the step
 *
 * Return: 0, or -errno; then the world is as it was, or nearly, and to be
 * looked at again a little later.
 */
int moat_act(struct moat_unit *unit, const struct moat_action *action);

/* A job has ended: to be called by the loop through its source. */
int moat_act_job_ended(struct moat_source *source);

/* Note a person's wish. Return: 0, or -errno. */
int moat_act_wish(struct moat_unit *unit, enum moat_wish wish);

/* A person says that the domain of that name is ours. Return: 0, or -errno. */
int moat_act_adopt(struct moat_unit *unit);

/* A person takes the storage domain in hand, or gives it back. Return: 0, or -errno. */
int moat_act_hold(struct moat_unit *unit, bool on);

#endif
