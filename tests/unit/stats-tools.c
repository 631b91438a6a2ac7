// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat/stats.c: what drivers answer, a hostile one's nonsense included,
 * and the rates that follow from it.
 */
#include "../../tools/moat/stats.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	int result;
	uint64_t reads, retained;
	bool has_retained;
} answers[] = {
	{ "w", 0 },
	{ "w ", 0 },
	{ "w reads=5", 0, 5 },
	{ "w reads=5 ", 0, 5 },
	{ "w  writes=1   reads=6", 0, 6 },
	{ "w reads=18446744073709551615", 0, UINT64_MAX },
	{ "w retained_bytes=77 reads=1", 0, 1, 77, true },
	{ "w from_the_future=3 reads=1", 0, 1 },
	{ "w read=3 readss=4", 0, 0 },
	{ "x reads=5", -EAGAIN },
	{ "w2 reads=5", -EAGAIN },
	{ "reads=5", -EAGAIN },
	{ "", -EINVAL },
	{ " w reads=5", -EINVAL },
	{ "w reads", -EINVAL },
	{ "w reads=", -EINVAL },
	{ "w =5", -EINVAL },
	{ "w reads=-5", -EINVAL },
	{ "w reads=5x", -EINVAL },
	{ "w reads=0x5", -EINVAL },
	{ "w reads=18446744073709551616", -EINVAL },
	{ "w reads=99999999999999999999999", -EINVAL },
	{ "w reads=1=2", -EINVAL },
};

static void parsing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct moat_stats stats, before;

		memset(&stats, 0xa5, sizeof(stats));
		before = stats;
		print_message("'%s'\n", answers[i].text);
		assert_int_equal(moat_stats_parse(answers[i].text, "w", &stats),
				 answers[i].result);
		if (answers[i].result) {
			assert_memory_equal(&stats, &before, sizeof(stats));
			continue;
		}
		assert_true(stats.counters[MOAT_STAT_reads] ==
			    answers[i].reads);
		assert_true(stats.retained_bytes == answers[i].retained);
		assert_int_equal(stats.has_retained, answers[i].has_retained);
	}
}

/* Every counter of the contract is found by its name. */
static void names(void **state)
{
	(void)state;
	for (int i = 0; i < MOAT_STAT_COUNT; i++) {
		struct moat_stats stats;
		char text[64];

		snprintf(text, sizeof(text), "w %s=9", moat_stats_names[i]);
		assert_int_equal(moat_stats_parse(text, "w", &stats), 0);
		for (int k = 0; k < MOAT_STAT_COUNT; k++)
			assert_int_equal(stats.counters[k], k == i ? 9 : 0);
	}
}

static void rates(void **state)
{
	struct moat_stats before = { .counters = {
		[MOAT_STAT_reads] = 100, [MOAT_STAT_notify_sent] = 7,
	} }, after = before;
	struct moat_rate rate;

	(void)state;
	after.counters[MOAT_STAT_reads] += 10;
	after.counters[MOAT_STAT_writes] += 6;
	after.counters[MOAT_STAT_flushes] += 3;
	after.counters[MOAT_STAT_discards] += 1;
	after.counters[MOAT_STAT_notify_sent] += 5;
	after.counters[MOAT_STAT_grant_maps] = 1;
	after.counters[MOAT_STAT_grant_unmaps] = 2;
	after.counters[MOAT_STAT_grant_copies] = 4;
	after.counters[MOAT_STAT_grants_issued] = 8;
	after.counters[MOAT_STAT_grants_ended] = 16;
	moat_rate_between(&before, &after, 2, &rate);
	assert_true(rate.valid);
	assert_true(moat_rate_requests(&rate) == 10);
	assert_true(moat_rate_grants(&rate) == 15.5);
	assert_true(moat_rate_of(&rate, MOAT_STAT_notify_sent) == 2.5);
	assert_true(moat_rate_per_request(&rate, 2.5) == 0.25);
	assert_true(moat_rate_per_request(&rate, -1) == -1);
}

static void no_rates(void **state)
{
	struct moat_stats before = { .counters = { [MOAT_STAT_events] = 5 } };
	struct moat_stats after = { .counters = { [MOAT_STAT_reads] = 5 } };
	struct moat_rate rate;

	(void)state;
	/* a counter went back: another connection */
	moat_rate_between(&before, &after, 1, &rate);
	assert_false(rate.valid);
	assert_true(moat_rate_requests(&rate) == -1);
	assert_true(moat_rate_grants(&rate) == -1);
	assert_true(moat_rate_of(&rate, MOAT_STAT_reads) == -1);
	moat_rate_between(&before, &before, 0, &rate);
	assert_false(rate.valid);
	moat_rate_between(&before, &before, -1, &rate);
	assert_false(rate.valid);
	/* idle: nothing to share among no requests */
	moat_rate_between(&before, &before, 1, &rate);
	assert_true(rate.valid);
	assert_true(moat_rate_requests(&rate) == 0);
	assert_true(moat_rate_per_request(&rate, 3) == -1);
}

static void buckets(void **state)
{
	struct moat_stats stats;

	(void)state;
	for (unsigned int i = 0; i < MOAT_HIST_BUCKETS; i++) {
		char text[64];

		snprintf(text, sizeof(text), "w latency_%u=9", i);
		assert_int_equal(moat_stats_parse(text, "w", &stats), 0);
		for (unsigned int k = 0; k < MOAT_HIST_BUCKETS; k++)
			assert_int_equal(stats.latency[k], k == i ? 9 : 0);
	}
	/* names from the future, or of nobody */
	assert_int_equal(moat_stats_parse("w latency_21=1 latency_01=1 latency_=1 "
					  "latency_-1=1 latency_4294967296=1",
					  "w", &stats), 0);
	for (unsigned int k = 0; k < MOAT_HIST_BUCKETS; k++)
		assert_int_equal(stats.latency[k], 0);
	/* the ends are those by which the kernel sorts */
	for (unsigned int i = 0; i + 1 < MOAT_HIST_BUCKETS; i++) {
		u64 end = (u64)(moat_stats_bucket(i) * 1e9 + 0.5);

		assert_int_equal(moat_hist_bucket(end - 1), i);
		assert_int_equal(moat_hist_bucket(end), i + 1);
	}
	assert_true(isinf(moat_stats_bucket(MOAT_HIST_BUCKETS - 1)));
}

static void latency(void **state)
{
	struct moat_stats before = { .latency = { [3] = 7, [10] = 1 } };
	struct moat_stats after = before;
	struct moat_rate rate;

	(void)state;
	moat_rate_between(&before, &after, 1, &rate);
	assert_true(moat_rate_latency(&rate, 0.5) == -1);	/* idle */
	/* 90 from 4 to 8 us, 10 from 512 to 1024 us */
	after.latency[3] += 90;
	after.latency[10] += 10;
	moat_rate_between(&before, &after, 1, &rate);
	assert_true(fabs(moat_rate_latency(&rate, 0.45) - 6) < 1e-9);
	assert_true(fabs(moat_rate_latency(&rate, 0.9) - 8) < 1e-9);
	assert_true(fabs(moat_rate_latency(&rate, 0.95) - 768) < 1e-9);
	assert_true(fabs(moat_rate_latency(&rate, 1) - 1024) < 1e-9);
	/* the last bucket has a lower end only */
	after = before;
	after.latency[MOAT_HIST_BUCKETS - 1] = 1;
	moat_rate_between(&before, &after, 1, &rate);
	assert_true(fabs(moat_rate_latency(&rate, 0.5) - 524288) < 1e-6);
	/* a bucket went back: another connection */
	moat_rate_between(&after, &before, 1, &rate);
	assert_false(rate.valid);
	assert_true(moat_rate_latency(&rate, 0.5) == -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets),
		cmocka_unit_test(latency),
		cmocka_unit_test(parsing),
		cmocka_unit_test(names),
		cmocka_unit_test(rates),
		cmocka_unit_test(no_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
