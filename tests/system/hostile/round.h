/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection of a hostile front end, from its first key to its end.
 */
#ifndef MOAT_HOSTILE_ROUND_H
#define MOAT_HOSTILE_ROUND_H

#include "link.h"

void round_run(struct link *link, u64 seed, u64 nr);

#endif
