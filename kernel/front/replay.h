/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Issuing requests again that a connection has left unanswered.
 */
#ifndef MOAT_FRONT_REPLAY_H
#define MOAT_FRONT_REPLAY_H

struct work_struct;

void moat_replay_run(struct work_struct *work);

#endif
