// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/node.c: what to do about a back-end node, as a table, and
 * rules that must hold for everything that can be seen.
 */
#include "moat-init/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PRESENT .present = true
#define ONLINE .online = true
#define CLOSED .closed = true
#define BOUND .bound = true
#define FRONT .front_present = true, .front_seen = true
#define FRONT_WENT .front_seen = true
#define PARAMS .has_params = true

static const struct {
	const char *what;
	enum moat_node_phase phase;
	struct moat_node_view view;
	enum moat_node_action action;
} cases[] = {
	{ "just written, no driver yet", MOAT_NODE_NEW,
	  { PRESENT, ONLINE, FRONT, PARAMS }, MOAT_NODE_RESOLVE },
	{ "just written, driver there", MOAT_NODE_NEW,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS }, MOAT_NODE_RESOLVE },
	{ "no params yet", MOAT_NODE_NEW,
	  { PRESENT, ONLINE, BOUND, FRONT }, MOAT_NODE_NONE },
	{ "the front end's half is written later", MOAT_NODE_NEW,
	  { PRESENT, ONLINE, BOUND, PARAMS }, MOAT_NODE_RESOLVE },
	{ "device not there, nothing new", MOAT_NODE_WAITING,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS }, MOAT_NODE_NONE },
	{ "device may be there now", MOAT_NODE_WAITING,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS, .retry = true },
	  MOAT_NODE_RESOLVE },
	{ "another device asked for meanwhile", MOAT_NODE_WAITING,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS, .params_changed = true },
	  MOAT_NODE_RESOLVE },
	{ "failed, nothing new", MOAT_NODE_FAILED,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS, .retry = true },
	  MOAT_NODE_NONE },
	{ "failed, params corrected", MOAT_NODE_FAILED,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS, .params_changed = true },
	  MOAT_NODE_RESOLVE },
	{ "served and in use", MOAT_NODE_SERVED,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS }, MOAT_NODE_NONE },
	{ "served, params changed under the guest", MOAT_NODE_SERVED,
	  { PRESENT, ONLINE, BOUND, FRONT, PARAMS, .params_changed = true },
	  MOAT_NODE_NONE },
	{ "front end closed but may come back", MOAT_NODE_SERVED,
	  { PRESENT, ONLINE, CLOSED, BOUND, FRONT, PARAMS }, MOAT_NODE_NONE },
	{ "detach asked for, front end still busy", MOAT_NODE_SERVED,
	  { PRESENT, BOUND, FRONT, PARAMS }, MOAT_NODE_NONE },
	{ "detach asked for, closed", MOAT_NODE_SERVED,
	  { PRESENT, CLOSED, BOUND, FRONT, PARAMS }, MOAT_NODE_REMOVE },
	{ "detach asked for, driver let go", MOAT_NODE_SERVED,
	  { PRESENT, FRONT, PARAMS }, MOAT_NODE_REMOVE },
	{ "detach asked for before a driver or we did anything", MOAT_NODE_NEW,
	  { PRESENT, FRONT, PARAMS }, MOAT_NODE_REMOVE },
	{ "front end destroyed, driver has not noticed", MOAT_NODE_SERVED,
	  { PRESENT, BOUND, FRONT_WENT, PARAMS }, MOAT_NODE_NONE },
	{ "front end destroyed, driver let go", MOAT_NODE_SERVED,
	  { PRESENT, FRONT_WENT, PARAMS }, MOAT_NODE_REMOVE },
	{ "front end vanished unannounced, driver busy", MOAT_NODE_SERVED,
	  { PRESENT, ONLINE, BOUND, FRONT_WENT, PARAMS }, MOAT_NODE_NONE },
	{ "front end vanished unannounced, driver let go", MOAT_NODE_SERVED,
	  { PRESENT, ONLINE, FRONT_WENT, PARAMS }, MOAT_NODE_REMOVE },
	{ "never resolve for one that is going", MOAT_NODE_WAITING,
	  { PRESENT, BOUND, FRONT, PARAMS, .retry = true }, MOAT_NODE_NONE },
	{ "directory gone", MOAT_NODE_SERVED, { FRONT }, MOAT_NODE_FORGET },
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum moat_node_action got =
			moat_node_decide(cases[i].phase, &cases[i].view);

		if (got != cases[i].action)
			fail_msg("%s: action %d, expected %d", cases[i].what,
				 got, cases[i].action);
	}
}

/* Every combination of phase and view: 4 * 512. */
static void rules(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits < 4 << 9; bits++) {
		enum moat_node_phase phase = bits >> 9;
		struct moat_node_view v = {
			.present = bits & 1,
			.online = bits & 2,
			.closed = bits & 4,
			.bound = bits & 8,
			.front_present = bits & 16,
			.front_seen = bits & 32,
			.has_params = bits & 64,
			.params_changed = bits & 128,
			.retry = bits & 256,
		};
		enum moat_node_action a = moat_node_decide(phase, &v);

		/* what is gone is forgotten, and only that */
		assert_int_equal(a == MOAT_NODE_FORGET, !v.present);
		/* a disk that a connected guest uses is never taken away */
		if (v.present && v.online && v.bound)
			assert_int_not_equal(a, MOAT_NODE_REMOVE);
		/* a going node that nobody holds is always removed */
		if (v.present && !v.online && (v.closed || !v.bound))
			assert_int_equal(a, MOAT_NODE_REMOVE);
		/* a device is looked for only for one that stays */
		if (a == MOAT_NODE_RESOLVE)
			assert_true(v.online && v.has_params &&
				    phase != MOAT_NODE_SERVED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
