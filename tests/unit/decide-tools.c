// SPDX-License-Identifier: GPL-2.0
/*
 * moatd's decision: histories in a small world. judge-tools.c has single views.
 *
 * Each history is played once in full, then once for every step at which moatd
 * may be killed: before the step, and in the middle of it, with the process it
 * had started dying too or going on.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

/* --- histories --------------------------------------------------------- */

/* How moatd dies: at the nth step. */
struct death {
	int at;			/* -1: not */
	bool half;		/* in the middle of the step */
	bool jobs_too;		/* and so do the processes it started */
};

struct play {
	struct world w;
	struct moat_slot slot;
	struct death death;
	int steps;
};

static void die(struct play *p)
{
	memset(&p->slot, 0, sizeof(p->slot));
	for (int r = 0; r < MOAT_ROLES && p->death.jobs_too; r++) {
		/* a domain that xl has not started will never be */
		if (p->w.job[r].job == MOAT_JOB_CREATE || p->w.job[r].halfway)
			p->w.dom[find_name(&p->w, r + 1)].deaf = true;
		p->w.job[r].job = MOAT_JOB_NONE;
	}
}

/* Decide and act until nothing is left to do now. */
static void settle(struct play *p)
{
	struct moat_action a;
	struct moat_view v;

	for (int i = 0; i < 100; i++) {
		bool dies = p->steps == p->death.at;

		view_world(&p->w, &v);
		moat_decide(&v, &limits, &p->slot, p->w.now, &a);
		if (a.act == MOAT_ACT_NONE)
			return;
		p->steps++;
		if (!dies || p->death.half)
			apply(&p->w, &v, &a, dies);
		if (dies)
			die(p);
	}
	fail_msg("no end of steps: act %d (%s)", a.act, a.text);
}

static void tick(struct play *p)
{
	struct world *w = &p->w;

	w->now += STEP_MS;
	for (unsigned int i = 1; i < DOMAINS; i++)
		if (runs(&w->dom[i]) && is_ready(w, i))
			w->dom[i].beats = w->now / 1000;
	for (int r = 0; r < MOAT_ROLES; r++)
		if (w->job[r].job != MOAT_JOB_NONE && w->now >= w->job[r].end)
			end_job(w, &p->slot, r);
	settle(p);
}

/* Which domain it is; its id may be its predecessor's. */
static unsigned int serial_of(const struct world *w, int name)
{
	return w->dom[find_name(w, name)].serial;
}

static bool is_taken_over(const struct disk *d)
{
	return d->stock && d->noted && !d->left;
}

static bool all_up(const struct world *w)
{
	unsigned int active = find_name(w, 1);

	for (size_t i = 0; i < DISKS; i++)
		if ((!w->disk[i].stock || is_taken_over(&w->disk[i])) &&
		    (w->disk[i].backend != active || w->disk[i].hold ||
		     !is_served(w, &w->disk[i])))
			return false;
	return active && w->recorded == active && !w->recovery.on &&
	       w->wish == MOAT_WISH_NONE && w->pci_holder == active;
}

static bool is_whole(const struct world *w)
{
	return all_up(w) && (!limits.standby || is_taken_over(&w->disk[1]) ||
			     (find_name(w, 2) &&
			      is_ready(w, find_name(w, 2)) &&
			      w->job[MOAT_STANDBY].job == MOAT_JOB_NONE));
}

static void run_until(struct play *p, bool (*done)(const struct world *w),
		      msec span, const char *what)
{
	msec end = p->w.now + span;

	while (!done(&p->w)) {
		if (p->w.now >= end)
			fail_msg("not %s within %u s, killed at step %d%s%s",
				 what, (unsigned int)(span / 1000),
				 p->death.at, p->death.half ? " half" : "",
				 p->death.jobs_too ? " with its jobs" : "");
		tick(p);
	}
}

/* @stock: the second disk's front end cannot follow, and a successor can take it over */
static void begin(struct play *p, bool standby, bool stock, struct death death)
{
	limits = moat_limits_default;
	limits.standby = standby;
	limits.boot = 20000;
	*p = (struct play) { .death = { .at = -1 } };
	p->w.now = 1000000;
	p->w.next_domid = 10;
	/* disks of a domain that "xl create" has made before moatd came */
	p->w.dom[5] = (struct domain) { .alive = true, .name = 1,
					.born = p->w.now - BOOT_MS };
	p->w.pci_holder = 5;
	p->w.pci_given_at = p->w.now - PROBE_MS;
	for (size_t i = 0; i < DISKS; i++)
		p->w.disk[i].backend = 5;
	run_until(p, is_whole, 30000, "whole at first");
	p->w.disk[1].stock = p->w.disk[1].noted = stock;
	for (int i = 0; i < 10; i++)
		tick(p);
	p->death = death;
	p->steps = 0;
}

/* A healthy slot is left alone. */
static void check_quiet(struct play *p, msec span)
{
	int before = p->steps;

	for (msec end = p->w.now + span; p->w.now < end;)
		tick(p);
	assert_int_equal(p->steps, before);
}

static bool gave_up(const struct world *w)
{
	return w->gave_up;
}

typedef void history(struct play *p);

/* Play a history for each way to die. */
static void play_all(history *h, bool standby, bool stock)
{
	struct death none = { .at = -1 };
	struct play p;
	int steps;

	begin(&p, standby, stock, none);
	h(&p);
	check_quiet(&p, 120000);
	steps = p.steps;
	assert_true(steps > 0);
	for (int at = 0; at < steps; at++)
		for (int way = 0; way < 4; way++) {
			struct death d = { at, way & 1, way & 2 };

			begin(&p, standby, stock, d);
			h(&p);
			check_quiet(&p, 120000);
		}
}

static void crash(struct play *p)
{
	p->w.dom[find_name(&p->w, 1)].crashed = true;
	settle(p);
	run_until(p, is_whole, 120000, "whole after a crash");
	assert_int_equal(p->w.reports, 1);
	/* again, if the first new domain never came to life */
	assert_in_range(p->w.repoints, DISKS, 2 * DISKS);
}

static void hang(struct play *p)
{
	p->w.dom[find_name(&p->w, 1)].hung = true;
	for (int i = 0; i < 9000 / STEP_MS; i++)
		tick(p);
	assert_false(p->w.recovery.on);
	for (int i = 0; i < 3000 / STEP_MS; i++)
		tick(p);
	assert_true(p->w.recovery.on || p->death.at >= 0);
	run_until(p, is_whole, 120000, "whole after a hang");
	assert_int_equal(p->w.reports, 1);
}

/* xl destroy may leave what is noted of its devices. */
static void vanish_untidily(struct play *p)
{
	struct domain *d = &p->w.dom[find_name(&p->w, 1)];

	d->alive = false;
	settle(p);
	run_until(p, is_whole, 120000, "whole after it vanished");
	assert_int_equal(p->w.reports, 1);
}

static void vanish(struct play *p)
{
	p->w.pci_holder = 0;
	vanish_untidily(p);
}

static void second_crash(struct play *p)
{
	unsigned int second;

	p->w.dom[find_name(&p->w, 1)].crashed = true;
	while (p->w.pci_holder == 5 || !p->w.pci_holder)
		tick(p);
	second = p->w.pci_holder;
	p->w.dom[second].crashed = true;
	run_until(p, is_whole, 120000, "whole after two crashes");
	assert_false(p->w.dom[second].alive);
}

static void both_crash(struct play *p)
{
	p->w.dom[find_name(&p->w, 1)].crashed = true;
	p->w.dom[find_name(&p->w, 2)].crashed = true;
	settle(p);
	run_until(p, is_whole, 120000, "whole after both crashed");
}

static void standby_crash(struct play *p)
{
	unsigned int active = find_name(&p->w, 1);

	p->w.dom[find_name(&p->w, 2)].crashed = true;
	settle(p);
	run_until(p, is_whole, 120000, "whole after the standby crashed");
	assert_int_equal(find_name(&p->w, 1), active);
	assert_int_equal(p->w.reports, 0);
}

static void restart(struct play *p)
{
	unsigned int active = serial_of(&p->w, 1);

	p->w.wish = MOAT_WISH_RESTART;
	p->w.wish_at = p->w.now;
	settle(p);
	run_until(p, is_whole, 120000, "restarted");
	assert_true(serial_of(&p->w, 1) != active);
	if (!p->death.jobs_too)
		assert_int_equal(p->w.crash_count, 0);
}

/* Unless an upgrade was cut short by our death, there is a new domain. */
static void upgrade(struct play *p)
{
	unsigned int active = serial_of(&p->w, 1);
	unsigned int standby = serial_of(&p->w, 2);

	p->w.wish = MOAT_WISH_UPGRADE;
	p->w.wish_at = p->w.now;
	settle(p);
	run_until(p, is_whole, 120000, "upgraded");
	if (p->w.aborted) {
		assert_true(p->death.at >= 0);
		assert_int_equal(serial_of(&p->w, 1), active);
		return;
	}
	assert_true(serial_of(&p->w, 1) != active);
	assert_true(serial_of(&p->w, 1) != standby || !standby);
}

static void crash_in_upgrade(struct play *p)
{
	p->w.wish = MOAT_WISH_UPGRADE;
	p->w.wish_at = p->w.now;
	while (!p->w.held && p->w.wish)
		tick(p);
	p->w.dom[find_name(&p->w, 1)].crashed = true;
	run_until(p, is_whole, 120000, "whole after a crash in an upgrade");
}

/* Whatever came to pass, the disk that needs it is where it was. */
static void check_taken_over(const struct play *p)
{
	/* an upgrade, cut short by our death */
	if (p->w.aborted)
		return;
	assert_int_equal(p->w.disk[1].backend, 5);
	assert_int_equal(find_name(&p->w, 1), 5);
	assert_false(p->w.disk[1].left);
	assert_in_range(p->w.recreated, 1, 3);
	assert_true(p->w.reports > 0);
}

static void second_crash_stock(struct play *p)
{
	p->w.dom[5].crashed = true;
	while (!p->w.recreated || p->w.dom[5].placeholder)
		tick(p);
	p->w.dom[5].crashed = true;
	run_until(p, is_whole, 120000, "whole after two crashes");
	assert_in_range(p->w.recreated, 2, 4);
}

/* Somebody destroys the placeholder. */
static void vanish_twice(struct play *p)
{
	p->w.dom[5].crashed = true;
	while (!p->w.recreated)
		tick(p);
	p->w.dom[5].alive = false;
	if (p->w.pci_holder == 5)
		p->w.pci_holder = 0;
	run_until(p, is_whole, 120000, "whole after the placeholder vanished");
}

#define PLAY(name, standby) \
	static void test_##name##_##standby(void **state) \
	{ \
		(void)state; \
		play_all(name, standby, false); \
	}

#define PLAY_STOCK(name, standby) \
	static void name##_then_look(struct play *p) \
	{ \
		name(p); \
		check_taken_over(p); \
	} \
	static void test_takeover_##name(void **state) \
	{ \
		(void)state; \
		play_all(name##_then_look, standby, true); \
	}

PLAY(crash, true)
PLAY(crash, false)
PLAY(hang, true)
PLAY(hang, false)
PLAY(vanish, true)
PLAY(vanish, false)
PLAY(vanish_untidily, true)
PLAY(second_crash, true)
PLAY(second_crash, false)
PLAY(both_crash, true)
PLAY(standby_crash, true)
PLAY(restart, true)
PLAY(restart, false)
PLAY(upgrade, true)
PLAY(crash_in_upgrade, true)
PLAY_STOCK(crash, true)
PLAY_STOCK(hang, false)
PLAY_STOCK(vanish, true)
PLAY_STOCK(vanish_untidily, false)
PLAY_STOCK(second_crash_stock, false)
PLAY_STOCK(vanish_twice, false)
PLAY_STOCK(restart, true)
PLAY_STOCK(upgrade, true)
PLAY_STOCK(crash_in_upgrade, false)

/* --- histories played once --------------------------------------------- */

static const struct death alive = { .at = -1 };

static void test_quiet(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	check_quiet(&p, 600000);
}

/* Pauses of 1, 2, 4 seconds, then no more until a person says so. */
static void test_crash_loop(void **state)
{
	struct play p;
	msec pause[5] = { 0 };

	(void)state;
	begin(&p, false, false, alive);
	for (int i = 0; i < 5; i++) {
		unsigned int active = find_name(&p.w, 1), made = p.w.created;
		msec from = p.w.now;

		p.w.dom[active].crashed = true;
		while (p.w.created == made && !p.w.gave_up)
			tick(&p);
		pause[i] = p.w.now - from;
		if (!p.w.gave_up)
			run_until(&p, all_up, 60000, "up");
	}
	assert_true(gave_up(&p.w));
	assert_true(pause[0] < 1000);
	assert_in_range(pause[1], 1000, 1200);
	assert_in_range(pause[2], 2000, 2200);
	assert_in_range(pause[3], 4000, 4200);
	check_quiet(&p, 1000000);
	p.w.wish = MOAT_WISH_RESTART;
	run_until(&p, all_up, 60000, "up again");
}

/* For so long; then there is a standby, whatever else is missing. */
static void check_settles(struct play *p, msec span)
{
	for (msec end = p->w.now + span; p->w.now < end;)
		tick(p);
	assert_true(find_name(&p->w, 2) && is_ready(&p->w, find_name(&p->w, 2)));
}

static bool is_reported(const struct world *w)
{
	return w->reports > 0;
}

static void check_devices_never_appear(bool tells)
{
	struct play p;

	begin(&p, true, false, alive);
	p.w.bad_probe = true;
	p.w.tells = tells;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, is_reported, 600000, "reported");
	assert_int_equal(p.w.left, DISKS);
	assert_int_equal(p.w.destroyed, 4);
	assert_int_equal(p.w.gave_ups, 0);
	p.w.bad_probe = false;
	run_until(&p, is_whole, 60000, "whole, as they have appeared");
	assert_int_equal(p.w.destroyed, 4);
}

/* Three domains are tried, whether they tell of it or not; then it waits for the devices. */
static void test_devices_never_appear(void **state)
{
	(void)state;
	check_devices_never_appear(false);
	check_devices_never_appear(true);
}

static void test_standby_never_ready(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	p.w.bad_standby = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, all_up, 60000, "up");
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, all_up, 60000, "up, with a standby that never is");
}

/* Standbys that die as soon as they are there: a few, ever more slowly. */
static void test_standbys_die(void **state)
{
	struct play p;
	unsigned int made;

	(void)state;
	begin(&p, true, false, alive);
	made = p.w.created;
	for (msec end = p.w.now + 600000; p.w.now < end; tick(&p)) {
		unsigned int id = find_name(&p.w, 2);

		if (id && p.w.now - p.w.dom[id].born > 1000)
			p.w.dom[id].crashed = true;
	}
	assert_int_equal(p.w.created - made, 4);
	/* and an upgrade may try another */
	p.w.standby_deaths = 0;
	p.w.wish = MOAT_WISH_UPGRADE;
	p.w.wish_at = p.w.now;
	run_until(&p, is_whole, 120000, "upgraded");
}

/* An upgrade to something that does not boot changes nothing. */
static void test_bad_upgrade(void **state)
{
	struct play p;
	unsigned int active;

	(void)state;
	begin(&p, true, false, alive);
	active = find_name(&p.w, 1);
	p.w.bad_standby = true;
	p.w.wish = MOAT_WISH_UPGRADE;
	p.w.wish_at = p.w.now;
	while (p.w.wish)
		tick(&p);
	assert_int_equal(p.w.aborted, 1);
	assert_int_equal(find_name(&p.w, 1), active);
	assert_true(all_up(&p.w));
}

static void test_failing_create(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	p.w.bad_create = true;
	p.w.wish = MOAT_WISH_UPGRADE;
	p.w.wish_at = p.w.now;
	while (p.w.wish)
		tick(&p);
	assert_int_equal(p.w.aborted, 1);
	p.w.bad_create = false;
	run_until(&p, is_whole, 120000, "whole");
}

/* A front end cries wolf: its own disk is connected anew, ever less often. */
static void test_crying_wolf(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	for (msec end = p.w.now + 300000; p.w.now < end; tick(&p))
		p.w.disk[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_in_range(p.w.reconnects, 4, 12);
	assert_int_equal(p.w.disk[0].complaints, 0);
	assert_int_equal(p.w.reports, 0);
	run_until(&p, is_whole, 120000, "whole");
}

/* Two are believed, each three times, and the domain never gives up for it. */
static void test_two_wolves(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	for (msec end = p.w.now + 600000; p.w.now < end; tick(&p))
		for (int i = 0; i < 2; i++)
			p.w.disk[i].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_int_equal(p.w.disk[0].complaints, 3);
	assert_int_equal(p.w.disk[1].complaints, 3);
	assert_int_equal(p.w.crash_count, 0);
	assert_in_range(p.w.reconnects, 1, 40);
	for (int i = 0; i < 2; i++)
		p.w.disk[i].trouble = MOAT_TROUBLE_IS_NONE;
	run_until(&p, is_whole, 200000, "whole");
	assert_in_range(p.w.reports, 1, 3);
}

static void test_stock_front(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, false, alive);
	p.w.disk[1].stock = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, is_whole, 60000, "whole");
	assert_true(p.w.disk[1].left);
	assert_false(p.w.dom[p.w.disk[1].backend].alive);
}

/* Between crashes the domid is never anybody's: a domain that does not run has it. */
static void test_takeover_crash_loop(void **state)
{
	struct domain *d;
	struct play p;

	(void)state;
	begin(&p, false, true, alive);
	d = &p.w.dom[5];
	for (int i = 0; i < 5; i++) {
		unsigned int made = p.w.recreated;
		msec from = p.w.now;

		d->crashed = true;
		while (p.w.recreated == made)
			tick(&p);
		assert_in_range(p.w.now - from, 1, 1000);
		while (d->placeholder && !p.w.gave_up)
			tick(&p);
		if (i && !p.w.gave_up)
			assert_in_range(p.w.now - from, 900 << (i - 1), 1200 << (i - 1));
		if (!p.w.gave_up)
			run_until(&p, all_up, 60000, "up");
	}
	assert_true(p.w.gave_up && d->placeholder && d->paused);
	check_quiet(&p, 1000000);
	p.w.wish = MOAT_WISH_RESTART;
	run_until(&p, all_up, 60000, "up again");
	assert_int_equal(p.w.recreated, 5);
}

static bool is_recovering(const struct world *w)
{
	return w->recovery.on;
}

/* On purpose it goes when nothing is in flight, if that comes soon. */
static void test_takeover_waits_for_a_moment(void **state)
{
	struct play p;
	msec from;

	(void)state;
	for (int comes = 0; comes < 2; comes++) {
		begin(&p, false, true, alive);
		p.w.dom[5].device = 30;
		p.w.wish = MOAT_WISH_RESTART;
		p.w.wish_at = from = p.w.now;
		while (p.w.now < from + limits.hang - STEP_MS) {
			tick(&p);
			assert_false(p.w.recovery.on);
			if (comes && p.w.now >= from + limits.hang / 2)
				break;
		}
		if (comes)
			p.w.dom[5].device = 0;
		from = p.w.now;
		run_until(&p, is_recovering, 1100, "restarted");
		assert_true(p.w.now - from <= 1000);
	}
}

/* What was seen before it was wished says nothing. */
static void test_takeover_looks_anew(void **state)
{
	struct play p;
	msec from;

	(void)state;
	begin(&p, false, true, alive);
	while (p.w.now % 1000)
		tick(&p);
	p.w.wish = MOAT_WISH_RESTART;
	p.w.wish_at = from = p.w.now;
	run_until(&p, is_recovering, 1100, "restarted");
	assert_true(p.w.now - from >= 900);
}

/* A stranger was faster: the disk is lost, the others are not, and he is left alone. */
static void test_takeover_stranger(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, true, alive);
	p.w.thief = true;
	p.w.dom[5].crashed = true;
	run_until(&p, is_whole, 120000, "whole but for one disk");
	assert_true(p.w.disk[1].left);
	assert_int_equal(p.w.recreated, 0);
	assert_int_equal(p.w.destroyed, 1);
	assert_int_not_equal(find_name(&p.w, 1), 5);
}

/* So it is when the domain cannot be created, after some tries. */
static void test_takeover_fails(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, true, alive);
	p.w.bad_create = true;
	p.w.dom[5].crashed = true;
	while (!p.w.disk[1].left)
		tick(&p);
	assert_int_equal(p.w.recreated, 5);
	p.w.bad_create = false;
	run_until(&p, is_whole, 120000, "whole but for one disk");
	assert_int_not_equal(find_name(&p.w, 1), 5);
}

/* A takeover may be switched off, and needs what was noted. */
static void test_no_takeover(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, true, alive);
	limits.takeover = false;
	p.w.dom[5].crashed = true;
	run_until(&p, is_whole, 60000, "whole but for one disk");
	assert_true(p.w.disk[1].left);
	assert_int_equal(p.w.recreated, 0);
}

/* One disk whose device stays away is that disk's trouble. */
static void test_one_device_away(void **state)
{
	struct play p;
	unsigned int active;

	(void)state;
	begin(&p, true, false, alive);
	p.w.disk[2].away = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, is_reported, 120000, "recovered but for one disk");
	assert_int_equal(p.w.left, 1);
	assert_int_equal(p.w.destroyed, 1);
	active = find_name(&p.w, 1);
	check_settles(&p, 600000);
	assert_int_equal(find_name(&p.w, 1), active);
	p.w.disk[2].away = false;
	run_until(&p, is_whole, 60000, "whole, as it is back");
	assert_int_equal(find_name(&p.w, 1), active);
}

/* One disk that cannot be moved is that disk's trouble, and nothing waits for it. */
static void test_stubborn_disk(void **state)
{
	struct play p;
	unsigned int active;

	(void)state;
	begin(&p, true, false, alive);
	p.w.disk[0].stubborn = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, is_reported, 60000, "recovered but for one disk");
	assert_int_equal(p.w.left, 1);
	check_settles(&p, 600000);
	assert_in_range(p.w.refusals, 5, 20);
	active = find_name(&p.w, 1);
	p.w.wish = MOAT_WISH_RESTART;
	p.w.wish_at = p.w.now;
	for (int i = 0; i < 1000 / STEP_MS; i++)
		tick(&p);
	assert_false(p.w.dom[active].alive);
	p.w.disk[0].stubborn = false;
	run_until(&p, is_whole, 120000, "whole, with the disk too");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_crash_true),
		cmocka_unit_test(test_crash_false),
		cmocka_unit_test(test_hang_true),
		cmocka_unit_test(test_hang_false),
		cmocka_unit_test(test_vanish_true),
		cmocka_unit_test(test_vanish_false),
		cmocka_unit_test(test_vanish_untidily_true),
		cmocka_unit_test(test_second_crash_true),
		cmocka_unit_test(test_second_crash_false),
		cmocka_unit_test(test_both_crash_true),
		cmocka_unit_test(test_standby_crash_true),
		cmocka_unit_test(test_restart_true),
		cmocka_unit_test(test_restart_false),
		cmocka_unit_test(test_upgrade_true),
		cmocka_unit_test(test_crash_in_upgrade_true),
		cmocka_unit_test(test_takeover_crash),
		cmocka_unit_test(test_takeover_hang),
		cmocka_unit_test(test_takeover_vanish),
		cmocka_unit_test(test_takeover_vanish_untidily),
		cmocka_unit_test(test_takeover_second_crash_stock),
		cmocka_unit_test(test_takeover_vanish_twice),
		cmocka_unit_test(test_takeover_restart),
		cmocka_unit_test(test_takeover_upgrade),
		cmocka_unit_test(test_takeover_crash_in_upgrade),
		cmocka_unit_test(test_takeover_crash_loop),
		cmocka_unit_test(test_takeover_waits_for_a_moment),
		cmocka_unit_test(test_takeover_looks_anew),
		cmocka_unit_test(test_takeover_stranger),
		cmocka_unit_test(test_takeover_fails),
		cmocka_unit_test(test_no_takeover),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_devices_never_appear),
		cmocka_unit_test(test_standby_never_ready),
		cmocka_unit_test(test_standbys_die),
		cmocka_unit_test(test_bad_upgrade),
		cmocka_unit_test(test_failing_create),
		cmocka_unit_test(test_crying_wolf),
		cmocka_unit_test(test_two_wolves),
		cmocka_unit_test(test_stock_front),
		cmocka_unit_test(test_stubborn_disk),
		cmocka_unit_test(test_one_device_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
