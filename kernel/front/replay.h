/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Issuing requests again that a connection has left unanswered.
 */
#ifndef MOAT_FRONT_REPLAY_H
#define MOAT_FRONT_REPLAY_H

struct list_head;
struct moat_disk;
struct work_struct;

void moat_replay_start(struct moat_disk *disk);
void moat_replay_gather(struct moat_disk *disk, struct list_head *unanswered);
void moat_replay_run(struct work_struct *work);

#endif
