/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock that all times within moat-init are of.
 */
#ifndef MOAT_CLOCK_H
#define MOAT_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic, in milliseconds; never 0. */
static inline uint64_t moat_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000 + 1;
}

#endif
