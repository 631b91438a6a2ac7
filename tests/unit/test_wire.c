/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format, both layouts, against Xen's public header (abi.c).
 */
#include "test.h"

#include <string.h>

#include "abi.h"
#include "core/wire.h"

#define FILL 0xa5
#define GUARD 16u

static const struct abi *const abis[] = { &abi_64, &abi_32 };

/* Every field its own value, no two bytes of a field alike. */
static const struct {
	const char *name;
	struct moat_request req;
} requests[] = {
	{ "read of nothing", {
		.op = MOAT_OP_READ, .id = 0x0102030405060708,
		.sector = 0x1112131415161718, .handle = 0x2122,
	} },
	{ "read, one segment", {
		.op = MOAT_OP_READ, .id = UINT64_MAX, .sector = 7,
		.handle = 0xca00, .nr_segs = 1,
		.seg = { { 0x31323334, 0, 7 } },
	} },
	{ "write, all segments", {
		.op = MOAT_OP_WRITE, .id = 0xf1f2f3f4f5f6f7f8,
		.sector = 0xe1e2e3e4e5e6e7e8, .handle = 0xffff,
		.nr_segs = MOAT_WIRE_SEGS,
		.seg = {
			{ 0x01020304, 0, 7 }, { 0x11121314, 1, 6 },
			{ 0x21222324, 2, 5 }, { 0x31323334, 3, 4 },
			{ 0x41424344, 4, 3 }, { 0x51525354, 5, 2 },
			{ 0x61626364, 6, 1 }, { 0x71727374, 7, 0 },
			{ 0x81828384, 255, 8 }, { 0x91929394, 8, 255 },
			{ 0xa1a2a3a4, 128, 64 },
		},
	} },
	{ "barrier", {
		.op = MOAT_OP_BARRIER, .id = 1, .sector = 2, .handle = 3,
		.nr_segs = 2, .seg = { { 4, 0, 0 }, { 5, 1, 1 } },
	} },
	{ "flush", { .op = MOAT_OP_FLUSH, .id = 0x8000000000000000 } },
	{ "discard", {
		.op = MOAT_OP_DISCARD, .id = 0x0102030405060708,
		.sector = 0x1112131415161718, .handle = 0x2122,
		.nr_sectors = 0x3132333435363738,
	} },
	{ "secure discard", {
		.op = MOAT_OP_DISCARD, .flag = MOAT_DISCARD_SECURE, .id = 9,
		.sector = 8, .nr_sectors = UINT64_MAX,
	} },
	{ "indirect read", {
		.op = MOAT_OP_READ, .indirect = true, .id = 0x0102030405060708,
		.sector = 0x1112131415161718, .handle = 0x2122, .nr_segs = 1,
		.indirect_gref = { 0x31323334 },
	} },
	{ "indirect write", {
		.op = MOAT_OP_WRITE, .indirect = true, .id = 5, .sector = 6,
		.handle = 0xf0e0, .nr_segs = 4096,
		.indirect_gref = {
			0x01020304, 0x11121314, 0x21222324, 0x31323334,
			0x41424344, 0x51525354, 0x61626364, 0x71727374,
		},
	} },
};

static void check_request(const char *row, const struct moat_request *got,
			  const struct moat_request *want)
{
	u32 i;

	check_row(row, "op", got->op, want->op);
	check_row(row, "id", got->id, want->id);
	check_row(row, "sector", got->sector, want->sector);
	check_row(row, "nr_sectors", got->nr_sectors, want->nr_sectors);
	check_row(row, "flag", got->flag, want->flag);
	check_row(row, "indirect", got->indirect, want->indirect);
	check_row(row, "nr_segs", got->nr_segs, want->nr_segs);
	check_row(row, "handle", got->handle, want->handle);
	for (i = 0; want->indirect && i < MOAT_WIRE_INDIRECT_PAGES; i++)
		check_row(row, "indirect_gref", got->indirect_gref[i],
			  want->indirect_gref[i]);
	for (i = 0; !want->indirect && i < want->nr_segs; i++) {
		check_row(row, "gref", got->seg[i].gref, want->seg[i].gref);
		check_row(row, "first", got->seg[i].first, want->seg[i].first);
		check_row(row, "last", got->seg[i].last, want->seg[i].last);
	}
}

static void numbers(void **unused)
{
#define NUMBER(header, core) { #header, core },
	static const struct {
		const char *name;
		long core;
	} rows[] = { ABI_NUMBERS(NUMBER) };
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++)
		check_row(rows[i].name, "number", rows[i].core, abi_numbers[i]);
	for (i = 0; i < MOAT_ARRAY_SIZE(abis); i++) {
		const struct abi *a = abis[i];

		check_row(a->name, "slot size",
			  moat_wire_slot_size(a->layout), a->slot_size);
		check_row(a->name, "response size",
			  moat_wire_response_size(a->layout), a->response_size);
		check_row(a->name, "segment size",
			  MOAT_WIRE_SEG_SIZE, a->seg_size);
		assert_true(a->slot_size <= MOAT_WIRE_SLOT_MAX);
	}
	assert_int_equal(MOAT_WIRE_SLOT_MAX, abi_64.slot_size);
}

static void decode_requests(void **unused)
{
	u8 raw[MOAT_WIRE_SLOT_MAX];
	struct moat_request got;
	u32 i, k;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++) {
		for (i = 0; i < MOAT_ARRAY_SIZE(requests); i++) {
			memset(raw, FILL, sizeof(raw));
			memset(&got, FILL, sizeof(got));
			abis[k]->put_request(raw, &requests[i].req);
			moat_wire_get_request(abis[k]->layout, raw, &got);
			check_request(requests[i].name, &got, &requests[i].req);
		}
	}
}

static void encode_requests(void **unused)
{
	u8 raw[MOAT_WIRE_SLOT_MAX + GUARD];
	struct moat_request got;
	u32 i, j, k;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++) {
		for (i = 0; i < MOAT_ARRAY_SIZE(requests); i++) {
			memset(raw, FILL, sizeof(raw));
			moat_wire_put_request(abis[k]->layout,
					      &requests[i].req, raw);
			abis[k]->get_request(raw, &got);
			check_request(requests[i].name, &got, &requests[i].req);
			for (j = (u32)abis[k]->slot_size; j < sizeof(raw); j++)
				check_row(requests[i].name, "guard", raw[j],
					  FILL);
		}
	}
}

/* What no front end in its senses sends is still decoded, within bounds. */
static void decode_odd_requests(void **unused)
{
	u8 raw[MOAT_WIRE_SLOT_MAX];
	struct moat_request want = { .op = 77, .id = 0x0102030405060708,
				     .sector = 5, .handle = 6 };
	struct moat_request got;
	u32 k;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++) {
		memset(raw, 0, sizeof(raw));
		abis[k]->put_request(raw, &want);
		moat_wire_get_request(abis[k]->layout, raw, &got);
		check_request("unknown operation", &got, &want);

		raw[0] = MOAT_OP_READ;
		raw[1] = 255;
		moat_wire_get_request(abis[k]->layout, raw, &got);
		check_row("too many segments", "nr_segs", got.nr_segs, 255);
		check_row("too many segments", "id", got.id, want.id);

		/* An indirect request may wrap only a real operation. */
		raw[0] = MOAT_OP_INDIRECT;
		raw[1] = MOAT_OP_INDIRECT;
		moat_wire_get_request(abis[k]->layout, raw, &got);
		check_row("indirect indirect", "indirect", got.indirect, true);
		check_row("indirect indirect", "op", got.op, MOAT_OP_INDIRECT);
	}
}

static void responses(void **unused)
{
	static const struct moat_response rows[] = {
		{ 0, MOAT_OP_READ, MOAT_RSP_OKAY },
		{ 0x0102030405060708, MOAT_OP_DISCARD, MOAT_RSP_EOPNOTSUPP },
		{ UINT64_MAX, 255, MOAT_RSP_ERROR },
		{ 1, MOAT_OP_INDIRECT, INT16_MIN },
		{ 0x8000000000000000, MOAT_OP_FLUSH, 0x1234 },
	};
	u8 raw[MOAT_WIRE_SLOT_MAX];
	struct moat_response got;
	u32 i, j, k;

	(void)unused;
	for (k = 0; k < MOAT_ARRAY_SIZE(abis); k++) {
		for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
			memset(raw, FILL, sizeof(raw));
			moat_wire_put_response(&rows[i], raw);
			for (j = (u32)abis[k]->response_size;
			     j < sizeof(raw); j++)
				assert_int_equal(raw[j], FILL);
			abis[k]->get_response(raw, &got);
			assert_true(got.id == rows[i].id);
			assert_int_equal(got.op, rows[i].op);
			assert_int_equal(got.status, rows[i].status);

			memset(raw, FILL, sizeof(raw));
			abis[k]->put_response(raw, &rows[i]);
			moat_wire_get_response(raw, &got);
			assert_true(got.id == rows[i].id);
			assert_int_equal(got.op, rows[i].op);
			assert_int_equal(got.status, rows[i].status);
		}
	}
}

/* A page of segments is an array of the header's struct. */
static void segments(void **unused)
{
	const struct moat_seg want = { 0x01020304, 5, 6 };
	u8 raw[MOAT_WIRE_SEG_SIZE + GUARD];
	struct moat_seg got;
	u32 i;

	(void)unused;
	memset(raw, FILL, sizeof(raw));
	moat_wire_put_seg(&want, raw);
	assert_int_equal(raw[0], 0x04);
	assert_int_equal(raw[3], 0x01);
	assert_int_equal(raw[4], 5);
	assert_int_equal(raw[5], 6);
	/* The tail of the struct must not carry what memory held before. */
	assert_int_equal(raw[6], 0);
	assert_int_equal(raw[7], 0);
	for (i = MOAT_WIRE_SEG_SIZE; i < sizeof(raw); i++)
		assert_int_equal(raw[i], FILL);
	moat_wire_get_seg(raw, &got);
	assert_int_equal(got.gref, want.gref);
	assert_int_equal(got.first, want.first);
	assert_int_equal(got.last, want.last);
}

static void indirect_pages(void **unused)
{
	static const struct {
		u32 segs;
		u32 pages;
	} rows[] = {
		{ 0, 0 }, { 1, 1 }, { 511, 1 }, { 512, 1 }, { 513, 2 },
		{ 1024, 2 }, { 1025, 3 }, { 4096, 8 }, { 4097, 9 },
		{ 65535, 128 },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++)
		assert_int_equal(moat_wire_indirect_pages(rows[i].segs),
				 rows[i].pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(decode_requests),
		cmocka_unit_test(encode_requests),
		cmocka_unit_test(decode_odd_requests),
		cmocka_unit_test(responses),
		cmocka_unit_test(segments),
		cmocka_unit_test(indirect_pages),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
