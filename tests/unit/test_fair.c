/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deficit round robin: the account's borders, and what flows of all kinds get of a
 * server that does as kernel/back/round.c does.
 */
#include "test.h"

#include "core/fair.h"

#define TURN MOAT_FAIR_TURN

static void quanta(void **unused)
{
	(void)unused;
	assert_int_equal(moat_fair_quantum(0), 1);
	assert_int_equal(moat_fair_quantum(1), TURN);
	assert_int_equal(moat_fair_quantum(2), TURN / 2);
	assert_int_equal(moat_fair_quantum(TURN - 1), 1);
	assert_int_equal(moat_fair_quantum(TURN), 1);
	assert_int_equal(moat_fair_quantum(UINT32_MAX), 1);
}

static const struct row {
	const char *name;
	s32 credit;
	s32 quantum;
	bool may;
	s32 rounds;
} rows[] = {
	{ "credit", 1, 8, true, 0 },
	{ "nothing", 0, 8, false, 1 },
	{ "little debt", -1, 8, false, 1 },
	{ "debt of less than a round", -7, 8, false, 1 },
	{ "debt of a round", -8, 8, false, 2 },
	{ "debt of more", -17, 8, false, 3 },
	{ "debt of the most", -MOAT_FAIR_MOST, 1, false, MOAT_FAIR_MOST + 1 },
};

/* After so many rounds it may be served, and not before. */
static void rounds(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct moat_fair flow = { r->credit }, sooner = flow;

		if (moat_fair_may(&flow) != r->may ||
		    moat_fair_rounds(&flow, r->quantum) != r->rounds)
			fail_msg("%s", r->name);
		if (r->may)
			continue;
		moat_fair_refill(&flow, r->quantum, r->rounds);
		moat_fair_refill(&sooner, r->quantum, r->rounds - 1);
		if (!moat_fair_may(&flow) || moat_fair_may(&sooner))
			fail_msg("%s: not at its time", r->name);
	}
}

static void accounts(void **unused)
{
	struct moat_fair flow = { 0 };

	(void)unused;
	moat_fair_refill(&flow, 8, 1);
	assert_int_equal(flow.credit, 8);
	moat_fair_refill(&flow, 8, 1);
	assert_int_equal(flow.credit, 8);
	moat_fair_charge(&flow, 3);
	assert_int_equal(flow.credit, 5);
	moat_fair_charge(&flow, 0);
	assert_int_equal(flow.credit, 4);
	moat_fair_leave(&flow);
	assert_int_equal(flow.credit, 0);
	moat_fair_charge(&flow, 9);
	moat_fair_leave(&flow);
	assert_int_equal(flow.credit, -9);
	moat_fair_refill(&flow, 8, INT32_MAX);
	assert_int_equal(flow.credit, 8);
	moat_fair_charge(&flow, UINT32_MAX);
	assert_int_equal(flow.credit, 8 - MOAT_FAIR_MOST);
	moat_fair_charge(&flow, UINT32_MAX);
	assert_int_equal(flow.credit, -MOAT_FAIR_MOST);
	moat_fair_charge(&flow, 1);
	assert_int_equal(flow.credit, -MOAT_FAIR_MOST);
}

/* Flows that always want something, of such sizes; who has credit is served. */
static void serve(const u32 *size, u32 flows, u64 *got)
{
	struct moat_fair flow[8] = { 0 };
	s32 quantum = moat_fair_quantum(flows), least;
	u32 i, turn;

	for (turn = 0; turn < 10000; turn++) {
		least = INT32_MAX;
		for (i = 0; i < flows; i++)
			if (moat_fair_rounds(&flow[i], quantum) < least)
				least = moat_fair_rounds(&flow[i], quantum);
		for (i = 0; i < flows; i++)
			moat_fair_refill(&flow[i], quantum, least);
		for (i = 0; i < flows; i++)
			if (moat_fair_may(&flow[i])) {
				moat_fair_charge(&flow[i], size[i]);
				got[i] += size[i];
			}
	}
}

/* Whatever the sizes: within a per cent all get the same. */
static void shares(void **unused)
{
	static const u32 size[] = { 1, 2, 7, 16, 128, 256 };
	u64 got[6] = { 0 }, sum = 0;
	u32 i;

	(void)unused;
	serve(size, 6, got);
	for (i = 0; i < 6; i++)
		sum += got[i];
	for (i = 0; i < 6; i++)
		assert_in_range(got[i] * 600 / sum, 98, 102);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quanta),
		cmocka_unit_test(rounds),
		cmocka_unit_test(accounts),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
