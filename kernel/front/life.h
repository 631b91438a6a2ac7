/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk's coming and going, as its users see it.
 */
#ifndef MOAT_FRONT_LIFE_H
#define MOAT_FRONT_LIFE_H

struct moat_disk;
struct work_struct;

void moat_life_run(struct work_struct *work);
void moat_life_give_up(struct work_struct *work);
void moat_life_end(struct moat_disk *disk);

#endif
