/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection of a hostile back end, from the first key to its end.
 */
#ifndef MOAT_HOSTILE_TURN_H
#define MOAT_HOSTILE_TURN_H

#include "host.h"

bool turn_begin(struct host *host, bool first, struct chance *chance);
void turn_run(struct host *host, struct chance *chance, u64 seed, u64 nr);
void turn_honest(struct host *host, u32 requests, bool (*enough)(void));

#endif
