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

/* A turn, as kernel/back/poller.c has it: those who ask, the first with credit first. */
struct turn {
	struct moat_fair fair[10];
	bool asks[10];
	u32 order[10];
	u32 count;
};

static void join(struct turn *t, u32 who)
{
	u32 i;

	if (t->asks[who])
		return;
	t->asks[who] = true;
	/* Who is not in debt comes first, and has his first round at once. */
	if (t->fair[who].credit >= 0) {
		for (i = t->count; i; i--)
			t->order[i] = t->order[i - 1];
		t->order[0] = who;
		moat_fair_refill(&t->fair[who], moat_fair_quantum(t->count + 1), 1);
	} else {
		t->order[t->count] = who;
	}
	t->count++;
}

static void leave(struct turn *t, u32 at)
{
	u32 who = t->order[at];

	t->asks[who] = false;
	moat_fair_leave(&t->fair[who]);
	for (t->count--; at < t->count; at++)
		t->order[at] = t->order[at + 1];
}

/* Where in the order is he who is next? */
static u32 next(struct turn *t)
{
	s32 quantum = moat_fair_quantum(t->count), least = INT32_MAX, rounds;
	u32 i;

	for (i = 0; i < t->count; i++) {
		rounds = moat_fair_rounds(&t->fair[t->order[i]], quantum);
		if (!rounds)
			return i;
		least = rounds < least ? rounds : least;
	}
	for (i = 0; i < t->count; i++)
		moat_fair_refill(&t->fair[t->order[i]], quantum, least);
	return next(t);
}

/* Serve one; he goes behind the others without credit. Return: what it cost. */
static u32 serve_next(struct turn *t, u32 *who, u32 large)
{
	u32 at = next(t), cost, i;

	*who = t->order[at];
	cost = *who ? large : 1;
	moat_fair_charge(&t->fair[*who], cost);
	for (i = at; i + 1 < t->count && !moat_fair_may(&t->fair[*who]); i++)
		t->order[i] = t->order[i + 1];
	t->order[i] = *who;
	if (!*who)
		leave(t, i);
	return cost;
}

/* A reader of a page now and then, beside others that always want much: whenever it
 * asks, it is the first that is served, however many they are.
 */
static void small_reader(void **unused)
{
	static const u32 crowds[] = { 1, 2, 8 };
	u32 i, crowd, turn, who;
	u64 random = 5;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(crowds); i++) {
		struct turn t = { 0 };

		for (turn = 0; turn < 10000; turn++) {
			bool asks = test_random(&random) % 3 == 0;
			s32 left = TURN;

			for (crowd = 1; crowd <= crowds[i]; crowd++)
				join(&t, crowd);
			if (asks)
				join(&t, 0);
			for (; left > 0; asks = false) {
				left -= serve_next(&t, &who, 128);
				if (asks && who)
					fail_msg("beside %u: it waits", crowds[i]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quanta),
		cmocka_unit_test(rounds),
		cmocka_unit_test(accounts),
		cmocka_unit_test(shares),
		cmocka_unit_test(small_reader),
	};

	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
