/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back end does next: every state, and whole histories of front ends that
 * come and go as none should.
 */
#include "test.h"

#include "core/serve.h"

#define GONE MOAT_SERVE_FRONT_GONE
#define BEGINS MOAT_SERVE_FRONT_BEGINS
#define READY MOAT_SERVE_FRONT_READY
#define LEAVING MOAT_SERVE_FRONT_CLOSING
#define LEFT MOAT_SERVE_FRONT_CLOSED
#define OTHER MOAT_SERVE_FRONT_OTHER

enum { OFFLINE = 1, NAMED = 2, BUSY = 4, BROKEN = 8, EARLY = 16, SPENT = 32 };

static struct moat_serve_view view(enum moat_serve_front front, u32 what)
{
	struct moat_serve_view v = {
		.front = front,
		.online = !(what & OFFLINE),
		.named = what & NAMED,
		.busy = what & BUSY,
		.broken = what & BROKEN,
		.early = what & EARLY,
		.spent = what & SPENT,
	};

	return v;
}

static const struct {
	const char *name;
	enum moat_serve_state state;
	enum moat_serve_front front;
	u32 what;
	enum moat_serve_action want;
} cases[] = {
	{ "no device yet", MOAT_SERVE_WAITING, READY, 0, MOAT_SERVE_NOTHING },
	{ "a device", MOAT_SERVE_WAITING, BEGINS, NAMED, MOAT_SERVE_OPEN_DISK },
	{ "a device, no front end", MOAT_SERVE_WAITING, GONE, NAMED, MOAT_SERVE_OPEN_DISK },
	{ "a device, in use a moment ago", MOAT_SERVE_WAITING, READY, NAMED | EARLY,
	  MOAT_SERVE_REST },
	{ "no device, too early", MOAT_SERVE_WAITING, READY, EARLY, MOAT_SERVE_NOTHING },
	{ "not wanted before it began", MOAT_SERVE_WAITING, READY, NAMED | OFFLINE,
	  MOAT_SERVE_CLOSE },
	{ "not wanted, too early", MOAT_SERVE_WAITING, READY, NAMED | OFFLINE | EARLY,
	  MOAT_SERVE_CLOSE },

	{ "opening", MOAT_SERVE_OPENING, READY, NAMED | BUSY, MOAT_SERVE_NOTHING },
	{ "opening, not wanted", MOAT_SERVE_OPENING, LEFT, OFFLINE | BUSY, MOAT_SERVE_NOTHING },

	{ "open, front end begins", MOAT_SERVE_OPEN, BEGINS, 0, MOAT_SERVE_NOTHING },
	{ "open, front end may still come", MOAT_SERVE_OPEN, GONE, 0, MOAT_SERVE_NOTHING },
	{ "open, front end of before", MOAT_SERVE_OPEN, LEFT, 0, MOAT_SERVE_NOTHING },
	{ "open, front end ready", MOAT_SERVE_OPEN, READY, 0, MOAT_SERVE_CONNECT },
	{ "open, ready, too early is over", MOAT_SERVE_OPEN, READY, EARLY, MOAT_SERVE_CONNECT },
	{ "open, not wanted", MOAT_SERVE_OPEN, READY, OFFLINE, MOAT_SERVE_END },

	{ "connected", MOAT_SERVE_CONNECTED, READY, 0, MOAT_SERVE_NOTHING },
	{ "connected, on its way", MOAT_SERVE_CONNECTED, OTHER, 0, MOAT_SERVE_NOTHING },
	{ "connected, begins anew", MOAT_SERVE_CONNECTED, BEGINS, 0, MOAT_SERVE_END },
	{ "connected, not wanted", MOAT_SERVE_CONNECTED, READY, OFFLINE, MOAT_SERVE_NOTHING },
	{ "front end leaves", MOAT_SERVE_CONNECTED, LEAVING, 0, MOAT_SERVE_END },
	{ "front end has left", MOAT_SERVE_CONNECTED, LEFT, 0, MOAT_SERVE_END },
	{ "front end is gone", MOAT_SERVE_CONNECTED, GONE, 0, MOAT_SERVE_END },
	{ "broken", MOAT_SERVE_CONNECTED, READY, BROKEN, MOAT_SERVE_END },

	{ "ending, disk not done", MOAT_SERVE_ENDING, GONE, BUSY, MOAT_SERVE_NOTHING },
	{ "ending, broken, disk not done", MOAT_SERVE_ENDING, READY, BROKEN | BUSY,
	  MOAT_SERVE_NOTHING },
	{ "ending, front end not done", MOAT_SERVE_ENDING, LEAVING, 0, MOAT_SERVE_NOTHING },
	{ "failed, front end still there", MOAT_SERVE_ENDING, READY, 0, MOAT_SERVE_NOTHING },
	{ "failed, front end not begun", MOAT_SERVE_ENDING, BEGINS, 0, MOAT_SERVE_NOTHING },
	{ "ended, front end begins anew", MOAT_SERVE_ENDING, BEGINS, SPENT, MOAT_SERVE_CLOSE },
	{ "ended, begins, disk not done", MOAT_SERVE_ENDING, BEGINS, SPENT | BUSY,
	  MOAT_SERVE_NOTHING },
	{ "ended, front end has left", MOAT_SERVE_ENDING, LEFT, 0, MOAT_SERVE_CLOSE },
	{ "ended, front end is gone", MOAT_SERVE_ENDING, GONE, 0, MOAT_SERVE_CLOSE },
	{ "ended, broken", MOAT_SERVE_ENDING, READY, BROKEN, MOAT_SERVE_CLOSE },
	{ "ended, not wanted", MOAT_SERVE_ENDING, READY, OFFLINE, MOAT_SERVE_CLOSE },

	{ "closed", MOAT_SERVE_CLOSED, READY, 0, MOAT_SERVE_NOTHING },
	{ "closed, front end leaves late", MOAT_SERVE_CLOSED, LEAVING, 0, MOAT_SERVE_NOTHING },
	{ "closed, front end too", MOAT_SERVE_CLOSED, LEFT, 0, MOAT_SERVE_CLOSE },
	{ "closed, not wanted", MOAT_SERVE_CLOSED, BEGINS, OFFLINE, MOAT_SERVE_CLOSE },
	{ "closed, another begins", MOAT_SERVE_CLOSED, BEGINS, 0, MOAT_SERVE_BEGIN },
	{ "closed, another begins early", MOAT_SERVE_CLOSED, BEGINS, EARLY, MOAT_SERVE_REST },
};

static void decisions(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(cases); i++) {
		struct moat_serve_view v = view(cases[i].front, cases[i].what);

		check_row(cases[i].name, "action", moat_serve_decide(cases[i].state, &v),
			  cases[i].want);
	}
}

static void rests(void **unused)
{
	static const u32 want[] = { 0, 0, 0, 100, 200, 400, 800, 1600, 2000, 2000 };
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(want); i++)
		assert_int_equal(moat_serve_rest_ms(i), want[i]);
	assert_int_equal(moat_serve_rest_ms(UINT32_MAX), 2000);
}

/* A back end as kernel/back/backend.c is one, without a kernel. */
struct back {
	enum moat_serve_state state;
	bool busy;
	bool broken;
	bool disk;
	bool rings;
	enum moat_serve_front front;
	bool spent;
};

static void end(struct back *b)
{
	b->spent = b->state == MOAT_SERVE_CONNECTED || b->front != BEGINS;
	b->state = MOAT_SERVE_ENDING;
}

static void act(struct back *b, enum moat_serve_action action)
{
	switch (action) {
	case MOAT_SERVE_NOTHING:
	case MOAT_SERVE_REST:
		return;
	case MOAT_SERVE_BEGIN:
		assert_false(b->disk || b->rings);
		b->broken = false;
		b->state = MOAT_SERVE_WAITING;
		return;
	case MOAT_SERVE_OPEN_DISK:
		assert_false(b->disk || b->rings);
		b->state = MOAT_SERVE_OPENING;
		b->busy = true;
		return;
	case MOAT_SERVE_CONNECT:
		assert_true(b->disk && !b->rings);
		b->rings = true;
		b->state = MOAT_SERVE_CONNECTED;
		return;
	case MOAT_SERVE_END:
		end(b);
		b->busy = true;
		return;
	case MOAT_SERVE_CLOSE:
		assert_false(b->disk || b->rings);
		b->state = MOAT_SERVE_CLOSED;
		return;
	}
}

/* The disk work ends, in one of the ways in which it can. */
static void disk_done(struct back *b, u64 *random)
{
	if (!b->busy)
		return;
	b->busy = false;
	if (b->state == MOAT_SERVE_ENDING) {
		b->disk = false;
		b->rings = false;
		return;
	}
	switch (test_random(random) % 3) {
	case 0:
		b->disk = true;
		b->state = MOAT_SERVE_OPEN;
		break;
	case 1:
		b->state = MOAT_SERVE_WAITING;
		break;
	default:
		end(b);
		break;
	}
}

static void look(struct back *b, enum moat_serve_front front, u32 what)
{
	enum moat_serve_state was;
	u32 steps = 0;

	do {
		struct moat_serve_view v = view(front, what);

		v.busy = b->busy;
		v.broken = b->broken;
		v.spent = b->spent;
		b->front = front;
		was = b->state;
		act(b, moat_serve_decide(b->state, &v));
		assert_true(++steps < 8);
	} while (b->state != was);
}

/* Whatever a front end says, in whatever order: nothing is held that is not told,
 * and when it says what a good one would, it is served, or the disk is free.
 */
static void histories(void **unused)
{
	u64 random = 7;
	u32 run, i;

	(void)unused;
	for (run = 0; run < 20000; run++) {
		struct back b = { .state = MOAT_SERVE_WAITING };

		for (i = 0; i < 40; i++) {
			if (b.rings && test_random(&random) % 8 == 0)
				b.broken = true;
			look(&b, test_random(&random) % 6, test_random(&random) & NAMED);
			if (test_random(&random) % 2)
				disk_done(&b, &random);
		}
		disk_done(&b, &random);
		look(&b, LEFT, 0);
		disk_done(&b, &random);
		look(&b, LEFT, OFFLINE);
		disk_done(&b, &random);
		look(&b, LEFT, OFFLINE);
		assert_int_equal(b.state, MOAT_SERVE_CLOSED);
		for (i = 0; i < 100 && b.state != MOAT_SERVE_CONNECTED; i++) {
			bool begins = b.state != MOAT_SERVE_OPEN;

			/* Of one that goes and comes back, every other is seen to go. */
			if (b.state == MOAT_SERVE_ENDING && (run % 2 || !b.spent))
				look(&b, LEFT, NAMED);
			look(&b, begins ? BEGINS : READY, NAMED);
			disk_done(&b, &random);
		}
		assert_int_equal(b.state, MOAT_SERVE_CONNECTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(rests),
		cmocka_unit_test(histories),
	};

	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
