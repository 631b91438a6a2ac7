/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does this domain still serve?
 */
#ifndef MOAT_BACK_HEALTH_H
#define MOAT_BACK_HEALTH_H

#include <linux/compiler.h>
#include <linux/types.h>

extern unsigned int moat_health_round;

/**
 * moat_health_asked() - is there a ping that a poller has not answered?
 * @seen: number of the last one it has
 *
 * Context: any; one load, so that a poller may ask in every turn.
 */
static inline bool moat_health_asked(unsigned int seen)
{
	return READ_ONCE(moat_health_round) != seen;
}

void moat_health_begin(unsigned int pollers);
unsigned int moat_health_current(void);
void moat_health_answered(void);

#endif
