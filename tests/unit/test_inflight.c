/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The in-flight table: only what was asked, once, is believed.
 */
#include "test.h"

#include "core/inflight.h"
#include "core/ring.h"

#define TAGS 4u

/* As the toolstack's side and Linux have it: order 4. */
#define MAX_RING_PAGES 16u

/* One slot more than the table may use, to see that it does not. */
struct fixture {
	struct moat_inflight_slot slots[TAGS + 1];
	struct moat_inflight t;
};

static struct fixture fresh(void)
{
	struct fixture f;

	memset(&f, 0x55, sizeof(f));
	return f;
}

/* The table points into the fixture, so it is set up where it stays. */
#define SETUP(f) \
	struct fixture f = fresh(); \
	moat_inflight_init(&(f).t, (f).slots, TAGS)

/* Issue a request, which is given the tag @want. */
static u64 issue(struct moat_inflight *t, u32 want, u8 op)
{
	u32 tag = 99;
	u64 id = 0;

	assert_int_equal(moat_inflight_issue(t, op, &tag, &id), 0);
	assert_int_equal(tag, want);
	return id;
}

/* The same, all tags below it being in flight, too. */
static u64 issue_to(struct moat_inflight *t, u32 last, u8 op)
{
	u32 tag;

	for (tag = 0; tag < last; tag++)
		issue(t, tag, MOAT_OP_FLUSH);
	return issue(t, last, op);
}

static int match_status(struct moat_inflight *t, u64 id, u8 op, s16 status, u32 *tag)
{
	struct moat_response rsp = { .id = id, .op = op, .status = status };

	return moat_inflight_match(t, &rsp, tag);
}

static int match(struct moat_inflight *t, u64 id, u8 op, u32 *tag)
{
	return match_status(t, id, op, MOAT_RSP_OKAY, tag);
}

static void answered_once(void **unused)
{
	SETUP(f);
	u32 tag = 99;
	u64 id;

	(void)unused;
	id = issue_to(&f.t, 2, MOAT_OP_WRITE);
	assert_int_equal(f.t.count, 3);
	assert_int_equal(match(&f.t, id, MOAT_OP_WRITE, &tag), 0);
	assert_int_equal(tag, 2);
	assert_int_equal(f.t.count, 2);

	tag = 99;
	assert_int_equal(match(&f.t, id, MOAT_OP_WRITE, &tag), -EPROTO);
	assert_int_equal(tag, 99);
	assert_int_equal(f.t.count, 2);
}

static void stale_id(void **unused)
{
	SETUP(f);
	u32 tag = 99;
	u64 old, id;

	(void)unused;
	old = issue(&f.t, 0, MOAT_OP_READ);
	assert_int_equal(match(&f.t, old, MOAT_OP_READ, &tag), 0);
	id = issue(&f.t, 0, MOAT_OP_READ);
	assert_true(id != old);
	tag = 99;
	assert_int_equal(match(&f.t, old, MOAT_OP_READ, &tag), -EPROTO);
	assert_int_equal(tag, 99);
	assert_int_equal(match(&f.t, id, MOAT_OP_READ, &tag), 0);
	assert_int_equal(tag, 0);
}

/* What the table refuses leaves the request in flight. */
static void wrong_responses(void **unused)
{
	SETUP(f);
	u32 i, tag = 99;
	u64 id = issue_to(&f.t, 1, MOAT_OP_WRITE);
	const struct {
		const char *name;
		u64 id;
		u8 op;
	} rows[] = {
		{ "tag never issued", id ^ 3, MOAT_OP_WRITE },
		{ "tag out of range", (id & ~0xffffull) | TAGS, MOAT_OP_WRITE },
		{ "largest tag", id | 0xffff, MOAT_OP_WRITE },
		{ "use one less", id - (1 << 16), MOAT_OP_WRITE },
		{ "use one more", id + (1 << 16), MOAT_OP_WRITE },
		{ "top bit", id | 1ull << 63, MOAT_OP_WRITE },
		{ "bit above the use", id | 1ull << 48, MOAT_OP_WRITE },
		{ "just the tag", 1, MOAT_OP_WRITE },
		{ "all ones", UINT64_MAX, MOAT_OP_WRITE },
		{ "operation not asked", id, MOAT_OP_READ },
		{ "operation unknown", id, 200 },
	};

	(void)unused;
	f.slots[TAGS] = f.slots[1];
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		check_row(rows[i].name, "match",
			  match(&f.t, rows[i].id, rows[i].op, &tag), -EPROTO);
		check_row(rows[i].name, "tag", tag, 99);
		check_row(rows[i].name, "count", f.t.count, 2);
	}
	assert_int_equal(match(&f.t, id, MOAT_OP_WRITE, &tag), 0);
	assert_int_equal(tag, 1);
}

/* Only an error that the protocol has is the disk's. */
static void statuses(void **unused)
{
	SETUP(f);
	const struct {
		const char *name;
		s16 status;
		int err;
	} rows[] = {
		{ "okay", MOAT_RSP_OKAY, 0 },
		{ "error", MOAT_RSP_ERROR, 0 },
		{ "not supported", MOAT_RSP_EOPNOTSUPP, 0 },
		{ "just below", MOAT_RSP_EOPNOTSUPP - 1, -EPROTO },
		{ "just above", MOAT_RSP_OKAY + 1, -EPROTO },
		{ "an errno", -5, -EPROTO },
		{ "of a fault", 77, -EPROTO },
		{ "least", INT16_MIN, -EPROTO },
		{ "greatest", INT16_MAX, -EPROTO },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		u64 id = issue(&f.t, 0, MOAT_OP_READ);
		u32 tag = 99;

		check_row(rows[i].name, "match",
			  match_status(&f.t, id, MOAT_OP_READ, rows[i].status, &tag),
			  rows[i].err);
		check_row(rows[i].name, "tag", tag, rows[i].err ? 99 : 0);
		check_row(rows[i].name, "count", f.t.count, rows[i].err ? 1 : 0);
		moat_inflight_withdraw(&f.t, 0);
	}
}

static void wrapped_operation(void **unused)
{
	SETUP(f);
	u32 tag;

	(void)unused;
	assert_int_equal(match(&f.t, issue(&f.t, 0, MOAT_OP_READ),
			       MOAT_OP_INDIRECT, &tag), 0);
	assert_int_equal(match(&f.t, issue(&f.t, 0, MOAT_OP_READ),
			       MOAT_OP_READ, &tag), 0);
}

/* Each tag once, however they come and go; no more than there are. */
static void tags_run_out(void **unused)
{
	SETUP(f);
	u64 id[TAGS], none = 5;
	u32 i, tag = 99;

	(void)unused;
	for (i = 0; i < TAGS; i++)
		id[i] = issue(&f.t, i, MOAT_OP_READ);
	assert_int_equal(moat_inflight_issue(&f.t, MOAT_OP_READ, &tag, &none), -EBUSY);
	assert_int_equal(tag, 99);
	assert_true(none == 5);
	assert_int_equal(f.t.count, TAGS);

	/* The last to come back goes out first. */
	assert_int_equal(match(&f.t, id[1], MOAT_OP_READ, &tag), 0);
	assert_true(moat_inflight_withdraw(&f.t, 3));
	assert_int_equal(match(&f.t, id[0], MOAT_OP_READ, &tag), 0);
	issue(&f.t, 0, MOAT_OP_READ);
	issue(&f.t, 3, MOAT_OP_READ);
	issue(&f.t, 1, MOAT_OP_READ);
	assert_int_equal(moat_inflight_issue(&f.t, MOAT_OP_READ, &tag, &none), -EBUSY);
	assert_int_equal(f.t.count, TAGS);
}

static void no_tags(void **unused)
{
	struct moat_inflight t;
	u32 tag = 99;
	u64 id = 5;

	(void)unused;
	moat_inflight_init(&t, NULL, 0);
	assert_int_equal(moat_inflight_issue(&t, MOAT_OP_READ, &tag, &id), -EBUSY);
	assert_false(moat_inflight_withdraw(&t, 0));
}

static void order_of_issue(void **unused)
{
	SETUP(f);
	u32 tag;
	u64 id;

	(void)unused;
	id = issue(&f.t, 0, MOAT_OP_READ);
	issue(&f.t, 1, MOAT_OP_READ);
	issue(&f.t, 2, MOAT_OP_READ);
	assert_int_equal(match(&f.t, id, MOAT_OP_READ, &tag), 0);
	issue(&f.t, 0, MOAT_OP_READ);
	assert_int_equal(f.t.count, 3);
	assert_true(f.slots[1].order < f.slots[2].order);
	assert_true(f.slots[2].order < f.slots[0].order);
	assert_true(f.t.issued == 4);
}

static void withdraw(void **unused)
{
	SETUP(f);
	u32 tag = 99;
	u64 old = issue_to(&f.t, 2, MOAT_OP_WRITE), id;

	(void)unused;
	assert_true(moat_inflight_withdraw(&f.t, 2));
	assert_int_equal(f.t.count, 2);
	assert_false(moat_inflight_withdraw(&f.t, 2));
	assert_false(moat_inflight_withdraw(&f.t, 3));
	assert_false(moat_inflight_withdraw(&f.t, TAGS));
	assert_int_equal(f.t.count, 2);

	/* The next connection's answer counts, the old one's does not. */
	id = issue(&f.t, 2, MOAT_OP_WRITE);
	assert_int_equal(match(&f.t, old, MOAT_OP_WRITE, &tag), -EPROTO);
	assert_int_equal(match(&f.t, id, MOAT_OP_WRITE, &tag), 0);
	assert_int_equal(tag, 2);
}

/* A use count at its end wraps; it does not reach into another tag's bits. */
static void use_wraps(void **unused)
{
	SETUP(f);
	u32 tag;
	u64 id;

	(void)unused;
	f.slots[1].use = UINT32_MAX - 1;
	id = issue_to(&f.t, 1, MOAT_OP_READ);
	assert_true(id == (((u64)UINT32_MAX << 16) | 1));
	assert_int_equal(match(&f.t, id, MOAT_OP_READ, &tag), 0);
	id = issue(&f.t, 1, MOAT_OP_READ);
	assert_true(id == 1);
	assert_int_equal(match(&f.t, id, MOAT_OP_READ, &tag), 0);
	assert_int_equal(tag, 1);
}

/* A new ring starts with an empty table whatever the old one held. */
static void init_starts_empty(void **unused)
{
	SETUP(f);

	(void)unused;
	issue_to(&f.t, 2, MOAT_OP_READ);
	f.t.issued = 8;
	f.t.size = 1;
	moat_inflight_init(&f.t, f.slots, TAGS);
	assert_ptr_equal(f.t.slots, f.slots);
	assert_int_equal(f.t.size, TAGS);
	assert_int_equal(f.t.count, 0);
	assert_true(f.t.issued == 0);
	issue_to(&f.t, TAGS - 1, MOAT_OP_READ);
}

/* Ids tell as many tags apart as there may be; the largest ring has far fewer slots. */
static void every_tag_has_an_id(void **unused)
{
	u32 size = 1u << MOAT_INFLIGHT_TAG_BITS, tag, got = 0;
	struct moat_inflight_slot *slots = calloc(size, sizeof(*slots));
	u64 *id = calloc(size, sizeof(*id));
	struct moat_inflight t;

	(void)unused;
	assert_true(slots && id);
	assert_true(moat_ring_slots(MOAT_LAYOUT_32, MAX_RING_PAGES) <= size / 16);
	assert_true(moat_ring_slots(MOAT_LAYOUT_64, MAX_RING_PAGES) <= size / 16);
	moat_inflight_init(&t, slots, size);
	for (tag = 0; tag < size; tag++)
		id[tag] = issue(&t, tag, MOAT_OP_READ);
	for (tag = size; tag--; )
		if (match(&t, id[tag], MOAT_OP_READ, &got) || got != tag)
			fail_msg("tag %u is taken for %u", tag, got);
	assert_int_equal(t.count, 0);
	free(slots);
	free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered_once),
		cmocka_unit_test(stale_id),
		cmocka_unit_test(wrong_responses),
		cmocka_unit_test(statuses),
		cmocka_unit_test(wrapped_operation),
		cmocka_unit_test(tags_run_out),
		cmocka_unit_test(no_tags),
		cmocka_unit_test(order_of_issue),
		cmocka_unit_test(withdraw),
		cmocka_unit_test(use_wraps),
		cmocka_unit_test(init_starts_empty),
		cmocka_unit_test(every_tag_has_an_id),
	};

	return cmocka_run_group_tests_name("inflight", tests, NULL, NULL);
}
