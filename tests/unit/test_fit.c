/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disks where grants are few: what each makes do with, and that all find room.
 */
#include "test.h"

#include "core/fit.h"

#define FRACTION MOAT_FIT_FRACTION
/* A ring, and two reserves of the smallest requests. */
#define LEAST (1 + 2 * (MOAT_WIRE_SEGS + 1))

static const struct row {
	const char *name;
	struct moat_fit wanted;
	u64 left;
	bool fits;
	struct moat_fit want;
} rows[] = {
	{ "plenty", { 8, 1, 64, 2 }, 24576, true, { 8, 1, 64, 2 } },
	{ "just enough", { 8, 1, 64, 2 }, 138 * FRACTION, true, { 8, 1, 64, 2 } },
	{ "just enough, and most of it rings", { 8, 16, 11, 2 }, 152 * FRACTION, true,
	  { 8, 16, 11, 2 } },
	{ "one short", { 8, 1, 64, 2 }, 138 * FRACTION - 1, true, { 8, 1, 63, 2 } },
	{ "one pool", { 8, 1, 64, 1 }, 72 * FRACTION, true, { 8, 1, 63, 1 } },
	{ "large rings first", { 8, 16, 64, 2 }, 200 * FRACTION, true, { 8, 8, 64, 2 } },
	{ "half are rings", { 8, 16, 64, 2 }, 128 * FRACTION, true, { 8, 8, 31, 2 } },
	{ "less than half", { 8, 16, 64, 2 }, 127 * FRACTION, true, { 8, 4, 46, 2 } },
	{ "then fewer rings", { 64, 1, 64, 2 }, 100 * FRACTION, true, { 50, 1, 24, 2 } },
	{ "fewer rings are enough", { 64, 2, 11, 2 }, 100 * FRACTION, true, { 50, 1, 11, 2 } },
	{ "the smallest of its fraction", { 8, 1, 64, 2 }, LEAST * FRACTION, true,
	  { 8, 1, 11, 2 } },
	{ "no segment less than there must be", { 1, 1, 64, 2 }, (LEAST - 2) * FRACTION, true,
	  { 1, 1, 11, 2 } },
	{ "two rings of it", { 8, 1, 64, 2 }, 4 * FRACTION, true, { 2, 1, 11, 2 } },
	{ "more than its fraction", { 8, 1, 64, 2 }, 16 * FRACTION, true, { 8, 1, 11, 2 } },
	{ "all that is left", { 8, 1, 64, 2 }, LEAST, true, { 1, 1, 11, 2 } },
	{ "one less than that", { 8, 1, 64, 2 }, LEAST - 1, false, { 1, 1, 11, 2 } },
	{ "nothing is left", { 8, 16, 64, 2 }, 0, false, { 1, 1, 11, 2 } },
	{ "a product that is nothing in 32 bits", { 0x10000000, 16, 11, 2 }, 24576, true,
	  { 1536, 1, 11, 2 } },
	{ "more than can be counted", { UINT32_MAX, 16, UINT32_MAX, 2 }, 24576, true,
	  { 1536, 1, 767, 2 } },
};

static void table(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct moat_fit fit = r->wanted;

		check_row(r->name, "it fits", moat_fit_shrink(&fit, r->left), r->fits);
		check_row(r->name, "rings", fit.rings, r->want.rings);
		check_row(r->name, "pages of a ring", fit.ring_pages, r->want.ring_pages);
		check_row(r->name, "segments", fit.segs, r->want.segs);
		check_row(r->name, "pools", fit.pools, r->want.pools);
	}
}

/* How many disks fit into three quarters of so many frames. */
static unsigned int disks_in(unsigned int frames)
{
	u64 left = frames * 512 / 4 * 3;
	unsigned int disks = 0;

	for (;; disks++) {
		struct moat_fit fit = { 8, 1, 64, 2 };

		if (!moat_fit_shrink(&fit, left))
			return disks;
		assert_in_range(moat_fit_need(&fit), LEAST, left);
		left -= moat_fit_need(&fit);
	}
}

/* Sixteen of a domain with eight processors, in four frames; most of them in one. */
static void many(void **unused)
{
	(void)unused;
	assert_in_range(disks_in(4), 16, 64);
	assert_in_range(disks_in(1), 8, 15);
	assert_in_range(disks_in(64), 100, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
