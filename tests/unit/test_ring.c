/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring: one end against the other, each against Xen's own macros, each
 * against a peer that writes what it likes; with indices from 0 and over the
 * end of 32 bits.
 */
#include "test.h"

#include <string.h>

#include "abi.h"
#include "core/ring.h"

static const struct abi *const abis[] = { &abi_64, &abi_32 };
static const u32 starts[] = { 0, 1, 0x7ffffff0, 0xffffffe0, 0xffffffff };

struct pair {
	struct moat_sring *shared;
	struct moat_ring front, back;
};

/* A ring of its exact size on the heap, so that ASan sees the smallest step
 * over its end; both ends have come as far as @start.
 */
static struct pair pair_create(enum moat_layout layout, u32 pages, u32 start)
{
	struct pair p;

	p.shared = malloc(pages * 4096);
	assert_non_null(p.shared);
	memset(p.shared, 0x5a, pages * 4096);
	moat_ring_create(&p.front, p.shared, layout, pages);
	moat_ring_attach(&p.front, p.shared, layout, pages, start, start);
	moat_ring_attach(&p.back, p.shared, layout, pages, start, start);
	p.shared->req_prod = start;
	p.shared->rsp_prod = start;
	p.shared->req_event = start + 1;
	p.shared->rsp_event = start + 1;
	return p;
}

static void pair_destroy(struct pair *p)
{
	free(p->shared);
}

static void put_requests(struct moat_ring *front, u32 n)
{
	struct moat_request req = { .op = MOAT_OP_FLUSH };

	while (n--) {
		req.id = 0xabcd00000000ull + front->prod;
		moat_ring_put_request(front, &req);
	}
}

static void take_requests(struct moat_ring *back, u32 n)
{
	struct moat_request req;

	while (n--) {
		u64 want = 0xabcd00000000ull + back->cons;

		moat_ring_take_request(back, &req);
		assert_true(req.id == want);
		assert_int_equal(req.op, MOAT_OP_FLUSH);
	}
}

static void put_responses(struct moat_ring *back, u32 n)
{
	struct moat_response rsp = { .op = MOAT_OP_FLUSH,
				     .status = MOAT_RSP_ERROR };

	while (n--) {
		rsp.id = 0xef0000000000ull + back->prod;
		moat_ring_put_response(back, &rsp);
	}
}

static void take_responses(struct moat_ring *front, u32 n)
{
	struct moat_response rsp;

	while (n--) {
		u64 want = 0xef0000000000ull + front->cons;

		moat_ring_take_response(front, &rsp);
		assert_true(rsp.id == want);
		assert_int_equal(rsp.op, MOAT_OP_FLUSH);
		assert_int_equal(rsp.status, MOAT_RSP_ERROR);
	}
}

static void sizes(void **unused)
{
	u32 k, pages;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++) {
		check_row(abis[k]->name, "head", MOAT_SRING_HEAD,
			  abis[k]->head_size);
		for (pages = 1; pages <= 16; pages++) {
			u32 n = moat_ring_slots(abis[k]->layout, pages);

			check_row(abis[k]->name, "slots", n,
				  abis[k]->slots(pages));
			assert_true(MOAT_SRING_HEAD + n * abis[k]->slot_size <=
				    pages * 4096);
		}
	}
	assert_int_equal(sizeof(struct moat_sring), MOAT_SRING_HEAD);
	assert_int_equal(offsetof(struct moat_sring, slots), MOAT_SRING_HEAD);
	assert_int_equal(moat_ring_slots(MOAT_LAYOUT_64, 1), 32);
}

/* Every byte of a slot arrives, in either layout, in every slot. */
static void whole_slots(void **unused)
{
	struct moat_request req, got;
	u32 k, i;

	(void)unused;
	for (k = 0; k < 2 * MOAT_ARRAY_SIZE(abis); k++) {
		struct pair p = pair_create(abis[k / 2]->layout, 1 + k % 2, 0);

		memset(&req, 0, sizeof(req));
		req.op = MOAT_OP_WRITE;
		req.nr_segs = MOAT_WIRE_SEGS;
		for (i = 0; i < p.front.size; i++) {
			u32 n;

			req.id = ~(u64)i;
			for (n = 0; n < MOAT_WIRE_SEGS; n++)
				req.seg[n] = (struct moat_seg){ 0xa5000000 + 16 * i + n, n, 7 };
			moat_ring_put_request(&p.front, &req);
			moat_ring_take_request(&p.back, &got);
			assert_memory_equal(&got, &req, sizeof(req));
		}
		pair_destroy(&p);
	}
}

/* A fresh ring is all zeroes but for the two event indices. */
static void create(void **unused)
{
	struct moat_ring ring, again;
	u8 *page = malloc(8192);
	u32 i;

	(void)unused;
	assert_non_null(page);
	memset(page, 0x5a, 8192);
	moat_ring_create(&ring, page, MOAT_LAYOUT_32, 2);
	assert_int_equal(ring.shared->req_event, 1);
	assert_int_equal(ring.shared->rsp_event, 1);
	ring.shared->req_event = 0;
	ring.shared->rsp_event = 0;
	for (i = 0; i < 8192; i++)
		assert_int_equal(page[i], 0);
	assert_int_equal(ring.size, 64);
	assert_int_equal(ring.slot_size, 108);
	assert_int_equal(ring.layout, MOAT_LAYOUT_32);
	assert_int_equal(ring.prod | ring.pushed | ring.cons, 0);

	moat_ring_attach(&again, page, MOAT_LAYOUT_64, 2, 9, 7);
	assert_ptr_equal(again.shared, page);
	assert_int_equal(again.slot_size, 112);
	assert_int_equal(again.prod, 9);
	assert_int_equal(again.pushed, 9);
	assert_int_equal(again.cons, 7);
	free(page);
}

/* Full and empty again, four times round, in order, nothing overwritten. */
static void round_and_round(struct pair *p)
{
	u32 i, count, n = p->front.size;

	for (i = 0; i < 4; i++) {
		assert_int_equal(moat_ring_front_room(&p->front), n);
		put_requests(&p->front, n);
		assert_int_equal(moat_ring_front_room(&p->front), 0);
		assert_int_equal(moat_ring_requests(&p->back, &count), 0);
		assert_int_equal(count, 0);
		moat_ring_push_requests(&p->front);
		assert_int_equal(moat_ring_requests(&p->back, &count), 0);
		assert_int_equal(count, n);
		take_requests(&p->back, n);
		assert_int_equal(moat_ring_requests(&p->back, &count), 0);
		assert_int_equal(count, 0);

		put_responses(&p->back, n);
		assert_int_equal(moat_ring_responses(&p->front, &count), 0);
		assert_int_equal(count, 0);
		moat_ring_push_responses(&p->back);
		assert_int_equal(moat_ring_responses(&p->front, &count), 0);
		assert_int_equal(count, n);
		take_responses(&p->front, n - 1);
		assert_int_equal(moat_ring_front_room(&p->front), n - 1);
		take_responses(&p->front, 1);
		assert_int_equal(moat_ring_responses(&p->front, &count), 0);
		assert_int_equal(count, 0);
	}
}

static void wrap_around(void **unused)
{
	u32 i, k, pages;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++)
		for (pages = 1; pages <= 16; pages *= 2)
			for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++) {
				struct pair p = pair_create(abis[k]->layout,
							    pages, starts[i]);

				round_and_round(&p);
				pair_destroy(&p);
			}
}

/* Exactly when the producer steps over the event index, by counting. */
static void crosses_by_counting(void **unused)
{
	u32 i, len, step;
	s32 event;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (len = 0; len <= 33; len++)
			for (event = -40; event <= 80; event++) {
				bool want = false;

				for (step = 1; step <= len; step++)
					want |= (s32)step == event;
				assert_int_equal(
					moat_ring_crosses(starts[i],
							  starts[i] + len,
							  starts[i] +
							  (u32)event), want);
			}
}

/* Notify exactly when asked, in both directions, as Xen's macros do. */
static void notify_as_xen(void **unused)
{
	u32 i, n;
	s32 event;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (n = 1; n <= 32; n++)
			for (event = -2; event <= 34; event++) {
				struct pair p = pair_create(MOAT_LAYOUT_64, 1,
							    starts[i]);
				struct abi_end xen = { p.shared, starts[i] + n,
						       starts[i], 32 };
				bool want = event >= 1 && (u32)event <= n;

				p.shared->req_event = starts[i] + (u32)event;
				p.shared->rsp_event = starts[i] + (u32)event;
				put_requests(&p.front, n);
				assert_int_equal(
					moat_ring_push_requests(&p.front),
					want);
				assert_int_equal(p.shared->req_prod,
						 starts[i] + n);
				take_requests(&p.back, n);
				put_responses(&p.back, n);
				assert_int_equal(
					moat_ring_push_responses(&p.back),
					want);
				assert_int_equal(p.shared->rsp_prod,
						 starts[i] + n);

				p.shared->req_prod = starts[i];
				p.shared->rsp_prod = starts[i];
				assert_int_equal(abi_64.front_push(&xen), want);
				assert_int_equal(abi_64.back_push(&xen), want);
				pair_destroy(&p);
			}
}

/* What is already shown is not shown, nor announced, again. */
static void push_of_nothing(void **unused)
{
	struct pair p = pair_create(MOAT_LAYOUT_64, 1, 5);

	(void)unused;
	put_requests(&p.front, 1);
	assert_true(moat_ring_push_requests(&p.front));
	assert_false(moat_ring_push_requests(&p.front));
	take_requests(&p.back, 1);
	put_responses(&p.back, 1);
	assert_true(moat_ring_push_responses(&p.back));
	assert_false(moat_ring_push_responses(&p.back));

	/* Nor is a peer's scribble over it mended, nor believed. */
	p.shared->req_prod = 77;
	p.shared->rsp_prod = 78;
	assert_false(moat_ring_push_requests(&p.front));
	assert_false(moat_ring_push_responses(&p.back));
	assert_int_equal(p.shared->req_prod, 77);
	assert_int_equal(p.shared->rsp_prod, 78);
	pair_destroy(&p);
}

/* The index a producer steps from is its own, not what the peer left there. */
static void push_ignores_scribble(void **unused)
{
	struct pair p = pair_create(MOAT_LAYOUT_64, 1, 100);

	(void)unused;
	p.shared->req_prod = 90;
	p.shared->req_event = 95;
	put_requests(&p.front, 1);
	assert_false(moat_ring_push_requests(&p.front));
	assert_int_equal(p.shared->req_prod, 101);
	take_requests(&p.back, 1);
	p.shared->rsp_prod = 90;
	p.shared->rsp_event = 95;
	put_responses(&p.back, 1);
	assert_false(moat_ring_push_responses(&p.back));
	assert_int_equal(p.shared->rsp_prod, 101);
	pair_destroy(&p);
}

static void arm_and_look_again(void **unused)
{
	u32 i, count;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++) {
		struct pair p = pair_create(MOAT_LAYOUT_64, 1, starts[i]);

		/* Nothing there: the very next one is announced, once. */
		count = 99;
		assert_int_equal(moat_ring_arm_requests(&p.back, &count), 0);
		assert_int_equal(count, 0);
		put_requests(&p.front, 1);
		assert_true(moat_ring_push_requests(&p.front));
		put_requests(&p.front, 1);
		assert_false(moat_ring_push_requests(&p.front));

		/* Came before the arming: seen by the second look. */
		take_requests(&p.back, 2);
		put_requests(&p.front, 2);
		assert_false(moat_ring_push_requests(&p.front));
		assert_int_equal(moat_ring_arm_requests(&p.back, &count), 0);
		assert_int_equal(count, 2);
		take_requests(&p.back, 2);

		count = 99;
		assert_int_equal(moat_ring_arm_responses(&p.front, &count), 0);
		assert_int_equal(count, 0);
		put_responses(&p.back, 1);
		assert_true(moat_ring_push_responses(&p.back));
		put_responses(&p.back, 1);
		assert_false(moat_ring_push_responses(&p.back));
		take_responses(&p.front, 2);
		put_responses(&p.back, 2);
		assert_false(moat_ring_push_responses(&p.back));
		assert_int_equal(moat_ring_arm_responses(&p.front, &count), 0);
		assert_int_equal(count, 2);
		pair_destroy(&p);
	}
}

/* Disarmed, the ring stays silent for as long as it can be filled. */
static void disarmed_is_silent(void **unused)
{
	u32 i, k, n;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (n = 1; n <= 32; n++) {
			struct pair p = pair_create(MOAT_LAYOUT_64, 1,
						    starts[i]);

			moat_ring_disarm_requests(&p.back);
			moat_ring_disarm_responses(&p.front);
			for (k = 0; k < 5; k++) {
				put_requests(&p.front, n);
				assert_false(moat_ring_push_requests(&p.front));
				take_requests(&p.back, n);
				put_responses(&p.back, n);
				assert_false(moat_ring_push_responses(&p.back));
				take_responses(&p.front, n);
			}
			pair_destroy(&p);
		}
}

/*
 * A producer shows its index first and looks at the event index afterwards. A
 * fast consumer may take all of it and disarm in between: that is no wish to
 * be woken either. Whatever part of old..new it has taken, whatever it had
 * not yet answered.
 */
static void disarm_during_a_push(void **unused)
{
	u32 i, n, taken;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (n = 1; n <= 32; n++)
			for (taken = 0; taken <= n; taken++) {
				u32 old = starts[i], new = old + n;
				struct pair p = pair_create(MOAT_LAYOUT_64, 1,
							    old);

				p.back.cons = old + taken;
				p.front.cons = old + taken;
				moat_ring_disarm_requests(&p.back);
				moat_ring_disarm_responses(&p.front);
				assert_false(moat_ring_crosses(
					old, new, p.shared->req_event));
				assert_false(moat_ring_crosses(
					old, new, p.shared->rsp_event));
				pair_destroy(&p);
			}
}

static void hostile_response_index(void **unused)
{
	static const struct {
		s32 claim;
		bool good;
	} rows[] = {
		{ 0, true }, { 1, true }, { 3, true }, { 4, false },
		{ 5, false }, { 6, false }, { 32, false }, { 33, false },
		{ -1, false }, { -32, false }, { INT32_MAX, false },
		{ INT32_MIN, false },
	};
	u32 i, k;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (k = 0; k < MOAT_ARRAY_SIZE(rows); k++) {
			struct pair p = pair_create(MOAT_LAYOUT_64, 1,
						    starts[i]);
			int want = rows[k].good ? 0 : -EPROTO;
			u32 count = 99;

			/* Five put, but the peer was shown only three. */
			put_requests(&p.front, 3);
			moat_ring_push_requests(&p.front);
			put_requests(&p.front, 2);
			p.shared->rsp_prod = starts[i] + (u32)rows[k].claim;
			assert_int_equal(moat_ring_responses(&p.front, &count),
					 want);
			assert_int_equal(count, rows[k].good ?
					 (u32)rows[k].claim : 99);
			count = 99;
			assert_int_equal(moat_ring_arm_responses(&p.front,
								 &count), want);
			assert_int_equal(count, rows[k].good ?
					 (u32)rows[k].claim : 99);
			pair_destroy(&p);
		}
}

static void hostile_request_index(void **unused)
{
	static const struct {
		u32 taken, answered;
		s32 claim;	/* ahead of what was taken */
		bool good;
	} rows[] = {
		{ 0, 0, 0, true }, { 0, 0, 32, true }, { 0, 0, 33, false },
		{ 0, 0, -1, false }, { 0, 0, INT32_MAX, false },
		{ 0, 0, INT32_MIN, false },
		{ 10, 0, 22, true }, { 10, 0, 23, false },
		{ 10, 0, -1, false }, { 10, 0, -10, false },
		{ 10, 4, 26, true }, { 10, 4, 27, false },
		{ 32, 0, 0, true }, { 32, 0, 1, false },
		{ 32, 1, 1, true }, { 32, 1, 2, false },
		{ 32, 32, 32, true }, { 32, 32, 33, false },
	};
	u32 i, k;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++)
		for (k = 0; k < MOAT_ARRAY_SIZE(rows); k++) {
			struct pair p = pair_create(MOAT_LAYOUT_64, 1,
						    starts[i]);
			int want = rows[k].good ? 0 : -EPROTO;
			u32 count = 99;

			put_requests(&p.front, rows[k].taken);
			take_requests(&p.back, rows[k].taken);
			put_responses(&p.back, rows[k].answered);
			p.shared->req_prod = p.back.cons + (u32)rows[k].claim;
			assert_int_equal(moat_ring_requests(&p.back, &count),
					 want);
			assert_int_equal(count, rows[k].good ?
					 (u32)rows[k].claim : 99);
			count = 99;
			assert_int_equal(moat_ring_arm_requests(&p.back,
								&count), want);
			assert_int_equal(count, rows[k].good ?
					 (u32)rows[k].claim : 99);
			pair_destroy(&p);
		}
}

/* The hint says what the look that decides would say. */
static void peek(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(starts); i++) {
		struct pair p = pair_create(MOAT_LAYOUT_64, 1, starts[i]);

		assert_false(moat_ring_peek_responses(&p.front));
		put_requests(&p.front, 2);
		moat_ring_push_requests(&p.front);
		take_requests(&p.back, 2);
		put_responses(&p.back, 2);
		assert_false(moat_ring_peek_responses(&p.front));
		moat_ring_push_responses(&p.back);
		assert_true(moat_ring_peek_responses(&p.front));
		take_responses(&p.front, 1);
		assert_true(moat_ring_peek_responses(&p.front));
		take_responses(&p.front, 1);
		assert_false(moat_ring_peek_responses(&p.front));
		pair_destroy(&p);
	}
}

/* The slots lie side by side behind the head, none beyond the end. */
static void slots_do_not_overlap(void **unused)
{
	u32 i, k, pages;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++)
		for (pages = 1; pages <= 16; pages *= 2) {
			struct pair p = pair_create(abis[k]->layout, pages, 0);
			u8 *base = (u8 *)p.shared;

			for (i = 0; i < 3 * p.front.size; i++)
				assert_ptr_equal(
					moat_ring_slot(&p.front, i), base +
					MOAT_SRING_HEAD + i % p.front.size *
					abis[k]->slot_size);
			pair_destroy(&p);
		}
}

/*
 * A conversation of random steps with Xen's own macros at the other end. The
 * sleeper is woken whenever there is something for it, or it did not sleep.
 */
static void moat_front_xen_back(const struct abi *a, u32 pages)
{
	u8 *page = malloc(pages * 4096);
	u64 seed = 42, asked = 0, served = 0, answered = 0;
	bool asleep = false;
	struct moat_ring front;
	struct abi_end back;
	u32 i, count;

	assert_non_null(page);
	moat_ring_create(&front, page, a->layout, pages);
	a->back_init(&back, page, pages);
	assert_int_equal(front.size, back.slots);
	for (i = 0; i < 20000; i++) {
		struct moat_request req = { .op = MOAT_OP_WRITE, .nr_segs = 1,
					    .seg = { { 7, 1, 2 } } };
		struct moat_response rsp = { .op = MOAT_OP_WRITE };
		u32 n = test_random(&seed) % (front.size + 1);

		if (n > moat_ring_front_room(&front))
			n = moat_ring_front_room(&front);
		while (n--) {
			req.id = asked++;
			moat_ring_put_request(&front, &req);
		}
		if (moat_ring_push_requests(&front))
			asleep = false;
		assert_false(asleep && served != asked);
		n = test_random(&seed) % (front.size + 1);
		for (; n && served != asked; n--) {
			a->back_take(&back, &req);
			assert_true(req.id == served++);
			assert_int_equal(req.nr_segs, 1);
			rsp.id = req.id;
			a->back_put(&back, &rsp);
		}
		a->back_push(&back);
		asleep = !a->back_final_check(&back);
		assert_int_equal(asleep, served == asked);
		assert_int_equal(moat_ring_responses(&front, &count), 0);
		assert_int_equal(count, served - answered);
		while (count--) {
			moat_ring_take_response(&front, &rsp);
			assert_true(rsp.id == answered++);
		}
	}
	assert_true(answered > 20000);
	free(page);
}

static void xen_front_moat_back(const struct abi *a, u32 pages)
{
	u8 *page = malloc(pages * 4096);
	u64 seed = 43, asked = 0, served = 0, answered = 0;
	bool asleep = false;
	struct moat_ring back;
	struct abi_end front;
	u32 i, count;

	assert_non_null(page);
	a->front_init(&front, page, pages);
	moat_ring_attach(&back, page, a->layout, pages, 0, 0);
	for (i = 0; i < 20000; i++) {
		struct moat_request req = { .op = MOAT_OP_DISCARD,
					    .nr_sectors = 8 };
		struct moat_response rsp = { .op = MOAT_OP_DISCARD };
		u32 n = test_random(&seed) % (back.size + 1);

		for (; n && asked - answered < back.size; n--) {
			req.id = asked++;
			a->front_put(&front, &req);
		}
		a->front_push(&front);
		assert_int_equal(moat_ring_arm_requests(&back, &count), 0);
		assert_int_equal(count, asked - served);
		n = test_random(&seed) % (back.size + 1);
		for (; n && count; n--, count--) {
			moat_ring_take_request(&back, &req);
			assert_true(req.id == served++);
			assert_true(req.nr_sectors == 8);
			rsp.id = req.id;
			moat_ring_put_response(&back, &rsp);
		}
		if (moat_ring_push_responses(&back))
			asleep = false;
		assert_false(asleep && served != answered);
		while (a->front_final_check(&front)) {
			a->front_take(&front, &rsp);
			assert_true(rsp.id == answered++);
		}
		asleep = true;
	}
	assert_true(answered > 20000);
	free(page);
}

static void interop(void **unused)
{
	u32 k, pages;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++)
		for (pages = 1; pages <= 4; pages *= 2) {
			moat_front_xen_back(abis[k], pages);
			xen_front_moat_back(abis[k], pages);
		}
}

/* A second back end goes on where the first one's answers ended. */
static void serve_goes_on(void **unused)
{
	u32 k;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(starts); k++) {
		struct pair p = pair_create(MOAT_LAYOUT_32, 2, starts[k]);
		struct moat_response rsp = { .op = MOAT_OP_FLUSH };
		struct moat_request req;
		struct moat_ring second;
		u32 n = 0;

		put_requests(&p.front, 5);
		moat_ring_push_requests(&p.front);
		take_requests(&p.back, 3);
		moat_ring_put_response(&p.back, &rsp);
		moat_ring_put_response(&p.back, &rsp);
		moat_ring_push_responses(&p.back);

		moat_ring_serve(&second, p.shared, MOAT_LAYOUT_32, 2);
		assert_int_equal(second.size, p.front.size);
		assert_int_equal(second.prod, starts[k] + 2);
		assert_int_equal(second.pushed, starts[k] + 2);
		assert_int_equal(moat_ring_requests(&second, &n), 0);
		assert_int_equal(n, 3);
		moat_ring_take_request(&second, &req);
		assert_true(req.id == 0xabcd00000000ull + (u32)(starts[k] + 2));
		pair_destroy(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(whole_slots),
		cmocka_unit_test(create),
		cmocka_unit_test(wrap_around),
		cmocka_unit_test(crosses_by_counting),
		cmocka_unit_test(notify_as_xen),
		cmocka_unit_test(push_of_nothing),
		cmocka_unit_test(push_ignores_scribble),
		cmocka_unit_test(arm_and_look_again),
		cmocka_unit_test(disarmed_is_silent),
		cmocka_unit_test(disarm_during_a_push),
		cmocka_unit_test(hostile_response_index),
		cmocka_unit_test(hostile_request_index),
		cmocka_unit_test(peek),
		cmocka_unit_test(slots_do_not_overlap),
		cmocka_unit_test(serve_goes_on),
		cmocka_unit_test(interop),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
