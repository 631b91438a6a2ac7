/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back end announces: which disks are refused, and what the others are.
 */
#include "test.h"

#include <string.h>

#include "core/announce.h"

/* A plain disk with one thing changed. */
static struct moat_announce plain(void)
{
	return (struct moat_announce){ .sectors = 1000, .sector_size = 512 };
}

static const struct {
	const char *name;
	struct moat_announce a;
	bool good;
} disks[] = {
	{ "plain", { .sectors = 1000, .sector_size = 512 }, true },
	{ "4096", { .sectors = 1000, .sector_size = 4096 }, true },
	{ "1024", { .sectors = 1000, .sector_size = 1024 }, true },
	{ "no sector size", { .sectors = 1000 }, false },
	{ "256", { .sectors = 1000, .sector_size = 256 }, false },
	{ "8192", { .sectors = 1024, .sector_size = 8192 }, false },
	{ "520", { .sectors = 1000, .sector_size = 520 }, false },
	{ "2^32 + 512", { .sectors = 1000,
			  .sector_size = (1ull << 32) + 512 }, false },
	{ "2^32", { .sectors = 1000, .sector_size = 1ull << 32 },
	  false },
	{ "empty", { .sectors = 0, .sector_size = 512 }, false },
	{ "one sector", { .sectors = 1, .sector_size = 512 }, true },
	{ "largest", { .sectors = (1ull << 54) - 8, .sector_size = 4096 },
	  true },
	{ "larger", { .sectors = (1ull << 54) - 7,
		      .sector_size = 512 }, false },
	{ "2^63 bytes", { .sectors = 1ull << 54, .sector_size = 512 },
	  false },
	{ "all ones", { .sectors = UINT64_MAX, .sector_size = 512 },
	  false },
	{ "half a block", { .sectors = 1004, .sector_size = 4096 },
	  false },
	{ "CD-ROM", { .sectors = 1000, .sector_size = 512,
		      .info = 1 }, false },
	{ "removable, read-only", { .sectors = 1000,
				    .sector_size = 512,
				    .info = 6 }, true },
};

static void refused_or_not(void **unused)
{
	struct moat_traits t, untouched;
	u32 i;

	(void)unused;
	memset(&untouched, 0x5a, sizeof(untouched));
	for (i = 0; i < MOAT_ARRAY_SIZE(disks); i++) {
		const char *why;

		t = untouched;
		why = moat_announce_check(&disks[i].a, 32, &t);
		check_row(disks[i].name, "taken", !why, disks[i].good);
		if (why && memcmp(&t, &untouched, sizeof(t)))
			fail_msg("%s: refused, but written", disks[i].name);
	}
}

static struct moat_traits traits(const struct moat_announce *a, u32 max_segs)
{
	struct moat_traits t;

	memset(&t, 0x5a, sizeof(t));
	assert_null(moat_announce_check(a, max_segs, &t));
	return t;
}

static void nothing_announced(void **unused)
{
	struct moat_announce a = plain();
	struct moat_traits t = traits(&a, 256);

	(void)unused;
	assert_true(t.capacity == 1000);
	assert_int_equal(t.block_size, 512);
	assert_int_equal(t.physical_size, 512);
	assert_int_equal(t.granularity, 512);
	assert_int_equal(t.alignment, 0);
	assert_int_equal(t.max_segs, MOAT_WIRE_SEGS);
	assert_int_equal(t.flush, MOAT_FLUSH_NONE);
	assert_false(t.readonly || t.removable || t.discard ||
		     t.secure_discard || t.persistent);
}

static void all_announced(void **unused)
{
	struct moat_announce a = {
		.sectors = 4096, .sector_size = 4096, .physical_size = 8192,
		.info = 6, .flush = 1, .barrier = 1, .discard = 1,
		.discard_granularity = 65536, .discard_alignment = 8192,
		.discard_secure = 1, .persistent = 1, .max_indirect = 256,
	};
	struct moat_traits t = traits(&a, 64);

	(void)unused;
	assert_true(t.capacity == 4096);
	assert_int_equal(t.block_size, 4096);
	assert_int_equal(t.physical_size, 8192);
	assert_int_equal(t.granularity, 65536);
	assert_int_equal(t.alignment, 8192);
	assert_int_equal(t.max_segs, 64);
	assert_int_equal(t.flush, MOAT_FLUSH_CACHE);
	assert_true(t.readonly && t.removable && t.discard &&
		    t.secure_discard && t.persistent);
}

static void single_keys(void **unused)
{
	struct moat_announce a = plain();

	(void)unused;
	a.barrier = 1;
	assert_int_equal(traits(&a, 11).flush, MOAT_FLUSH_BARRIER);
	a = plain();
	a.info = MOAT_INFO_READONLY;
	assert_true(traits(&a, 11).readonly);
	assert_false(traits(&a, 11).removable);
	a.info = MOAT_INFO_REMOVABLE;
	assert_false(traits(&a, 11).readonly);
	assert_true(traits(&a, 11).removable);
	a = plain();
	a.discard_secure = 1;
	assert_false(traits(&a, 11).secure_discard);
	a.discard = 1;
	assert_true(traits(&a, 11).secure_discard);
	a.physical_size = 4096;
	assert_int_equal(traits(&a, 11).granularity, 4096);
}

/* A hint that makes no sense is no hint: the disk is taken all the same. */
static void hints(void **unused)
{
	static const struct {
		const char *name;
		u64 sector, physical, granularity, alignment;
		u32 want_physical, want_granularity, want_alignment;
	} rows[] = {
		{ "none", 512, 0, 0, 0, 512, 512, 0 },
		{ "physical 4096", 512, 4096, 0, 0, 4096, 4096, 0 },
		{ "physical as logical", 4096, 4096, 0, 0, 4096, 4096, 0 },
		{ "physical below logical", 4096, 512, 0, 0, 4096, 4096, 0 },
		{ "physical 1536", 512, 1536, 0, 0, 512, 512, 0 },
		{ "physical 2^31", 512, 1ull << 31, 4096, 0, 1u << 31, 4096, 0 },
		{ "physical 2^32", 512, 1ull << 32, 0, 0, 512, 512, 0 },
		{ "granularity 4096", 512, 0, 4096, 512, 512, 4096, 512 },
		{ "granularity 1", 512, 4096, 1, 0, 4096, 4096, 0 },
		{ "granularity 1000", 512, 0, 1000, 0, 512, 512, 0 },
		{ "granularity 1536", 512, 0, 1536, 0, 512, 1536, 0 },
		{ "granularity half a block", 4096, 0, 512, 0, 4096, 4096, 0 },
		{ "granularity 2^31", 512, 0, 1ull << 31, 0, 512, 1u << 31, 0 },
		{ "granularity more", 512, 0, (1ull << 31) + 512, 0, 512, 512, 0 },
		{ "granularity 2^32", 512, 0, 1ull << 32, 0, 512, 512, 0 },
		{ "alignment 1", 512, 0, 65536, 1, 512, 65536, 0 },
		{ "alignment half a block", 4096, 0, 65536, 2048, 4096, 65536, 0 },
		{ "alignment 2^31", 512, 0, 0, 1ull << 31, 512, 512, 1u << 31 },
		{ "alignment more", 512, 0, 0, (1ull << 31) + 512, 512, 512, 0 },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_announce a = {
			.sectors = 1024, .sector_size = rows[i].sector,
			.physical_size = rows[i].physical, .discard = 1,
			.discard_granularity = rows[i].granularity,
			.discard_alignment = rows[i].alignment,
		};
		struct moat_traits t;

		check_row(rows[i].name, "taken", !moat_announce_check(&a, 32, &t), true);
		check_row(rows[i].name, "physical", t.physical_size, rows[i].want_physical);
		check_row(rows[i].name, "granularity", t.granularity,
			  rows[i].want_granularity);
		check_row(rows[i].name, "alignment", t.alignment, rows[i].want_alignment);
	}
}

static void segments(void **unused)
{
	static const struct {
		u64 theirs;
		u32 ours, want;
	} rows[] = {
		{ 0, 256, 11 }, { 11, 256, 11 }, { 12, 256, 12 },
		{ 255, 256, 255 }, { 256, 256, 256 }, { 257, 256, 256 },
		{ UINT64_MAX, 256, 256 }, { (1ull << 32) + 12, 256, 256 },
		{ 256, 11, 11 }, { 256, 12, 12 }, { 256, 0, 11 }, { 5, 5, 11 },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_announce a = plain();

		a.max_indirect = rows[i].theirs;
		assert_int_equal(traits(&a, rows[i].ours).max_segs,
				 rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_or_not),
		cmocka_unit_test(nothing_announced),
		cmocka_unit_test(all_announced),
		cmocka_unit_test(single_keys),
		cmocka_unit_test(hints),
		cmocka_unit_test(segments),
	};

	return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
