/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests share: cmocka with what it wants in front of it, a
 * failure that names the row of a table, random numbers that repeat.
 */
#ifndef MOAT_TEST_H
#define MOAT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/env.h"

/* Compare two numbers in a row of a table; on failure say which row. */
#define check_row(row, what, got, want) do { \
	long long got_ = (long long)(got), want_ = (long long)(want); \
	if (got_ != want_) \
		fail_msg("%s: %s is %lld, should be %lld", \
			 (row), (what), got_, want_); \
} while (0)

/* xorshift64*: the same sequence on every run. */
static inline u32 test_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (u32)((*state * 0x2545f4914f6cdd1dull) >> 32);
}

#endif
