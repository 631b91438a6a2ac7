/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring as its own journal: a back end dies in front of each of its stores, and
 * the next one has to find every request that the front end has no answer to, and
 * no other. Both layouts, small rings and the largest, indices over the end of
 * 32 bits, answers in every order.
 */
#include "tests/unit/death.h"

#include "test.h"

#include <string.h>

#include "core/journal.h"

#define PAGES_MOST 16
#define SLOTS_MOST 512

static const enum moat_layout layouts[] = { MOAT_LAYOUT_64, MOAT_LAYOUT_32 };
static const u32 starts[] = { 0, 1, 30, 0xffffffe0, 0xfffffffe, 0xffffffff };

/* A front end that knows what it has asked, and back ends, one after the other. */
static struct world {
	struct moat_sring *shared;
	size_t bytes;
	struct moat_ring front, back;
	struct moat_journal journal;
	u16 place[SLOTS_MOST], holder[SLOTS_MOST];
	u64 taken[SLOTS_MOST];		/* by tag: id of the request */
	bool busy[SLOTS_MOST];		/* by tag */
	bool done[SLOTS_MOST];		/* by number: carried out by somebody */
	u8 answers[SLOTS_MOST];		/* by number: answers that the front end has got */
	u32 sent;
	u64 random;			/* 0: answers in the order that is asked for */
} w;

static void create(enum moat_layout layout, u32 pages, u32 start)
{
	memset(&w, 0, sizeof(w));
	w.bytes = pages * 4096;
	w.shared = malloc(w.bytes);
	assert_non_null(w.shared);
	death_watch(w.shared, w.bytes);
	moat_ring_create(&w.front, w.shared, layout, pages);
	moat_ring_attach(&w.front, w.shared, layout, pages, start, start);
	w.shared->req_prod = start;
	w.shared->rsp_prod = start;
}

static void destroy(void)
{
	free(w.shared);
	w.shared = NULL;
}

/* All that the request says follows from its number. */
static struct moat_request request(u32 number)
{
	struct moat_request req = { .op = MOAT_OP_WRITE, .nr_segs = MOAT_WIRE_SEGS,
				    .id = 0x1122334455000000ull + number,
				    .sector = 0x8877665500000000ull + number };
	u32 i;

	for (i = 0; i < MOAT_WIRE_SEGS; i++)
		req.seg[i] = (struct moat_seg){ .gref = number * 16 + i,
						.first = (number + i) % 8, .last = 7 };
	return req;
}

static u32 number_of(u64 id)
{
	assert_true(id - request(0).id < w.sent);
	return (u32)(id - request(0).id);
}

static void send(u32 n)
{
	while (n--) {
		struct moat_request req = request(w.sent++);

		moat_ring_put_request(&w.front, &req);
	}
	moat_ring_push_requests(&w.front);
}

/* Each answer is to something asked, once, and carried out. */
static void receive(void)
{
	struct moat_response rsp;
	u32 n;

	assert_int_equal(moat_ring_responses(&w.front, &n), 0);
	while (n--) {
		u32 number;

		moat_ring_take_response(&w.front, &rsp);
		number = number_of(rsp.id);
		assert_int_equal(rsp.op, MOAT_OP_WRITE);
		assert_int_equal(rsp.status, -(s16)(number % 3));
		assert_true(w.done[number]);
		check_row("front end", "answers to one request", ++w.answers[number], 1);
	}
}

/* A back end begins: what the one before had in memory is gone. Where that died before it
 * kept a journal the front end was not connected yet.
 */
static void begin(void)
{
	int err;

	memset(w.place, 0xee, sizeof(w.place));
	memset(w.holder, 0xee, sizeof(w.holder));
	memset(w.busy, 0, sizeof(w.busy));
	w.journal = (struct moat_journal){ w.place, w.holder };
	moat_ring_serve(&w.back, w.shared, w.front.layout, w.bytes / 4096);
	err = moat_journal_resume(&w.back);
	if (err == -ENOENT)
		moat_journal_start(&w.back);
	else
		assert_int_equal(err, 0);
}

/* Takes all there is; the tags are not in the order of the slots. */
static u32 take(void)
{
	struct moat_request req, want;
	u32 n, i, all;

	assert_int_equal(moat_ring_requests(&w.back, &all), 0);
	for (n = all; n; n--) {
		for (i = w.back.size - 1; w.busy[i]; i--)
			;
		moat_journal_take(&w.journal, &w.back, i);
		moat_ring_take_request(&w.back, &req);
		want = request(number_of(req.id));
		assert_memory_equal(&req, &want, sizeof(want));
		w.busy[i] = true;
		w.taken[i] = req.id;
	}
	return all;
}

/* Of those in hand the one that is @nth from the end, over and over. */
static void answer(u32 nth)
{
	u32 i, left = 0;
	bool moved;
	u16 stood;

	for (i = 0; i < w.back.size; i++)
		left += w.busy[i];
	nth %= left;
	for (i = w.back.size - 1; !w.busy[i] || nth--; i--)
		;
	w.done[number_of(w.taken[i])] = true;
	w.busy[i] = false;
	stood = w.journal.holder[w.back.prod % w.back.size];
	moved = moat_journal_answer(&w.journal, &w.back, i, &(struct moat_response){
		.id = w.taken[i], .op = MOAT_OP_WRITE,
		.status = -(s16)(number_of(w.taken[i]) % 3) });
	check_row("answer", "moves another", moved, stood != i);
}

/* @order names an order of answers, its digits being to a shrinking base. */
static void answer_all(u32 n, u32 order)
{
	for (; n; order /= n, n--)
		answer(w.random ? test_random(&w.random) : order % n);
}

static u32 factorial(u32 n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

/* One life, with @stores before its end. Return: whether it was over by itself. */
static bool live(u32 order, int stores)
{
	if (setjmp(death.back))
		return false;
	death.stores = stores;
	begin();
	answer_all(take(), order);
	death.stores = DEATH_NEVER;
	return true;
}

static void all_answered(void)
{
	u32 i;

	receive();
	for (i = 0; i < w.sent; i++)
		check_row("at the end", "answers to one request", w.answers[i], 1);
	assert_int_equal(w.front.cons, w.front.prod);
}

static void layout_of_the_record(void **unused)
{
	(void)unused;
	assert_int_equal(sizeof(struct moat_journal_record), 24);
	assert_true(MOAT_JOURNAL_OFFSET >= offsetof(struct moat_sring, pad) + 4);
	assert_true(MOAT_JOURNAL_OFFSET + sizeof(struct moat_journal_record) <=
		    MOAT_SRING_HEAD);
}

/* Each order of four answers, death in front of each store, another order behind
 * it; and the next back end dies, too.
 */
static void each_store(void **unused)
{
	u32 layout, start, first, second;
	int at, again;

	(void)unused;
	for (layout = 0; layout < 2; layout++)
	for (start = 0; start < MOAT_ARRAY_SIZE(starts); start++)
	for (first = 0; first < factorial(4); first++)
	for (second = 0; second < factorial(3); second += 5)
	for (at = 0; ; at++) {
		bool over;

		for (again = 0; again < 150; again += 31) {
			create(layouts[layout], 1, starts[start]);
			send(4);
			over = live(first, at);
			receive();
			if (!over && live(second, again))
				again = 150;
			receive();
			assert_true(live(second, DEATH_NEVER));
			all_answered();
			destroy();
		}
		if (over)
			break;
		assert_true(at < 400);
	}
}

/* Rings of every size, refilled as answers come, one death after the other. */
static void lives(void **unused)
{
	u32 round, room;

	(void)unused;
	for (round = 0; round < 60; round++) {
		create(layouts[round & 1], 1u << round % 5,
		       starts[round % MOAT_ARRAY_SIZE(starts)]);
		w.random = 0x6d6f6174 + round;
		for (;;) {
			room = moat_ring_front_room(&w.front);
			if (room > SLOTS_MOST - w.sent)
				room = SLOTS_MOST - w.sent;
			if (room)
				send(1 + test_random(&w.random) % room);
			if (live(0, test_random(&w.random) % (40 * w.front.size)) && !room)
				break;
			receive();
		}
		all_answered();
		destroy();
	}
}

/* In order nothing moves: the slots behind stay as they were sent. */
static void in_order(void **unused)
{
	u8 before[4096];
	u32 i;

	(void)unused;
	create(MOAT_LAYOUT_64, 1, 7);
	send(4);
	begin();
	take();
	memcpy(before, w.shared, sizeof(before));
	for (i = 0; i < 4; i++) {
		u32 left = (u32)(moat_ring_slot(&w.back, 8 + i) - (u8 *)w.shared);

		/* tags were given out from the highest down */
		answer(0);
		assert_int_equal(w.shared->rsp_prod, 8 + i);
		assert_memory_equal((u8 *)w.shared + left, before + left, 112 * (3 - i));
		assert_int_equal(moat_journal_record(&w.back)->move, MOAT_JOURNAL_STAYS);
	}
	all_answered();
	destroy();
}

/* The event is asked for over all that was published since it was asked last. */
static void notify(void **unused)
{
	(void)unused;
	create(MOAT_LAYOUT_64, 1, 0xfffffffe);
	w.shared->rsp_event = 0;
	send(4);
	begin();
	take();
	answer(1);
	assert_false(moat_ring_push_responses(&w.back));
	answer(0);
	answer(1);
	assert_true(moat_ring_push_responses(&w.back));
	answer(0);
	assert_false(moat_ring_push_responses(&w.back));
	all_answered();
	destroy();
}

/* Served by one that keeps no journal, or by nobody: nothing is redone, nor resumed. */
static void no_record(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++) {
		create(MOAT_LAYOUT_64, 1, starts[i]);
		send(3);
		moat_ring_serve(&w.back, w.shared, MOAT_LAYOUT_64, 1);
		assert_int_equal(moat_journal_resume(&w.back), -ENOENT);
		begin();
		assert_int_equal(w.shared->rsp_prod, starts[i]);
		assert_int_equal(moat_journal_record(&w.back)->at, starts[i] - 1);
		assert_int_equal(take(), 3);
		begin();
		assert_int_equal(w.shared->rsp_prod, starts[i]);
		destroy();
	}
}

/* A new ring in memory that an earlier one has left as it was: its record is void. */
static void record_of_before(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++) {
		struct moat_journal_record *record;

		create(MOAT_LAYOUT_64, 1, starts[i]);
		send(3);
		moat_ring_serve(&w.back, w.shared, MOAT_LAYOUT_64, 1);
		record = moat_journal_record(&w.back);
		record->magic = MOAT_JOURNAL_MAGIC;
		record->at = starts[i];
		record->move = MOAT_JOURNAL_STAYS;
		moat_journal_start(&w.back);
		begin();
		assert_int_equal(w.shared->rsp_prod, starts[i]);
		assert_int_equal(take(), 3);
		destroy();
	}
}

/* What a front end may have made of the record. */
static void false_record(void **unused)
{
	static const struct {
		const char *what;
		u32 sent, at, move;
		int want;
	} rows[] = {
		{ "of an answer before", 4, 6, MOAT_JOURNAL_STAYS, 0 },
		{ "of an answer to come", 4, 8, MOAT_JOURNAL_STAYS, 0 },
		{ "with nothing unanswered", 0, 7, MOAT_JOURNAL_STAYS, -EPROTO },
		{ "moves onto itself", 4, 7, 7, -EPROTO },
		{ "moves to the last", 4, 7, 10, 1 },
		{ "moves behind the last", 4, 7, 11, -EPROTO },
		{ "moves before the first", 4, 7, 6, -EPROTO },
		{ "moves out of the ring", 4, 7, 32 + 10, -EPROTO },
		{ "moves far out", 4, 7, 0xfffffffeu, -EPROTO },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_journal_record *record;
		u8 before[4096];

		create(MOAT_LAYOUT_64, 1, 7);
		send(rows[i].sent);
		moat_ring_serve(&w.back, w.shared, MOAT_LAYOUT_64, 1);
		record = moat_journal_record(&w.back);
		record->magic = MOAT_JOURNAL_MAGIC;
		record->at = rows[i].at;
		record->move = rows[i].move;
		memcpy(before, w.shared, sizeof(before));
		check_row(rows[i].what, "outcome", moat_journal_resume(&w.back),
			  rows[i].want < 0 ? rows[i].want : 0);
		check_row(rows[i].what, "responses", w.shared->rsp_prod - 7, rows[i].want == 1);
		check_row(rows[i].what, "index to take", w.back.cons - 7, rows[i].want == 1);
		check_row(rows[i].what, "index shown", w.back.pushed - 7, rows[i].want == 1);
		if (rows[i].want != 1)
			assert_memory_equal(before, w.shared, sizeof(before));
		destroy();
	}
}

/* More requests than the ring has slots are not counted on. */
static void false_index(void **unused)
{
	(void)unused;
	create(MOAT_LAYOUT_64, 1, 0);
	begin();
	moat_journal_record(&w.back)->at = 0;
	moat_journal_record(&w.back)->move = MOAT_JOURNAL_STAYS;
	w.shared->req_prod = 33;
	moat_ring_serve(&w.back, w.shared, MOAT_LAYOUT_64, 1);
	assert_int_equal(moat_journal_resume(&w.back), -EPROTO);
	w.shared->req_prod = 32;
	assert_int_equal(moat_journal_resume(&w.back), 0);
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_of_the_record),
		cmocka_unit_test(each_store),
		cmocka_unit_test(lives),
		cmocka_unit_test(in_order),
		cmocka_unit_test(notify),
		cmocka_unit_test(no_record),
		cmocka_unit_test(record_of_before),
		cmocka_unit_test(false_record),
		cmocka_unit_test(false_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
