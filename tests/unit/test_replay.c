/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan of a replay: retained changes, then what was in flight, then new
 * requests; what overlaps waits, and so does a flush.
 */
#include "test.h"

#include "core/replay.h"

#define READ MOAT_REPLAY_READ
#define CHANGE MOAT_REPLAY_CHANGE
#define FLUSH MOAT_REPLAY_FLUSH

static struct moat_replay_item item(enum moat_replay_kind kind, u64 sector,
				    u64 sectors)
{
	struct moat_replay_item i = {
		.kind = kind, .sector = sector, .sectors = sectors,
	};

	return i;
}

/* What comes next is @item; it goes out. */
static void goes_out(struct moat_replay *p, struct moat_replay_item *item)
{
	assert_ptr_equal(moat_replay_next(p), item);
	assert_ptr_equal(moat_replay_next(p), item);
	moat_replay_issued(p, item);
}

static void nothing_goes_out(struct moat_replay *p)
{
	assert_null(moat_replay_next(p));
}

/* Neither retained nor in flight: new requests at once. */
static void nothing_to_do(void **unused)
{
	struct moat_replay p;

	(void)unused;
	memset(&p, 0x55, sizeof(p));
	moat_replay_hold(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_IDLE);
	nothing_goes_out(&p);
	moat_replay_begin(&p, NULL);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
	nothing_goes_out(&p);
}

static void held_holds(void **unused)
{
	struct moat_replay_item a = item(CHANGE, 0, 8);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &a);
	nothing_goes_out(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_IDLE);
}

static void phases_in_order(void **unused)
{
	struct moat_replay_item r1 = item(CHANGE, 0, 8);
	struct moat_replay_item r2 = item(CHANGE, 8, 8);
	struct moat_replay_item w = item(CHANGE, 100, 8);
	struct moat_replay_item rd = item(READ, 200, 8);
	struct moat_replay p;

	(void)unused;
	r1.next = &r2;
	/* What a life before this one left in the links does no harm. */
	w.next = &w;
	rd.next = &w;
	moat_replay_hold(&p);
	moat_replay_add(&p, &w);
	moat_replay_add(&p, &rd);
	moat_replay_begin(&p, &r1);
	assert_int_equal(p.phase, MOAT_REPLAY_RETAINED);
	goes_out(&p, &r1);
	goes_out(&p, &r2);
	nothing_goes_out(&p);
	moat_replay_answered(&p, &r2);
	/* Far from each other, but r1 is not answered. */
	nothing_goes_out(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_RETAINED);
	moat_replay_answered(&p, &r1);
	assert_int_equal(p.phase, MOAT_REPLAY_INFLIGHT);
	goes_out(&p, &w);
	goes_out(&p, &rd);
	nothing_goes_out(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_INFLIGHT);
	/* A read is not waited for. */
	moat_replay_answered(&p, &w);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
	moat_replay_answered(&p, &rd);
	nothing_goes_out(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
}

/* May @second go out while @first, a change, is unanswered? */
static void who_waits(void **unused)
{
	static const struct {
		const char *name;
		enum moat_replay_kind kind;
		u64 sector, sectors;
		bool may;
	} rows[] = {
		{ "write, same", CHANGE, 100, 8, false },
		{ "write, inside", CHANGE, 102, 1, false },
		{ "write, around", CHANGE, 90, 100, false },
		{ "write, over the start", CHANGE, 96, 5, false },
		{ "write, up to the start", CHANGE, 96, 4, true },
		{ "write, over the end", CHANGE, 107, 8, false },
		{ "write, behind the end", CHANGE, 108, 8, true },
		{ "write, far below", CHANGE, 0, 8, true },
		{ "write, far above", CHANGE, UINT64_MAX - 8, 8, true },
		{ "discard of all", CHANGE, 0, UINT64_MAX, false },
		{ "discard of too much", CHANGE, 50, UINT64_MAX, false },
		{ "discard of all behind", CHANGE, 108, UINT64_MAX, true },
		{ "read, same", READ, 100, 8, false },
		{ "read, over the end", READ, 107, 2, false },
		{ "read, elsewhere", READ, 50, 8, true },
		{ "flush", FLUSH, 0, 0, false },
	};
	struct moat_replay_item first = item(CHANGE, 100, 8), second;
	struct moat_replay p;
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		second = item(rows[i].kind, rows[i].sector, rows[i].sectors);
		moat_replay_hold(&p);
		moat_replay_add(&p, &first);
		moat_replay_add(&p, &second);
		moat_replay_begin(&p, NULL);
		check_row(rows[i].name, "phase", p.phase, MOAT_REPLAY_INFLIGHT);
		goes_out(&p, &first);
		check_row(rows[i].name, "may go",
			  moat_replay_next(&p) == &second, rows[i].may);
		moat_replay_answered(&p, &first);
		check_row(rows[i].name, "may go then",
			  moat_replay_next(&p) == &second, 1);
		/* And among the retained, which hold no reads or flushes. */
		if (rows[i].kind != CHANGE)
			continue;
		moat_replay_hold(&p);
		first.next = &second;
		second.next = NULL;
		moat_replay_begin(&p, &first);
		goes_out(&p, &first);
		check_row(rows[i].name, "may go, retained",
			  moat_replay_next(&p) == &second, rows[i].may);
	}
}

/* Nothing waits for a read or for a flush. */
static void who_is_not_waited_for(void **unused)
{
	struct moat_replay_item rd = item(READ, 0, 8);
	struct moat_replay_item f1 = item(FLUSH, 0, 8);
	struct moat_replay_item w = item(CHANGE, 0, 8);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &rd);
	moat_replay_add(&p, &f1);
	moat_replay_add(&p, &w);
	moat_replay_begin(&p, NULL);
	goes_out(&p, &rd);
	goes_out(&p, &f1);
	goes_out(&p, &w);
	moat_replay_answered(&p, &rd);
	moat_replay_answered(&p, &f1);
	assert_int_equal(p.phase, MOAT_REPLAY_INFLIGHT);
	moat_replay_answered(&p, &w);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
}

/* Who waits holds up those behind, a flush above all. */
static void order_is_kept(void **unused)
{
	struct moat_replay_item w1 = item(CHANGE, 0, 8);
	struct moat_replay_item w2 = item(CHANGE, 8, 8);
	struct moat_replay_item f = item(FLUSH, 0, 0);
	struct moat_replay_item w3 = item(CHANGE, 16, 8);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &w1);
	moat_replay_add(&p, &w2);
	moat_replay_add(&p, &f);
	moat_replay_add(&p, &w3);
	moat_replay_begin(&p, NULL);
	goes_out(&p, &w1);
	goes_out(&p, &w2);
	nothing_goes_out(&p);
	moat_replay_answered(&p, &w1);
	nothing_goes_out(&p);
	moat_replay_answered(&p, &w2);
	goes_out(&p, &f);
	goes_out(&p, &w3);
	moat_replay_answered(&p, &w3);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
}

/* Three unanswered: each of them is waited for, whichever is answered first. */
static void each_is_waited_for(void **unused)
{
	u32 gone;

	(void)unused;
	for (gone = 0; gone < 3; gone++) {
		struct moat_replay_item w[3], over = item(CHANGE, 0, 100);
		struct moat_replay p;
		u32 i;

		moat_replay_hold(&p);
		for (i = 0; i < 3; i++) {
			w[i] = item(CHANGE, i * 8, 8);
			moat_replay_add(&p, &w[i]);
		}
		moat_replay_add(&p, &over);
		moat_replay_begin(&p, NULL);
		for (i = 0; i < 3; i++)
			goes_out(&p, &w[i]);
		for (i = 0; i < 3; i++) {
			nothing_goes_out(&p);
			moat_replay_answered(&p, &w[(gone + i) % 3]);
		}
		goes_out(&p, &over);
		assert_int_equal(p.phase, MOAT_REPLAY_INFLIGHT);
		moat_replay_answered(&p, &over);
		assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
	}
}

/* Three unanswered, of which one is in the way, whichever it is. */
static void one_is_in_the_way(void **unused)
{
	u32 which;

	(void)unused;
	for (which = 0; which < 3; which++) {
		struct moat_replay_item w[3], over;
		struct moat_replay p;
		u32 i;

		over = item(READ, which * 8, 8);
		moat_replay_hold(&p);
		for (i = 0; i < 3; i++) {
			w[i] = item(CHANGE, i * 8, 8);
			moat_replay_add(&p, &w[i]);
		}
		moat_replay_add(&p, &over);
		moat_replay_begin(&p, NULL);
		for (i = 0; i < 3; i++)
			goes_out(&p, &w[i]);
		nothing_goes_out(&p);
		moat_replay_answered(&p, &w[which]);
		goes_out(&p, &over);
	}
}

/* Where the sum of sector and length is no number any more. */
static void at_the_end(void **unused)
{
	struct moat_replay_item first = item(CHANGE, UINT64_MAX - 7, 8);
	struct moat_replay_item second = item(CHANGE, UINT64_MAX - 3, 1);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &first);
	moat_replay_add(&p, &second);
	moat_replay_begin(&p, NULL);
	goes_out(&p, &first);
	nothing_goes_out(&p);
}

/* An answer to a request that is none of the plan's changes nothing. */
static void a_stranger_is_answered(void **unused)
{
	struct moat_replay_item w = item(CHANGE, 0, 8);
	struct moat_replay_item other = item(CHANGE, 0, 8);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &w);
	moat_replay_begin(&p, NULL);
	goes_out(&p, &w);
	moat_replay_answered(&p, &other);
	assert_int_equal(p.phase, MOAT_REPLAY_INFLIGHT);
	moat_replay_answered(&p, &w);
	moat_replay_answered(&p, &other);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
}

/* Another death on the way: all of it from the start. */
static void dies_again(void **unused)
{
	struct moat_replay_item r = item(CHANGE, 0, 8);
	struct moat_replay_item w1 = item(CHANGE, 0, 8);
	struct moat_replay_item w2 = item(CHANGE, 0, 8);
	struct moat_replay p;

	(void)unused;
	moat_replay_hold(&p);
	moat_replay_add(&p, &w1);
	moat_replay_add(&p, &w2);
	moat_replay_begin(&p, &r);
	goes_out(&p, &r);

	/* Unanswered: it would wait for itself if it were still known. */
	moat_replay_hold(&p);
	moat_replay_add(&p, &w1);
	moat_replay_add(&p, &w2);
	moat_replay_begin(&p, &r);
	goes_out(&p, &r);
	moat_replay_answered(&p, &r);
	goes_out(&p, &w1);
	nothing_goes_out(&p);

	moat_replay_hold(&p);
	assert_int_equal(p.phase, MOAT_REPLAY_IDLE);
	moat_replay_add(&p, &w1);
	moat_replay_add(&p, &w2);
	moat_replay_begin(&p, &r);
	goes_out(&p, &r);
	nothing_goes_out(&p);
	moat_replay_answered(&p, &r);
	goes_out(&p, &w1);
	moat_replay_answered(&p, &w1);
	goes_out(&p, &w2);
	moat_replay_answered(&p, &w2);
	assert_int_equal(p.phase, MOAT_REPLAY_LIVE);
	assert_null(p.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(held_holds),
		cmocka_unit_test(phases_in_order),
		cmocka_unit_test(who_waits),
		cmocka_unit_test(who_is_not_waited_for),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(each_is_waited_for),
		cmocka_unit_test(one_is_in_the_way),
		cmocka_unit_test(at_the_end),
		cmocka_unit_test(a_stranger_is_answered),
		cmocka_unit_test(dies_again),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
