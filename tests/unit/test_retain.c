/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is retained, for how long, and within which budget.
 */
#include "test.h"

#include "core/retain.h"

#define COST MOAT_RETAIN_OVERHEAD
#define BUDGET 10000u

/* Reserve and acknowledge at once. */
static void keep(struct moat_retain *r, struct moat_retain_entry *e, u32 bytes)
{
	memset(e, 0x55, sizeof(*e));
	assert_true(moat_retain_reserve(r, bytes));
	moat_retain_ack(r, e, bytes);
}

/* Is the list that of the @n entries from @first on? */
static void is_list(const struct moat_retain_entry *got,
		    const struct moat_retain_entry *first, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		assert_ptr_equal(got, first + i);
		got = moat_retain_entry_of(got->item.next);
	}
	assert_null(got);
}

static void is_held(const struct moat_retain *r,
		    const struct moat_retain_entry *first, u32 n)
{
	is_list(r->first, first, n);
	assert_ptr_equal(r->last, n ? first + n - 1 : NULL);
	assert_ptr_equal(moat_retain_first(r), n ? &first->item : NULL);
}

static void starts_empty(void **unused)
{
	struct moat_retain_mark mark;
	struct moat_retain r;

	(void)unused;
	memset(&r, 0x55, sizeof(r));
	moat_retain_init(&r, BUDGET);
	assert_int_equal(moat_retain_held(&r), 0);
	is_held(&r, NULL, 0);
	assert_false(moat_retain_want_flush(&r));
	assert_false(moat_retain_take_error(&r));
	moat_retain_flush_begin(&r, &mark);
	assert_null(moat_retain_flush_end(&r, &mark));
}

static void kept_in_order(void **unused)
{
	struct moat_retain_entry e[3];
	struct moat_retain r;
	u32 i;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	for (i = 0; i < 3; i++) {
		keep(&r, &e[i], 512);
		assert_true(e[i].seq == i);
		assert_null(e[i].item.busy);
	}
	is_held(&r, e, 3);
	assert_int_equal(moat_retain_held(&r), 3 * (512 + COST));
	assert_int_equal(r.reserved, 0);
}

/* Of four entries @before are acknowledged when the flush goes out. */
static void flush_covers(void **unused)
{
	u32 before;

	(void)unused;
	for (before = 0; before <= 4; before++) {
		struct moat_retain_entry e[5];
		struct moat_retain_mark mark;
		struct moat_retain r;
		u32 i;

		moat_retain_init(&r, BUDGET);
		for (i = 0; i < before; i++)
			keep(&r, &e[i], 512);
		moat_retain_flush_begin(&r, &mark);
		for (; i < 4; i++)
			keep(&r, &e[i], 512);
		is_held(&r, e, 4);
		is_list(moat_retain_flush_end(&r, &mark), e, before);
		is_held(&r, e + before, 4 - before);
		assert_int_equal(moat_retain_held(&r),
				 (4 - before) * (512 + COST));
		/* The list goes on. */
		keep(&r, &e[4], 0);
		is_held(&r, e + before, 5 - before);
	}
}

/* A change in flight when the flush goes out is not covered by it. */
static void late_ack_stays(void **unused)
{
	struct moat_retain_entry e;
	struct moat_retain_mark mark;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	assert_true(moat_retain_reserve(&r, 512));
	moat_retain_flush_begin(&r, &mark);
	memset(&e, 0x55, sizeof(e));
	moat_retain_ack(&r, &e, 512);
	assert_null(moat_retain_flush_end(&r, &mark));
	is_held(&r, &e, 1);
}

/* Two flushes, the second of which covers one entry more. */
static void flushes_overlap(void **unused)
{
	struct moat_retain_mark mark[2];
	struct moat_retain_entry e[3];
	struct moat_retain r;
	u32 first;

	(void)unused;
	for (first = 0; first < 2; first++) {
		moat_retain_init(&r, BUDGET);
		keep(&r, &e[0], 512);
		moat_retain_flush_begin(&r, &mark[0]);
		keep(&r, &e[1], 1024);
		moat_retain_flush_begin(&r, &mark[1]);
		keep(&r, &e[2], 2048);
		is_list(moat_retain_flush_end(&r, &mark[first]), e, 1 + first);
		is_held(&r, e + 1 + first, 2 - first);
		/* Entries that were given back are not looked at. */
		memset(e, 0x55, (1 + first) * sizeof(e[0]));
		is_list(moat_retain_flush_end(&r, &mark[!first]), e + 1, !first);
		is_held(&r, e + 2, 1);
		assert_int_equal(moat_retain_held(&r), 2048 + COST);
		/* The same mark again: nothing left. */
		memset(e, 0x55, 2 * sizeof(e[0]));
		assert_null(moat_retain_flush_end(&r, &mark[1]));
	}
}

static void budget(void **unused)
{
	static const struct {
		const char *name;
		u32 held, reserved, want;	/* with overhead; 0: none */
		bool fits;
	} rows[] = {
		{ "first", 0, 0, 1000, true },
		{ "first, all of it", 0, 0, BUDGET, true },
		{ "first, larger than all", 0, 0, BUDGET + 1, true },
		{ "first, largest", 0, 0, UINT32_MAX, true },
		{ "to the border", BUDGET - 1000, 0, 1000, true },
		{ "over the border", BUDGET - 1000, 0, 1001, false },
		{ "reserved to the border", 0, BUDGET - 1000, 1000, true },
		{ "reserved over the border", 0, BUDGET - 1000, 1001, false },
		{ "both to the border", 5000, 4000, 1000, true },
		{ "both over the border", 5000, 4000, 1001, false },
		{ "behind a large one", BUDGET + 1, 0, COST, false },
		{ "largest behind one", COST, 0, UINT32_MAX, false },
		{ "discard", BUDGET - COST, 0, COST, true },
		{ "discard, no room", BUDGET - COST + 1, 0, COST, false },
	};
	struct moat_retain_entry e;
	struct moat_retain r;
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		moat_retain_init(&r, BUDGET);
		if (rows[i].held)
			keep(&r, &e, rows[i].held - COST);
		if (rows[i].reserved)
			assert_true(moat_retain_reserve(&r, rows[i].reserved -
							COST));
		check_row(rows[i].name, "fits",
			  moat_retain_reserve(&r, rows[i].want - COST),
			  rows[i].fits);
		check_row(rows[i].name, "reserved", r.reserved,
			  rows[i].reserved + (u64)rows[i].want * rows[i].fits);
		check_row(rows[i].name, "starved", r.starved, !rows[i].fits);
	}
}

/* The cost of a change larger than 32 bits' worth with its overhead. */
static void largest(void **unused)
{
	struct moat_retain_entry e;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	keep(&r, &e, UINT32_MAX);
	assert_true(moat_retain_held(&r) == (u64)UINT32_MAX + COST);
	assert_true(r.reserved == 0);
	moat_retain_init(&r, BUDGET);
	assert_true(moat_retain_reserve(&r, UINT32_MAX));
	moat_retain_release(&r, UINT32_MAX);
	assert_true(r.reserved == 0);
	assert_true(moat_retain_reserve(&r, 512));
}

static void wants_flush(void **unused)
{
	struct moat_retain_entry e[3];
	struct moat_retain_mark mark;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	keep(&r, &e[0], BUDGET / 2 - COST);
	assert_false(moat_retain_want_flush(&r));
	/* What is only reserved could not be dropped. */
	assert_true(moat_retain_reserve(&r, 1000));
	assert_false(moat_retain_want_flush(&r));
	moat_retain_release(&r, 1000);
	keep(&r, &e[1], 0);
	assert_true(moat_retain_want_flush(&r));
	moat_retain_own_begin(&r, &mark);
	assert_false(moat_retain_want_flush(&r));
	keep(&r, &e[2], 0);
	is_list(moat_retain_own_end(&r, &mark, true), e, 2);
	is_held(&r, &e[2], 1);
	assert_false(moat_retain_want_flush(&r));
	assert_false(moat_retain_take_error(&r));
}

/* One that waits brings a flush, however little is held. */
static void starved(void **unused)
{
	struct moat_retain_entry e[2];
	struct moat_retain_mark early, mark;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	moat_retain_flush_begin(&r, &early);
	assert_true(moat_retain_reserve(&r, 512));
	assert_false(moat_retain_reserve(&r, BUDGET));
	/* Nothing to drop yet. */
	assert_false(moat_retain_want_flush(&r));
	moat_retain_ack(&r, &e[0], 512);
	assert_true(moat_retain_want_flush(&r));
	/* Another one gets through: the first still waits. */
	keep(&r, &e[1], 0);
	assert_true(moat_retain_want_flush(&r));
	/* A flush that covers nothing does not help it. */
	assert_null(moat_retain_flush_end(&r, &early));
	assert_true(moat_retain_want_flush(&r));
	moat_retain_own_begin(&r, &mark);
	is_list(moat_retain_own_end(&r, &mark, true), e, 2);
	assert_true(moat_retain_reserve(&r, BUDGET));
	memset(&e[0], 0, sizeof(e[0]));
	assert_false(moat_retain_want_flush(&r));
	moat_retain_release(&r, BUDGET);
	keep(&r, &e[0], 0);
	assert_false(moat_retain_want_flush(&r));
}

/* An own flush is not replayed: it is wanted anew. */
static void own_flush_lost(void **unused)
{
	struct moat_retain_mark mark;
	struct moat_retain_entry e;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	keep(&r, &e, BUDGET);
	moat_retain_own_begin(&r, &mark);
	assert_false(moat_retain_want_flush(&r));
	moat_retain_disconnect(&r);
	assert_true(moat_retain_want_flush(&r));
	is_held(&r, &e, 1);
}

/* Failing flushes: kept at first, in the end given up and told. */
static void own_flush_fails(void **unused)
{
	struct moat_retain_entry e[2];
	struct moat_retain_mark mark;
	struct moat_retain r;
	u32 i, round;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	for (round = 0; round < 2; round++) {
		keep(&r, &e[0], BUDGET);
		for (i = 1; i < MOAT_RETAIN_TRIES; i++) {
			moat_retain_own_begin(&r, &mark);
			assert_null(moat_retain_own_end(&r, &mark, false));
			assert_true(moat_retain_want_flush(&r));
			assert_false(moat_retain_take_error(&r));
		}
		moat_retain_own_begin(&r, &mark);
		is_list(moat_retain_own_end(&r, &mark, false), e, 1);
		is_held(&r, NULL, 0);
		assert_true(moat_retain_take_error(&r));
		assert_false(moat_retain_take_error(&r));
	}
	/* One that works begins the count anew. */
	keep(&r, &e[0], 0);
	moat_retain_own_begin(&r, &mark);
	assert_null(moat_retain_own_end(&r, &mark, false));
	moat_retain_own_begin(&r, &mark);
	is_list(moat_retain_own_end(&r, &mark, true), e, 1);
	keep(&r, &e[1], 0);
	for (i = 1; i < MOAT_RETAIN_TRIES; i++) {
		moat_retain_own_begin(&r, &mark);
		assert_null(moat_retain_own_end(&r, &mark, false));
	}
	assert_false(moat_retain_take_error(&r));
}

static void failed_replay_is_told(void **unused)
{
	struct moat_retain_entry e;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	keep(&r, &e, 512);
	moat_retain_fail(&r);
	is_held(&r, &e, 1);
	assert_true(moat_retain_take_error(&r));
	assert_false(moat_retain_take_error(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(kept_in_order),
		cmocka_unit_test(flush_covers),
		cmocka_unit_test(late_ack_stays),
		cmocka_unit_test(flushes_overlap),
		cmocka_unit_test(budget),
		cmocka_unit_test(largest),
		cmocka_unit_test(wants_flush),
		cmocka_unit_test(starved),
		cmocka_unit_test(own_flush_lost),
		cmocka_unit_test(own_flush_fails),
		cmocka_unit_test(failed_replay_is_told),
	};

	return cmocka_run_group_tests_name("retain", tests, NULL, NULL);
}
