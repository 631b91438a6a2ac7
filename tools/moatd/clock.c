// SPDX-License-Identifier: GPL-2.0
/*
 * The time on which all others are based.
 */
#include "clock.h"

#include <time.h>

msec moat_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
