/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spin policy: what it answers, and how its window follows the gaps.
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

static void looks(void **unused)
{
	static const struct {
		const char *name;
		u32 mode;
		u32 window;
		u64 after;
		bool found, busy;
		enum moat_spin_verdict want;
	} rows[] = {
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
		{ "window beyond a lowered maximum, within",
		  MOAT_MODE_ADAPTIVE, 2 * MAX, MAX - 1, false, false,
		  MOAT_SPIN_AGAIN },
		{ "window beyond a lowered maximum, behind",
		  MOAT_MODE_ADAPTIVE, 2 * MAX, MAX, false, false,
		  MOAT_SPIN_ARM },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_spin_params p = { rows[i].mode, MIN, MAX };
		struct moat_spin s = state(rows[i].window);

		check_row(rows[i].name, "verdict",
			  moat_spin_look(&s, &p, T0 + rows[i].after,
					 rows[i].found, rows[i].busy),
			  rows[i].want);
		check_row(rows[i].name, "last work", s.last_work_ns,
			  rows[i].found ? T0 + rows[i].after : T0);
		check_row(rows[i].name, "window", s.window_ns, rows[i].window);
	}
}

static void events(void **unused)
{
	static const struct {
		const char *name;
		u32 min, max, window;
		u64 gap;
		u32 want;
	} rows[] = {
		{ "spin would have caught it", MIN, MAX, 20000, 20001, 40000 },
		{ "gap is the maximum", MIN, MAX, 20000, MAX, 40000 },
		{ "gap beyond the maximum", MIN, MAX, 20000, MAX + 1, 10000 },
		{ "gap within the window", MIN, MAX, 20000, 20000, 20000 },
		{ "no gap", MIN, MAX, 20000, 0, 20000 },
		{ "grows from nothing", MIN, MAX, 0, MAX, MIN },
		{ "grows from below the minimum", MIN, MAX, MIN - 1, MAX, MIN },
		{ "grows from the minimum", MIN, MAX, MIN, MAX, 2 * MIN },
		{ "grows to the maximum", MIN, MAX, MAX - 1, MAX, MAX },
		{ "stays at the maximum", MIN, MAX, MAX, MAX, MAX },
		{ "shrinks to the minimum", MIN, MAX, 2 * MIN, MAX + 1, MIN },
		{ "shrinks to nothing", MIN, MAX, 2 * MIN - 1, MAX + 1, 0 },
		{ "stays nothing", MIN, MAX, 0, MAX + 1, 0 },
		{ "shrinks, hours", MIN, MAX, MAX, 36000000000000ull, MAX / 2 },
		{ "maximum lowered, grow", MIN, MAX, 4 * MAX, MAX, MAX },
		{ "maximum lowered, shrink", MIN, MAX, 4 * MAX, 5 * MAX, MAX },
		{ "min above max, grow", MAX, MIN, 0, MIN, MIN },
		{ "min above max, shrink", MAX, MIN, MIN, MIN + 1, 0 },
		{ "no maximum, grow", MIN, 0, 0, 0, 0 },
		{ "no maximum, shrink", MIN, 0, MAX, 1, 0 },
		{ "no minimum, grow", 0, MAX, 0, MAX, MOAT_SPIN_START_NS },
		{ "no minimum, grow on", 0, MAX, 5000, MAX, 10000 },
		{ "no minimum, shrink", 0, MAX, 5000, MAX + 1, 2500 },
		{ "no minimum, small maximum", 0, 300, 0, 300, 300 },
		{ "widest", 0, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX,
		  UINT32_MAX },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_spin_params p = { MOAT_MODE_ADAPTIVE, rows[i].min,
					      rows[i].max };
		struct moat_spin s = state(rows[i].window);

		moat_spin_event(&s, &p, T0 + rows[i].gap);
		check_row(rows[i].name, "window", s.window_ns, rows[i].want);
		check_row(rows[i].name, "last work", s.last_work_ns,
			  T0 + rows[i].gap);
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
		struct moat_spin s = state(12345);

		moat_spin_init(&s, &p, T0 + 5);
		assert_int_equal(s.window_ns, rows[i].want);
		assert_true(s.last_work_ns == T0 + 5);
	}
}

/* From nothing to the maximum, and back, in steps of two. */
static void grows_and_shrinks(void **unused)
{
	struct moat_spin s = state(0);
	u64 now = T0;
	u32 i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		now += MAX;
		moat_spin_event(&s, &adaptive, now);
		assert_int_equal(s.window_ns, MIN << i);
	}
	for (i = 3; i-- > 0; ) {
		now += MAX + 1;
		moat_spin_event(&s, &adaptive, now);
		assert_int_equal(s.window_ns, MIN << i);
	}
	moat_spin_event(&s, &adaptive, now + MAX + 1);
	assert_int_equal(s.window_ns, 0);
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
	assert_int_equal(s.window_ns, 20000);
	assert_true(s.last_work_ns == T0 - 1);

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
		cmocka_unit_test(grows_and_shrinks),
		cmocka_unit_test(clock_steps_back),
	};

	return cmocka_run_group_tests_name("spin", tests, NULL, NULL);
}
