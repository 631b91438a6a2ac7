// SPDX-License-Identifier: GPL-2.0
/*
 * When an error of a driver that may be losing its device is believed.
 */
#include "test.h"

#include "core/doubt.h"

#define S(seconds) MOAT_DOUBT_NS(seconds)
#define AT S(1000)

static const struct row {
	const char *name;
	bool gone;
	u64 well;	/* behind the failure; a large one: before it */
	u64 now;	/* behind the failure */
	bool over;
} rows[] = {
	{ "at once", false, -S(1), 0, false },
	{ "nothing goes well any more", false, -S(1), S(MOAT_LOST_S) - 1, false },
	{ "nothing has gone well for as long as a driver is waited for", false, -S(1),
	  S(MOAT_LOST_S), true },
	{ "nothing ever did", false, -AT, S(MOAT_LOST_S) - 1, false },
	{ "what was under way comes back well", false, S(MOAT_DOUBT_S) - 1, S(20), false },
	{ "it lives", false, S(MOAT_DOUBT_S), S(MOAT_DOUBT_S), true },
	{ "it lives, and that is known late", false, S(5), S(6), true },
	{ "it lived, and is gone", true, S(5), S(6), false },
	{ "gone, and nobody comes", true, S(5), S(MOAT_LOST_S), true },
	{ "gone, with an error just before", true, -S(1), S(MOAT_LOST_S) - 1, false },
};

static void table(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		check_row(r->name, "it is over",
			  moat_doubt_is_over(r->gone, AT, AT + r->well, AT + r->now), r->over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
