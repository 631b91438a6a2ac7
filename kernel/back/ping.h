/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ping of all pollers.
 */
#ifndef MOAT_BACK_PING_H
#define MOAT_BACK_PING_H

#include <linux/compiler.h>
#include <linux/types.h>

extern unsigned int moat_ping_round;

/**
 * moat_ping_asked() - is there a ping that a poller has not answered?
 * @seen: number of the last one it has
 *
 * Context: any; one load, so that a poller may ask in every turn.
 */
static inline bool moat_ping_asked(unsigned int seen)
{
	return READ_ONCE(moat_ping_round) != seen;
}

void moat_ping_begin(unsigned int pollers);
unsigned int moat_ping_current(void);
void moat_ping_answered(void);
u64 moat_ping_age_ns(void);

#endif
