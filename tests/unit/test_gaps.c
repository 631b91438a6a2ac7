/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gaps of a ring: which bucket, how they are forgotten, and the window that
 * would have been best, against one that keeps the gaps themselves.
 */
#include "test.h"

#include "core/gaps.h"

#define MIN 10000u
#define MAX 80000u
#define NONE MOAT_GAPS_BUCKETS

static struct moat_gaps none(void)
{
	struct moat_gaps gaps;

	memset(&gaps, 0xff, sizeof(gaps));
	moat_gaps_init(&gaps);
	return gaps;
}

static void borders(void **unused)
{
	static const struct {
		u32 index, max, want;
	} rows[] = {
		{ 0, MAX, 80000 }, { 1, MAX, 70000 }, { 2, MAX, 60000 },
		{ 3, MAX, 50000 }, { 4, MAX, 40000 }, { 5, MAX, 35000 },
		{ 8, MAX, 20000 }, { MOAT_GAPS_BUCKETS - 1, MAX, 3125 },
		{ 0, 0, 0 }, { 7, 0, 0 }, { 3, 7, 7 }, { 4, 7, 3 },
		{ 0, UINT32_MAX, UINT32_MAX }, { 1, 0x80000000, 0x70000000 },
	};
	u32 i;

	(void)unused;
	assert_int_equal(MOAT_GAPS_BUCKETS, 20);
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++)
		assert_int_equal(moat_gaps_border(rows[i].index, rows[i].max),
				 rows[i].want);
}

static void buckets(void **unused)
{
	static const struct {
		u64 gap;
		u32 index;
	} rows[] = {
		{ 0, 19 }, { 3125, 19 }, { 3126, 18 }, { 20000, 8 },
		{ 20001, 7 }, { 70000, 1 }, { 70001, 0 }, { MAX, 0 },
		{ MAX + 1, NONE }, { 36000000000000ull, NONE },
		{ 0x100000000ull, NONE },
	};
	u32 i, k;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_gaps gaps = none();

		moat_gaps_add(&gaps, rows[i].gap, MAX);
		assert_int_equal(gaps.total, 1);
		for (k = 0; k < MOAT_GAPS_BUCKETS; k++)
			assert_int_equal(gaps.count[k], k == rows[i].index);
	}
}

/* One is added to so many short and so many long ones. */
static void forgets(void **unused)
{
	struct moat_gaps gaps = none();
	u32 i;

	(void)unused;
	for (i = 0; i < 43; i++)
		moat_gaps_add(&gaps, 20000, MAX);
	for (i = 0; i < 20; i++)
		moat_gaps_add(&gaps, MAX + 1, MAX);
	assert_int_equal(gaps.total, 63);
	assert_int_equal(gaps.count[8], 43);
	moat_gaps_add(&gaps, MAX + 1, MAX);
	assert_int_equal(gaps.count[8], 21);
	assert_int_equal(gaps.total, 31);
	for (i = 0; i < 33; i++)
		moat_gaps_add(&gaps, 30000, MAX);
	assert_int_equal(gaps.count[8], 10);
	assert_int_equal(gaps.count[6], 16);
	assert_int_equal(gaps.total, 31);
}

struct mix {
	u32 n;
	u64 gap;
};

static void windows(void **unused)
{
	static const struct {
		const char *name;
		u32 min, max;
		struct mix a, b;
		u32 want;
	} rows[] = {
		{ "none yet", MIN, MAX, { 0, 0 }, { 0, 0 }, 0 },
		{ "one short", MIN, MAX, { 1, 20000 }, { 0, 0 }, 20000 },
		{ "one a little longer", MIN, MAX, { 1, 20001 }, { 0, 0 }, 25000 },
		{ "one nearly as dear as an event", MIN, MAX, { 1, MAX }, { 0, 0 }, MAX },
		{ "one too long", MIN, MAX, { 1, MAX + 1 }, { 0, 0 }, 0 },
		{ "below the minimum", MIN, MAX, { 1, 100 }, { 0, 0 }, MIN },
		{ "the minimum between borders", 9000, MAX, { 1, 100 }, { 0, 0 }, MIN },
		{ "no minimum", 0, MAX, { 1, 100 }, { 0, 0 }, 3125 },
		{ "minimum above the maximum", MAX, MIN, { 1, 100 }, { 0, 0 }, MIN },
		{ "the same, and not worth it", MAX, MIN, { 1, 100 }, { 9, MAX }, 0 },
		{ "no maximum", MIN, 0, { 1, 0 }, { 1, 1 }, 0 },
		/* 16 of 37500 and 120000 for each that is missed, or all for 80000 */
		{ "some are long", MIN, MAX, { 16, 40000 }, { 16, MAX + 1 }, 40000 },
		{ "so many that it is as dear", MIN, MAX, { 16, 40000 }, { 17, MAX + 1 }, 0 },
		{ "too many", MIN, MAX, { 16, 40000 }, { 18, MAX + 1 }, 0 },
		{ "one longer, but cheaper than an event",
		  MIN, MAX, { 9, 10000 }, { 1, 70000 }, 70000 },
		{ "widest, and not worth it", 0, UINT32_MAX, { 2, 0xf8000000 },
		  { 1, 0x100000000ull }, 0 },
		{ "widest", 0, UINT32_MAX, { 2, 0x7fffffff }, { 1, 0x100000000ull },
		  0x7fffffff },
	};
	u32 i, k;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_gaps gaps = none();

		for (k = 0; k < rows[i].a.n; k++)
			moat_gaps_add(&gaps, rows[i].a.gap, rows[i].max);
		for (k = 0; k < rows[i].b.n; k++)
			moat_gaps_add(&gaps, rows[i].b.gap, rows[i].max);
		check_row(rows[i].name, "window",
			  moat_gaps_window(&gaps, rows[i].min, rows[i].max),
			  rows[i].want);
	}
}

/* What a window would have cost; each gap half a step below the border above it. */
static u64 cost(const u64 *gaps, u32 n, u64 window, u32 max)
{
	u64 sum = 0;
	u32 i, k;

	for (i = 0; i < n; i++) {
		for (k = MOAT_GAPS_BUCKETS; k && gaps[i] > moat_gaps_border(k - 1, max); k--)
			;
		if (k && moat_gaps_border(k - 1, max) <= window)
			sum += moat_gaps_border(k - 1, max) - (max >> (k - 1) / 4) / 16;
		else
			sum += window + max;
	}
	return sum;
}

/* No window that might have been chosen would have cost less. */
static void cheapest(void **unused)
{
	u64 seed = 4, gaps[MOAT_GAPS_FULL - 1];
	u32 round, i, n;

	(void)unused;
	for (round = 0; round < 20000; round++) {
		u32 max = round % 3 ? MAX : UINT32_MAX - test_random(&seed) % 1000;
		u32 min = test_random(&seed) % 3 ? test_random(&seed) % max : 0;
		struct moat_gaps state = none();
		u32 window;

		n = test_random(&seed) % MOAT_GAPS_FULL;
		for (i = 0; i < n; i++) {
			gaps[i] = (test_random(&seed) % (2ull * max)) >> test_random(&seed) % 5;
			moat_gaps_add(&state, gaps[i], max);
		}
		window = moat_gaps_window(&state, min, max);
		assert_true(!window || window >= min);
		for (i = 0; i < MOAT_GAPS_BUCKETS; i++)
			if (!i || moat_gaps_border(i, max) >= min)
				assert_true(cost(gaps, n, window, max) <=
					    cost(gaps, n, moat_gaps_border(i, max), max));
		assert_true(cost(gaps, n, window, max) <= (u64)n * max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders),
		cmocka_unit_test(buckets),
		cmocka_unit_test(forgets),
		cmocka_unit_test(windows),
		cmocka_unit_test(cheapest),
	};

	return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
