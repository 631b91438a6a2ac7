/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The histogram's buckets: both sides of every border.
 */
#include "test.h"

#include "core/hist.h"

static void borders(void **unused)
{
	u64 limit = 1000;
	u32 i;

	(void)unused;
	assert_int_equal(moat_hist_bucket(0), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(moat_hist_bucket(limit - 1), i);
		assert_int_equal(moat_hist_bucket(limit), i + 1);
		limit *= 2;
	}
}

static void last_takes_the_rest(void **unused)
{
	(void)unused;
	assert_int_equal(MOAT_HIST_BUCKETS, 21);
	assert_int_equal(moat_hist_bucket(1ull << 40), 20);
	assert_int_equal(moat_hist_bucket(UINT64_MAX), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders),
		cmocka_unit_test(last_takes_the_rest),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
