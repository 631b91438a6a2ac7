/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spin policy: what it answers, what it learns from, and what it takes off
 * a gap that an event closed. That the window then is the best: test_gaps.c.
 */
#include "test.h"

#include "core/spin.h"

#define MIN 10000u
#define MAX 80000u
#define T0 5000000000000000ull

static const struct moat_spin_params adaptive = {
	MOAT_MODE_ADAPTIVE, MIN, MAX
};

static struct moat_spin state(u32 window)
{
	return (struct moat_spin){ .window_ns = window, .last_work_ns = T0 };
}

/* Where the only gap that was learnt from is; MOAT_GAPS_BUCKETS: too long. */
static u32 learnt(const struct moat_spin *s)
{
	u32 i;

	assert_int_equal(s->gaps.total, 1);
	for (i = 0; i < MOAT_GAPS_BUCKETS; i++)
		if (s->gaps.count[i])
			break;
	return i;
}

static const struct look_row {
	const char *name;
	u32 mode;
	u32 window;
	u64 after;
	bool found, busy;
	enum moat_spin_verdict want;
} look_rows[] = {
	{ "event, work", MOAT_MODE_EVENT, MAX, 0, true, false,
	  MOAT_SPIN_AGAIN },
	{ "event, no work", MOAT_MODE_EVENT, MAX, 0, false, false,
	  MOAT_SPIN_ARM },
	{ "spin, no work", MOAT_MODE_SPIN, 0, 1, false, false,
	  MOAT_SPIN_AGAIN },
	{ "spin, no work for hours", MOAT_MODE_SPIN, 0,
	  36000000000000ull, false, false, MOAT_SPIN_AGAIN },
	{ "spin, busy", MOAT_MODE_SPIN, 0, 1, false, true,
	  MOAT_SPIN_AGAIN },
	{ "adaptive, work", MOAT_MODE_ADAPTIVE, 0, MAX * 2, true, false,
	  MOAT_SPIN_AGAIN },
	{ "adaptive, work, busy", MOAT_MODE_ADAPTIVE, 0, 1, true, true,
	  MOAT_SPIN_AGAIN },
	{ "adaptive, at once", MOAT_MODE_ADAPTIVE, MIN, 0, false, false,
	  MOAT_SPIN_AGAIN },
	{ "adaptive, end of window", MOAT_MODE_ADAPTIVE, MIN, MIN - 1,
	  false, false, MOAT_SPIN_AGAIN },
	{ "adaptive, behind window", MOAT_MODE_ADAPTIVE, MIN, MIN,
	  false, false, MOAT_SPIN_ARM },
	{ "adaptive, no window", MOAT_MODE_ADAPTIVE, 0, 0, false, false,
	  MOAT_SPIN_ARM },
	{ "adaptive, busy", MOAT_MODE_ADAPTIVE, MAX, 1, false, true,
	  MOAT_SPIN_ARM },
	{ "adaptive, hours behind", MOAT_MODE_ADAPTIVE, MAX,
	  36000000000000ull, false, false, MOAT_SPIN_ARM },
	{ "event, some time behind", MOAT_MODE_EVENT, MAX, 300, false,
	  false, MOAT_SPIN_ARM },
	{ "window beyond a lowered maximum, within",
	  MOAT_MODE_ADAPTIVE, 2 * MAX, MAX - 1, false, false,
	  MOAT_SPIN_AGAIN },
	{ "window beyond a lowered maximum, behind",
	  MOAT_MODE_ADAPTIVE, 2 * MAX, MAX, false, false,
	  MOAT_SPIN_ARM },
};

static void looks(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(look_rows); i++) {
		const struct look_row *row = &look_rows[i];
		struct moat_spin_params p = { row->mode, MIN, MAX };
		struct moat_spin s = state(row->window);

		check_row(row->name, "verdict",
			  moat_spin_look(&s, &p, T0 + row->after,
					 row->found, row->busy),
			  row->want);
		check_row(row->name, "last work", s.last_work_ns,
			  row->found ? T0 + row->after : T0);
		check_row(row->name, "window", s.window_ns, row->window);
		check_row(row->name, "waited", s.waited, !row->found &&
			  row->mode == MOAT_MODE_ADAPTIVE &&
			  row->want == MOAT_SPIN_AGAIN);
		check_row(row->name, "spun", s.spun_ns,
			  row->want == MOAT_SPIN_AGAIN ? 0 :
			  row->after < UINT32_MAX ? row->after : UINT32_MAX);
		check_row(row->name, "learnt", s.gaps.total, 0);
	}
}

/* Work that was waited for is learnt from; what the first look finds is not. */
static void catches(void **unused)
{
	struct moat_spin s = state(MAX);

	(void)unused;
	moat_spin_look(&s, &adaptive, T0 + 30000, true, false);
	assert_int_equal(s.gaps.total, 0);
	moat_spin_look(&s, &adaptive, T0 + 30001, false, false);
	moat_spin_look(&s, &adaptive, T0 + 50000, true, false);
	assert_int_equal(learnt(&s), 8);
	assert_int_equal(s.window_ns, MAX);
	moat_spin_look(&s, &adaptive, T0 + 90000, true, false);
	assert_int_equal(s.gaps.total, 1);

	/* Found by the look behind arming: no event, and no spin either. */
	moat_spin_look(&s, &adaptive, T0 + 90001, false, false);
	assert_int_equal(moat_spin_look(&s, &adaptive, T0 + 90002 + MAX, false, false),
			 MOAT_SPIN_ARM);
	moat_spin_look(&s, &adaptive, T0 + 90003 + MAX, true, false);
	assert_int_equal(s.gaps.total, 1);
	assert_int_equal(s.spun_ns, 0);

	/* A wait that began anew has forgotten the one before. */
	moat_spin_look(&s, &adaptive, T0 + 90004 + MAX, false, false);
	moat_spin_start(&s, T0 + 5 * MAX);
	assert_true(s.last_work_ns == T0 + 5 * MAX);
	moat_spin_look(&s, &adaptive, T0 + 5 * MAX + 1, true, false);
	assert_int_equal(s.gaps.total, 1);
}

/* What an event teaches: the gap, less the time that noticing it took. */
static void events(void **unused)
{
	static const struct {
		const char *name;
		u32 max, spun, wake;
		u64 gap;
		u32 want_wake;
		u64 want_gap;
	} rows[] = {
		{ "the first: 1 ns", MAX, 0, 0, 20000, 1, 19999 },
		{ "as quick as known, and slower", MAX, 0, 3200, 20000, 3301, 16699 },
		{ "quicker than known", MAX, 18000, 3200, 20000, 2000, 18001 },
		{ "quicker still", MAX, 20000, 3200, 20000, 0, 20001 },
		{ "slower than believed", MAX, 0, MAX / 8, 60000, MAX / 8, 50000 },
		{ "slower than was believed of a longer maximum", MAX, 0, MAX, 60000,
		  MAX / 8, 50000 },
		{ "just too long, by the wake-up", MAX, 10000, 5000, MAX + 5157, 5157, MAX },
		{ "too long without it", MAX, 10000, 5000, MAX + 5158, 5157, MAX + 1 },
		{ "spun to the maximum", MAX, MAX, 5000, MAX + 100, 100, MAX + 1 },
		{ "a clock that went back meanwhile", MAX, 30000, 5000, 10000, 0, 30001 },
		{ "spun for ever", UINT32_MAX, UINT32_MAX, 5000, 10000, 0, 1ull << 32 },
		{ "nothing at all", MAX, 0, 0, 0, 0, 0 },
		{ "no maximum", 0, 0, 100, 5000, 0, 5000 },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_spin_params p = { MOAT_MODE_ADAPTIVE, 0, rows[i].max };
		struct moat_spin s = state(MAX), copy;

		s.spun_ns = rows[i].spun;
		s.wake_ns = rows[i].wake;
		s.waited = true;
		copy = s;
		check_row(rows[i].name, "gap", moat_spin_event_gap(&copy, &p, T0 + rows[i].gap),
			  rows[i].want_gap);
		moat_spin_event(&s, &p, T0 + rows[i].gap);
		check_row(rows[i].name, "wake", s.wake_ns, rows[i].want_wake);
		memset(&copy.gaps, 0, sizeof(copy.gaps));
		moat_gaps_add(&copy.gaps, rows[i].want_gap, rows[i].max);
		check_row(rows[i].name, "bucket", learnt(&s), learnt(&copy));
		check_row(rows[i].name, "window", s.window_ns,
			  moat_gaps_window(&copy.gaps, 0, rows[i].max));
		check_row(rows[i].name, "last work", s.last_work_ns, T0 + rows[i].gap);
		check_row(rows[i].name, "spun", s.spun_ns, 0);
		check_row(rows[i].name, "waited", s.waited, 0);
	}
}

static void start(void **unused)
{
	static const struct {
		u32 min, max, want;
	} rows[] = {
		{ MIN, MAX, MIN }, { MAX, MAX, MAX }, { MAX, MIN, MIN },
		{ 0, MAX, 0 }, { MIN, 0, 0 },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_spin_params p = { MOAT_MODE_ADAPTIVE, rows[i].min,
					      rows[i].max };
		struct moat_spin s;

		memset(&s, 0xff, sizeof(s));
		moat_spin_init(&s, &p, T0 + 5);
		assert_int_equal(s.window_ns, rows[i].want);
		assert_true(s.last_work_ns == T0 + 5);
		assert_int_equal(s.gaps.total + s.wake_ns + s.spun_ns + s.waited, 0);
	}
}

/*
 * A wait of so long, with a wake-up of 2000 ns where it is not caught.
 * Return: whether an event had to be paid.
 */
static bool wait_for(struct moat_spin *s, u64 *now, u64 gap)
{
	u64 at = *now + gap;

	for (; *now < at; *now += 100) {
		if (moat_spin_look(s, &adaptive, *now, false, false) == MOAT_SPIN_AGAIN)
			continue;
		*now = at + 2000;
		moat_spin_event(s, &adaptive, *now);
		return true;
	}
	moat_spin_look(s, &adaptive, *now, true, false);
	return false;
}

/* It spins as long as is worth it, for as long as it is. */
static void follows(void **unused)
{
	struct moat_spin s;
	u64 now = T0;
	u32 i, paid;

	(void)unused;
	moat_spin_init(&s, &adaptive, now);
	for (i = 0, paid = 0; i < 100; i++)
		paid += wait_for(&s, &now, 28000);
	assert_true(paid <= 2);
	assert_int_equal(s.window_ns, 30000);

	/* Now and then one more: they are caught, but for a third of it. */
	for (i = 0, paid = 0; i < 200; i++)
		paid += wait_for(&s, &now, i % 3 ? 28000 : 10000000);
	assert_true(paid <= 68);
	assert_int_equal(s.window_ns, 30000);

	/* Long ones only: soon it gives up. */
	for (i = 0; i < 130; i++)
		assert_true(wait_for(&s, &now, 10000000));
	assert_int_equal(s.window_ns, 0);

	/* And comes back. */
	for (i = 0, paid = 0; i < 200; i++)
		paid += wait_for(&s, &now, 28000);
	assert_true(paid < 40);
}

/* Just as long as the maximum, without the wake-up: it is not spun for in vain. */
static void never_in_vain(void **unused)
{
	struct moat_spin s;
	u64 now = T0;
	u32 i, spun = 0;

	(void)unused;
	moat_spin_init(&s, &adaptive, now);
	for (i = 0; i < 200; i++) {
		assert_true(wait_for(&s, &now, MAX + 9000));
		spun += s.window_ns != 0;
	}
	assert_true(spun <= 2);
}

/*
 * Clocks of two CPUs may differ a little. A step back neither ends a spin
 * early, nor is it taken for a gap of centuries, nor makes the spin endless.
 */
static void clock_steps_back(void **unused)
{
	struct moat_spin s = state(20000);
	u64 now;

	(void)unused;
	assert_int_equal(moat_spin_look(&s, &adaptive, T0 - 1, false, false),
			 MOAT_SPIN_AGAIN);
	s = state(20000);
	moat_spin_event(&s, &adaptive, T0 - 1);
	assert_int_equal(learnt(&s), MOAT_GAPS_BUCKETS - 1);
	assert_true(s.last_work_ns == T0 - 1);
	s = state(20000);
	s.waited = true;
	moat_spin_look(&s, &adaptive, T0 - 1, true, false);
	assert_int_equal(learnt(&s), MOAT_GAPS_BUCKETS - 1);

	/* A step of an hour: one window more, not an hour. */
	s = state(20000);
	now = T0 - 3600000000000ull;
	assert_int_equal(moat_spin_look(&s, &adaptive, now, false, false),
			 MOAT_SPIN_AGAIN);
	assert_int_equal(moat_spin_look(&s, &adaptive, now + 19999, false,
					false), MOAT_SPIN_AGAIN);
	assert_int_equal(moat_spin_look(&s, &adaptive, now + 20000, false,
					false), MOAT_SPIN_ARM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks),
		cmocka_unit_test(events),
		cmocka_unit_test(start),
		cmocka_unit_test(catches),
		cmocka_unit_test(follows),
		cmocka_unit_test(never_in_vain),
		cmocka_unit_test(clock_steps_back),
	};

	return cmocka_run_group_tests_name("spin", tests, NULL, NULL);
}
