/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A discard in pieces: where each ends, and that together they are the whole.
 */
#include "test.h"

#include "core/discard.h"

#define PIECE MOAT_DISCARD_PIECE

static const struct row {
	const char *name;
	u64 sector, count;
	u32 granularity, alignment;
	u64 want;
} rows[] = {
	{ "one block", 8, 8, 8, 0, 8 },
	{ "a piece", 0, PIECE, 8, 0, PIECE },
	{ "a piece, not aligned", 3, PIECE, 8, 0, PIECE },
	{ "one more", 0, PIECE + 1, 8, 0, PIECE },
	{ "to where a unit ends", 3, PIECE + 8, 8, 0, PIECE - 3 },
	{ "units begin elsewhere", 3, PIECE + 8, 8, 3, PIECE },
	{ "units begin behind", 3, PIECE + 8, 8, 5, PIECE - 6 },
	{ "no unit", 3, PIECE + 8, 0, 0, PIECE },
	{ "no unit, far out", (1ull << 32) - PIECE + 5, PIECE + 8, 0, 0, PIECE },
	{ "a unit that is none", 3, PIECE + 8, 24, 0, PIECE },
	{ "a large unit", 0, 8 * PIECE, 2 * PIECE, 0, 2 * PIECE },
	{ "a large unit, from within", 5, 8 * PIECE, 2 * PIECE, 0, 2 * PIECE - 5 },
	{ "the end of the largest disk", UINT64_MAX - 2 * PIECE, 2 * PIECE, 8, 0,
	  PIECE - 7 },
};

static void pieces(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		u64 got = moat_discard_piece(r->sector, r->count, r->granularity,
					     r->alignment);

		if (got != r->want)
			fail_msg("%s: %llu, not %llu", r->name, (unsigned long long)got,
				 (unsigned long long)r->want);
	}
}

/* All of it, each piece but the first and the last whole units. */
static void whole(void **unused)
{
	u64 sector = 1234567, left = 37 * PIECE + 99, piece, pieces = 0;

	(void)unused;
	while (left) {
		piece = moat_discard_piece(sector, left, 2048, 56);
		assert_in_range(piece, 1, left);
		sector += piece;
		left -= piece;
		pieces++;
		if (left)
			assert_int_equal((sector - 56) % 2048, 0);
	}
	assert_int_equal(sector, 1234567 + 37 * PIECE + 99);
	assert_in_range(pieces, 37, 39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(whole),
	};

	return cmocka_run_group_tests_name("discard", tests, NULL, NULL);
}
