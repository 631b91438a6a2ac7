/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back end announces: what is believed, clipped, refused.
 */
#include "test.h"

#include <string.h>

#include "core/announce.h"

#define SEGS 64u

static const struct moat_announce plain = {
	.sectors = 2048, .sector_size = 512,
};

static void defaults(void **unused)
{
	struct moat_traits t;

	(void)unused;
	assert_null(moat_announce_check(&plain, SEGS, &t));
	assert_int_equal(t.capacity, 2048);
	assert_int_equal(t.block_size, 512);
	assert_int_equal(t.physical_size, 512);
	assert_int_equal(t.granularity, 512);
	assert_int_equal(t.alignment, 0);
	assert_int_equal(t.max_segs, MOAT_WIRE_SEGS);
	assert_int_equal(t.flush, MOAT_FLUSH_NONE);
	assert_false(t.readonly || t.removable || t.discard ||
		     t.secure_discard || t.persistent);
}

static void features(void **unused)
{
	const struct moat_announce a = {
		.sectors = 2048, .sector_size = 512, .physical_size = 4096,
		.info = MOAT_INFO_READONLY | MOAT_INFO_REMOVABLE,
		.flush = 1, .barrier = 1, .discard = 1, .discard_secure = 1,
		.discard_granularity = 65536, .discard_alignment = 1024,
		.persistent = 1,
	};
	struct moat_traits t;

	(void)unused;
	assert_null(moat_announce_check(&a, SEGS, &t));
	assert_int_equal(t.physical_size, 4096);
	assert_int_equal(t.granularity, 65536);
	assert_int_equal(t.alignment, 1024);
	assert_int_equal(t.flush, MOAT_FLUSH_CACHE);
	assert_true(t.readonly && t.removable && t.discard &&
		    t.secure_discard && t.persistent);
}

/* Of two features each works only where the other is as it should be. */
static void combinations(void **unused)
{
	struct moat_announce a = plain;
	struct moat_traits t;

	(void)unused;
	a.barrier = 1;
	a.discard_secure = 1;
	a.discard_granularity = 1;
	a.physical_size = 2048;
	assert_null(moat_announce_check(&a, SEGS, &t));
	assert_int_equal(t.flush, MOAT_FLUSH_BARRIER);
	assert_false(t.discard || t.secure_discard);

	a.discard_granularity = 0;
	a.discard = 1;
	assert_null(moat_announce_check(&a, SEGS, &t));
	assert_true(t.discard && t.secure_discard);
	assert_int_equal(t.granularity, 2048);
}

static void segments(void **unused)
{
	static const struct {
		const char *name;
		u64 offered;
		u32 wanted, want;
	} rows[] = {
		{ "none offered", 0, SEGS, MOAT_WIRE_SEGS },
		{ "a slot's worth", MOAT_WIRE_SEGS, SEGS, MOAT_WIRE_SEGS },
		{ "one more", MOAT_WIRE_SEGS + 1, SEGS, MOAT_WIRE_SEGS + 1 },
		{ "as wanted", SEGS, SEGS, SEGS },
		{ "more than wanted", SEGS + 1, SEGS, SEGS },
		{ "absurd", UINT64_MAX, SEGS, SEGS },
		{ "wraps in 32 bits", 1ull << 32, SEGS, SEGS },
		{ "none wanted", 256, MOAT_WIRE_SEGS, MOAT_WIRE_SEGS },
	};
	struct moat_traits t;
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_announce a = plain;

		a.max_indirect = rows[i].offered;
		assert_null(moat_announce_check(&a, rows[i].wanted, &t));
		check_row(rows[i].name, "segments", t.max_segs, rows[i].want);
	}
}

static void refusals(void **unused)
{
	static const struct {
		struct moat_announce a;
		const char *why;	/* begins so; NULL: not refused */
	} rows[] = {
		{ { .sectors = 8, .sector_size = 4096 }, NULL },
		{ { .sectors = MOAT_CAPACITY_MAX, .sector_size = 512 }, NULL },
		{ { .sectors = 8, .sector_size = 512, .physical_size = MOAT_HINT_MAX }, NULL },
		{ { .sectors = 8 }, "sector-size" },
		{ { .sectors = 8, .sector_size = 256 }, "sector-size" },
		{ { .sectors = 8, .sector_size = 8192 }, "sector-size" },
		{ { .sectors = 8, .sector_size = 1536 }, "sector-size" },
		{ { .sectors = 8, .sector_size = 1ull << 41 }, "sector-size" },
		{ { .sectors = 8, .sector_size = 4096, .physical_size = 512 },
		  "physical-sector-size" },
		{ { .sectors = 8, .sector_size = 512, .physical_size = 1536 },
		  "physical-sector-size" },
		{ { .sectors = 8, .sector_size = 512, .physical_size = MOAT_HINT_MAX * 2 },
		  "physical-sector-size" },
		{ { .sector_size = 512 }, "sectors is 0" },
		{ { .sectors = MOAT_CAPACITY_MAX + 1, .sector_size = 512 },
		  "sectors is beyond" },
		{ { .sectors = 9, .sector_size = 1024 }, "sectors is not" },
		{ { .sectors = 8, .sector_size = 512, .info = MOAT_INFO_CDROM },
		  "it is a CD-ROM" },
		{ { .sectors = 8, .sector_size = 512, .discard = 1,
		    .discard_granularity = 513 }, "discard-granularity" },
		{ { .sectors = 8, .sector_size = 512, .discard = 1,
		    .discard_granularity = MOAT_HINT_MAX + 512 }, "discard-granularity" },
		{ { .sectors = 8, .sector_size = 512, .discard = 1,
		    .discard_alignment = 1 }, "discard-alignment" },
		{ { .sectors = 8, .sector_size = 512, .discard = 1,
		    .discard_alignment = MOAT_HINT_MAX + 512 }, "discard-alignment" },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_traits t = { .capacity = 7 };
		const char *why = moat_announce_check(&rows[i].a, SEGS, &t);

		if (!rows[i].why) {
			check_row("allowed", "refusal", why != NULL, 0);
			continue;
		}
		check_row(rows[i].why, "refusal", why != NULL, 1);
		assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
		check_row(rows[i].why, "capacity", t.capacity, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(features),
		cmocka_unit_test(combinations),
		cmocka_unit_test(segments),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
