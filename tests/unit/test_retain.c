/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is retained, for how long, and within which budget.
 */
#include "test.h"

#include "core/retain.h"

#define COST MOAT_RETAIN_OVERHEAD
#define PAGE MOAT_RETAIN_PAGE
/* Five changes of a page. */
#define BUDGET (5 * (PAGE + COST))

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
	assert_int_equal(moat_retain_held(&r), 3 * (PAGE + COST));
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
				 (4 - before) * (PAGE + COST));
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
		assert_int_equal(moat_retain_held(&r), PAGE + COST);
		/* The same mark again: nothing left. */
		memset(e, 0x55, 2 * sizeof(e[0]));
		assert_null(moat_retain_flush_end(&r, &mark[1]));
	}
}

/* Whole pages are held, and something besides. */
static void costs(void **unused)
{
	static const struct {
		const char *name;
		u32 bytes;
		u64 pages;
	} rows[] = {
		{ "discard", 0, 0 },
		{ "one byte", 1, 1 },
		{ "sector", 512, 1 },
		{ "page", PAGE, 1 },
		{ "more than a page", PAGE + 1, 2 },
		{ "less than two", 2 * PAGE - 1, 2 },
		{ "two", 2 * PAGE, 2 },
		{ "largest of whole pages", UINT32_MAX - PAGE + 1, 0xfffff },
		{ "largest", UINT32_MAX, 0x100000 },
	};
	struct moat_retain_entry e;
	struct moat_retain r;
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		u64 cost = rows[i].pages * PAGE + COST;

		check_row(rows[i].name, "cost", moat_retain_cost(rows[i].bytes), cost);
		moat_retain_init(&r, BUDGET);
		assert_true(moat_retain_reserve(&r, rows[i].bytes));
		check_row(rows[i].name, "reserved", r.reserved, cost);
		moat_retain_release(&r, rows[i].bytes);
		check_row(rows[i].name, "released", r.reserved, 0);
		keep(&r, &e, rows[i].bytes);
		check_row(rows[i].name, "held", moat_retain_held(&r), cost);
		check_row(rows[i].name, "reserved then", r.reserved, 0);
		check_row(rows[i].name, "up to it", e.total, cost);
	}
}

static void budget(void **unused)
{
	static const struct {
		const char *name;
		int room;	/* more than all three need */
		int held, reserved, want;	/* bytes; -1: none */
		bool fits;
	} rows[] = {
		{ "first", 5000, -1, -1, PAGE, true },
		{ "first, all of it", 0, -1, -1, PAGE, true },
		{ "first, larger than all", -1, -1, -1, PAGE, true },
		{ "first, largest", -PAGE, -1, -1, INT32_MAX, true },
		{ "to the border", 0, PAGE, -1, 512, true },
		{ "over the border", -1, PAGE, -1, 512, false },
		{ "reserved to the border", 0, -1, PAGE, PAGE, true },
		{ "reserved over the border", -1, -1, PAGE, PAGE, false },
		{ "both to the border", 0, PAGE, 2 * PAGE, 1, true },
		{ "both over the border", -1, PAGE, 2 * PAGE, 1, false },
		{ "behind a large one", -(int)COST - 1, 3 * PAGE, -1, 0, false },
		{ "largest behind one", -PAGE, 0, -1, INT32_MAX, false },
		{ "discard", 0, PAGE, -1, 0, true },
		{ "discard, no room", -1, PAGE, -1, 0, false },
	};
	struct moat_retain_entry e;
	struct moat_retain r;
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		u64 held = rows[i].held < 0 ? 0 : moat_retain_cost(rows[i].held);
		u64 reserved = rows[i].reserved < 0 ? 0 : moat_retain_cost(rows[i].reserved);
		u64 want = moat_retain_cost(rows[i].want);

		moat_retain_init(&r, held + reserved + want + rows[i].room);
		if (rows[i].held >= 0)
			keep(&r, &e, rows[i].held);
		if (rows[i].reserved >= 0) {
			assert_true(moat_retain_reserve(&r, rows[i].reserved));
		}
		check_row(rows[i].name, "fits",
			  moat_retain_reserve(&r, rows[i].want), rows[i].fits);
		check_row(rows[i].name, "reserved", r.reserved,
			  reserved + want * rows[i].fits);
		check_row(rows[i].name, "starved", r.starved, !rows[i].fits);
	}
}

static void wants_flush(void **unused)
{
	struct moat_retain_entry e[3];
	struct moat_retain_mark mark;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	r.budget = 2 * moat_retain_cost(PAGE);
	keep(&r, &e[0], PAGE);
	assert_false(moat_retain_want_flush(&r));
	/* What is only reserved could not be dropped. */
	assert_true(moat_retain_reserve(&r, 0));
	assert_false(moat_retain_want_flush(&r));
	moat_retain_release(&r, 0);
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

/* It is not room that is short: only what is retained can be given back. */
static void short_of_pages(void **unused)
{
	struct moat_retain_mark mark;
	struct moat_retain_entry e;
	struct moat_retain r;

	(void)unused;
	moat_retain_init(&r, BUDGET);
	assert_false(moat_retain_starve(&r));
	assert_true(moat_retain_reserve(&r, 512));
	assert_false(moat_retain_starve(&r));
	/* Even if room is short, too. */
	assert_false(moat_retain_reserve(&r, BUDGET));
	assert_false(moat_retain_starve(&r));
	r.starved = false;
	moat_retain_ack(&r, memset(&e, 0, sizeof(e)), 512);
	/* Nobody has asked since it is there. */
	assert_false(moat_retain_want_flush(&r));
	assert_true(moat_retain_starve(&r));
	assert_true(moat_retain_want_flush(&r));
	moat_retain_own_begin(&r, &mark);
	assert_true(moat_retain_starve(&r));
	assert_false(moat_retain_want_flush(&r));
	is_list(moat_retain_own_end(&r, &mark, true), &e, 1);
	assert_false(moat_retain_starve(&r));
	keep(&r, &e, 0);
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
		cmocka_unit_test(costs),
		cmocka_unit_test(wants_flush),
		cmocka_unit_test(starved),
		cmocka_unit_test(short_of_pages),
		cmocka_unit_test(own_flush_lost),
		cmocka_unit_test(own_flush_fails),
		cmocka_unit_test(failed_replay_is_told),
	};

	return cmocka_run_group_tests_name("retain", tests, NULL, NULL);
}
