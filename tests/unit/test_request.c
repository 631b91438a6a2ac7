/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the back end lets through: every rule, both sides of its border.
 */
#include "test.h"

/* What reading a field once has been followed by: set by shrinking(). */
static u64 *shrinks;

static void after_read(const volatile void *what)
{
	if (shrinks && what == (const volatile void *)shrinks)
		*shrinks = 5;
}

#undef READ_ONCE
#define READ_ONCE(x) ({ \
	__typeof__(x) read_ = *(const volatile __typeof__(x) *)&(x); \
	after_read(&(x)); \
	read_; \
})

#include "core/request.h"

#define DISK 1000u

enum {
	RO = 1, NO_FLUSH = 2, NO_BARRIER = 4, NO_DISCARD = 8, NO_SECURE = 16,
	NO_INDIRECT = 32, BLOCK_4K = 64, HUGE_DISK = 128, NO_DISK = 256,
};

/* An offer of everything, less what @without says. */
static struct moat_offer offer(u32 without)
{
	struct moat_offer o = {
		.capacity = without & HUGE_DISK ? UINT64_MAX : DISK,
		.block_size = without & BLOCK_4K ? 4096 : 512,
		.max_indirect = without & NO_INDIRECT ? 0 : 256,
		.readonly = without & RO,
		.flush = !(without & NO_FLUSH),
		.barrier = !(without & NO_BARRIER),
		.discard = !(without & NO_DISCARD),
		.secure_discard = !(without & NO_SECURE),
	};

	if (without & NO_DISK)
		o.capacity = 0;
	return o;
}

#define READ .op = MOAT_OP_READ
#define WRITE .op = MOAT_OP_WRITE
#define BARRIER .op = MOAT_OP_BARRIER
#define FLUSH .op = MOAT_OP_FLUSH
#define DISCARD .op = MOAT_OP_DISCARD
#define INDIRECT .indirect = true
#define SEGS(n) .nr_segs = (n)
#define AT(s, n) .sector = (s), .nr_sectors = (n)

static const struct {
	const char *name;
	u32 without;
	struct moat_request req;
	int want;
} checks[] = {
	{ "read", 0, { READ, SEGS(1) }, 0 },
	{ "read of a read-only disk", RO, { READ, SEGS(1) }, 0 },
	{ "read, no segment", 0, { READ, SEGS(0) }, -EINVAL },
	{ "read, 11 segments", 0, { READ, SEGS(11) }, 0 },
	{ "read, 12 segments", 0, { READ, SEGS(12) }, -EINVAL },
	{ "read, 255 segments", 0, { READ, SEGS(255) }, -EINVAL },
	{ "write", 0, { WRITE, SEGS(1) }, 0 },
	{ "write, no segment", 0, { WRITE, SEGS(0) }, -EINVAL },
	{ "write, 11 segments", 0, { WRITE, SEGS(11) }, 0 },
	{ "write, 12 segments", 0, { WRITE, SEGS(12) }, -EINVAL },
	{ "write, read-only", RO, { WRITE, SEGS(1) }, -EROFS },

	{ "barrier", 0, { BARRIER, SEGS(1) }, 0 },
	{ "barrier, empty", 0, { BARRIER, SEGS(0) }, 0 },
	{ "barrier, 11 segments", 0, { BARRIER, SEGS(11) }, 0 },
	{ "barrier, 12 segments", 0, { BARRIER, SEGS(12) }, -EINVAL },
	{ "barrier, not offered", NO_BARRIER, { BARRIER, SEGS(1) },
	  -EOPNOTSUPP },
	{ "write, barrier not offered", NO_BARRIER, { WRITE, SEGS(1) }, 0 },
	{ "barrier, read-only", RO, { BARRIER, SEGS(1) }, -EROFS },
	{ "barrier, indirect", 0, { BARRIER, INDIRECT, SEGS(1) }, -EINVAL },

	{ "flush", 0, { FLUSH }, 0 },
	{ "flush, read-only", RO, { FLUSH }, 0 },
	{ "flush, not offered", NO_FLUSH, { FLUSH }, -EOPNOTSUPP },
	{ "flush with data", 0, { FLUSH, SEGS(1) }, -EINVAL },
	{ "flush, indirect", 0, { FLUSH, INDIRECT }, -EINVAL },

	{ "indirect read", 0, { READ, INDIRECT, SEGS(1) }, 0 },
	{ "indirect read, all", 0, { READ, INDIRECT, SEGS(256) }, 0 },
	{ "indirect read, one more", 0, { READ, INDIRECT, SEGS(257) },
	  -EINVAL },
	{ "indirect read, 65535", 0, { READ, INDIRECT, SEGS(65535) }, -EINVAL },
	{ "indirect read, none", 0, { READ, INDIRECT, SEGS(0) }, -EINVAL },
	{ "indirect read, not offered", NO_INDIRECT,
	  { READ, INDIRECT, SEGS(1) }, -EOPNOTSUPP },
	{ "indirect write", 0, { WRITE, INDIRECT, SEGS(12) }, 0 },
	{ "indirect write, read-only", RO, { WRITE, INDIRECT, SEGS(12) },
	  -EROFS },
	{ "indirect discard", 0, { DISCARD, INDIRECT, AT(0, 8) }, -EINVAL },
	{ "indirect indirect", 0,
	  { .op = MOAT_OP_INDIRECT, INDIRECT, SEGS(1) }, -EOPNOTSUPP },

	{ "discard", 0, { DISCARD, AT(0, 8) }, 0 },
	{ "discard, not offered", NO_DISCARD, { DISCARD, AT(0, 8) },
	  -EOPNOTSUPP },
	{ "discard, read-only", RO, { DISCARD, AT(0, 8) }, -EROFS },
	{ "discard of nothing", 0, { DISCARD, AT(0, 0) }, -EINVAL },
	{ "discard of all", 0, { DISCARD, AT(0, DISK) }, 0 },
	{ "discard of more", 0, { DISCARD, AT(0, DISK + 1) }, -ERANGE },
	{ "discard of the last", 0, { DISCARD, AT(DISK - 1, 1) }, 0 },
	{ "discard over the end", 0, { DISCARD, AT(DISK - 1, 2) }, -ERANGE },
	{ "discard behind the end", 0, { DISCARD, AT(DISK, 1) }, -ERANGE },
	{ "discard, sum wraps to 0", 0, { DISCARD, AT(UINT64_MAX, 1) },
	  -ERANGE },
	{ "discard, sum wraps into the disk", 0,
	  { DISCARD, AT(8, UINT64_MAX - 6) }, -ERANGE },
	{ "discard, sum wraps, long start", 0,
	  { DISCARD, AT(UINT64_MAX - 6, 8) }, -ERANGE },
	{ "discard, greatest disk", HUGE_DISK,
	  { DISCARD, AT(UINT64_MAX - 1, 1) }, 0 },
	{ "discard, greatest disk, over", HUGE_DISK,
	  { DISCARD, AT(UINT64_MAX, 1) }, -ERANGE },
	{ "discard, empty disk", NO_DISK, { DISCARD, AT(0, 1) }, -ERANGE },
	{ "discard, 4K blocks", BLOCK_4K, { DISCARD, AT(8, 16) }, 0 },
	{ "discard, 4K blocks, odd start", BLOCK_4K, { DISCARD, AT(9, 16) },
	  -EINVAL },
	{ "discard, 4K blocks, odd length", BLOCK_4K, { DISCARD, AT(8, 12) },
	  -EINVAL },
	{ "secure discard", 0,
	  { DISCARD, .flag = MOAT_DISCARD_SECURE, AT(0, 8) }, 0 },
	{ "secure discard, not offered", NO_SECURE,
	  { DISCARD, .flag = MOAT_DISCARD_SECURE, AT(0, 8) }, -EOPNOTSUPP },
	{ "discard, secure not offered", NO_SECURE, { DISCARD, AT(0, 8) }, 0 },
	{ "discard, unknown flag", 0, { DISCARD, .flag = 2, AT(0, 8) },
	  -EINVAL },
	{ "discard, unknown flag beside secure", 0,
	  { DISCARD, .flag = 3, AT(0, 8) }, -EINVAL },

	{ "operation 4", 0, { .op = 4, SEGS(1) }, -EOPNOTSUPP },
	{ "operation 7", 0, { .op = 7, SEGS(1) }, -EOPNOTSUPP },
	{ "operation 255", 0, { .op = 255, SEGS(1) }, -EOPNOTSUPP },
};

static void requests(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(checks); i++) {
		struct moat_offer o = offer(checks[i].without);

		check_row(checks[i].name, "verdict",
			  moat_request_check(&o, &checks[i].req),
			  checks[i].want);
	}
}

static const struct {
	const char *name;
	u32 without;
	u64 sector;
	u16 n;
	struct moat_seg seg[2];
	int want;
	u64 sectors;
} seg_checks[] = {
	{ "a page", 0, 0, 1, { { 1, 0, 7 } }, 0, 8 },
	{ "a sector", 0, 0, 1, { { 1, 0, 0 } }, 0, 1 },
	{ "the last sector of a page", 0, 0, 1, { { 1, 7, 7 } }, 0, 1 },
	{ "behind the page", 0, 0, 1, { { 1, 0, 8 } }, -EINVAL, 0 },
	{ "all behind the page", 0, 0, 1, { { 1, 8, 8 } }, -EINVAL, 0 },
	{ "last 255", 0, 0, 1, { { 1, 0, 255 } }, -EINVAL, 0 },
	{ "back to front", 0, 0, 1, { { 1, 4, 3 } }, -EINVAL, 0 },
	{ "far back to front", 0, 0, 1, { { 1, 255, 0 } }, -EINVAL, 0 },
	{ "two", 0, 0, 2, { { 1, 0, 7 }, { 2, 2, 3 } }, 0, 10 },
	{ "second bad", 0, 0, 2, { { 1, 0, 7 }, { 2, 3, 2 } }, -EINVAL, 0 },
	{ "no segment, end of disk", 0, DISK, 0, { { 0 } }, 0, 0 },
	{ "no segment, beyond", 0, DISK + 1, 0, { { 0 } }, -ERANGE, 0 },
	{ "up to the end", 0, DISK - 8, 1, { { 1, 0, 7 } }, 0, 8 },
	{ "one over the end", 0, DISK - 7, 1, { { 1, 0, 7 } }, -ERANGE, 0 },
	{ "second over the end", 0, DISK - 8, 2,
	  { { 1, 0, 7 }, { 1, 0, 0 } }, -ERANGE, 0 },
	{ "behind the end", 0, DISK, 1, { { 1, 0, 0 } }, -ERANGE, 0 },
	{ "start wraps", 0, UINT64_MAX, 1, { { 1, 0, 0 } }, -ERANGE, 0 },
	{ "start wraps into the disk", 0, UINT64_MAX - 3, 1,
	  { { 1, 0, 7 } }, -ERANGE, 0 },
	{ "end of the greatest disk", HUGE_DISK, UINT64_MAX - 8, 1,
	  { { 1, 0, 7 } }, 0, 8 },
	{ "beyond the greatest disk", HUGE_DISK, UINT64_MAX - 7, 1,
	  { { 1, 0, 7 } }, -ERANGE, 0 },
	{ "empty disk", NO_DISK, 0, 1, { { 1, 0, 0 } }, -ERANGE, 0 },
	{ "4K", BLOCK_4K, 8, 1, { { 1, 0, 7 } }, 0, 8 },
	{ "4K, odd sector", BLOCK_4K, 4, 1, { { 1, 0, 7 } }, -EINVAL, 0 },
	{ "4K, first cut", BLOCK_4K, 8, 1, { { 1, 1, 7 } }, -EINVAL, 0 },
	{ "4K, last cut", BLOCK_4K, 8, 1, { { 1, 0, 6 } }, -EINVAL, 0 },
	{ "4K, cuts that add up", BLOCK_4K, 8, 2,
	  { { 1, 0, 3 }, { 2, 4, 7 } }, -EINVAL, 0 },
	{ "4K, two ends cut that add up", BLOCK_4K, 8, 2,
	  { { 1, 0, 3 }, { 2, 0, 3 } }, -EINVAL, 0 },
	{ "4K, two starts cut that add up", BLOCK_4K, 8, 2,
	  { { 1, 4, 7 }, { 2, 4, 7 } }, -EINVAL, 0 },
	{ "4K, two", BLOCK_4K, 8, 2, { { 1, 0, 7 }, { 2, 0, 7 } }, 0, 16 },
};

static void segments(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(seg_checks); i++) {
		struct moat_offer o = offer(seg_checks[i].without);
		struct moat_request req = { WRITE,
					    .sector = seg_checks[i].sector,
					    .nr_segs = seg_checks[i].n };
		u64 sectors = 12345;
		u64 want = seg_checks[i].want ? 12345 : seg_checks[i].sectors;

		check_row(seg_checks[i].name, "verdict",
			  moat_request_check_segs(&o, &req, seg_checks[i].seg,
						  &sectors),
			  seg_checks[i].want);
		check_row(seg_checks[i].name, "sectors", sectors, want);
	}
}

/* The greatest request there is does not overflow anything. */
static void greatest(void **unused)
{
	static struct moat_seg segs[4096];
	struct moat_offer o = offer(HUGE_DISK);
	struct moat_request req = { READ, INDIRECT, .nr_segs = 4096 };
	u64 sectors = 0;
	u32 i;

	(void)unused;
	o.max_indirect = 4096;
	for (i = 0; i < 4096; i++)
		segs[i].last = 7;
	assert_int_equal(moat_request_check(&o, &req), 0);
	assert_int_equal(moat_request_check_segs(&o, &req, segs, &sectors), 0);
	assert_true(sectors == 4096 * 8);
}

static void block_of_1024(void **unused)
{
	struct moat_offer o = offer(0);
	struct moat_request req = { READ, SEGS(1), .sector = 2 };
	struct moat_seg seg = { 1, 2, 5 };
	u64 sectors;

	(void)unused;
	o.block_size = 1024;
	assert_int_equal(moat_offer_block_sectors(&o), 2);
	assert_int_equal(moat_request_check_segs(&o, &req, &seg, &sectors), 0);
	seg.first = 3;
	assert_int_equal(moat_request_check_segs(&o, &req, &seg, &sectors),
			 -EINVAL);
}

static void statuses(void **unused)
{
	(void)unused;
	assert_int_equal(moat_request_status(0), MOAT_RSP_OKAY);
	assert_int_equal(moat_request_status(-EOPNOTSUPP), MOAT_RSP_EOPNOTSUPP);
	assert_int_equal(moat_request_status(-EINVAL), MOAT_RSP_ERROR);
	assert_int_equal(moat_request_status(-EROFS), MOAT_RSP_ERROR);
	assert_int_equal(moat_request_status(-ERANGE), MOAT_RSP_ERROR);
}

/* The disk shrinks in the middle of the check, from one size too small to another. */
static void shrinking(void **unused)
{
	struct moat_offer o = offer(0);
	struct moat_request req = { DISCARD, AT(95, 10) };

	(void)unused;
	o.capacity = 100;
	shrinks = &o.capacity;
	assert_int_equal(moat_request_check(&o, &req), -ERANGE);
	assert_int_equal(o.capacity, 5);
	shrinks = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(segments),
		cmocka_unit_test(greatest),
		cmocka_unit_test(block_of_1024),
		cmocka_unit_test(statuses),
		cmocka_unit_test(shrinking),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
