/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is an error what the disk says, or the first that is seen of a driver that loses its
 * device?
 *
 * A driver fails requests for seconds, while its device is taken away, before it gives up
 * the disk: nothing that it says meanwhile is to be believed, for the next driver has the
 * device again. What a lost device never does is to succeed. So an error is believed once
 * the disk has done something well some time behind it, and else only when the time is over
 * in which the driver would be replaced.
 */
#ifndef MOAT_CORE_DOUBT_H
#define MOAT_CORE_DOUBT_H

#include <moat/times.h>

#include "env.h"

#define MOAT_DOUBT_NS(seconds) ((u64)(seconds) * 1000000000)

/**
 * moat_doubt_is_over() - is an error to be passed on?
 * @gone: the driver has given up the disk
 * @failed: when it failed the request
 * @well: when it last did anything well on this disk; 0: never
 * @now: the time; all three in ns, of one clock
 *
 * Requests that were under way when the first failed may still come back well: what counts
 * is what did so %MOAT_DOUBT_S later.
 *
 * Context: any.
 */
static inline bool moat_doubt_is_over(bool gone, u64 failed, u64 well, u64 now)
{
	bool lives = !gone && well >= failed + MOAT_DOUBT_NS(MOAT_DOUBT_S);

	return lives || now >= failed + MOAT_DOUBT_NS(MOAT_LOST_S);
}

#endif
