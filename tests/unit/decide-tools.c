// SPDX-License-Identifier: GPL-2.0
/*
 * moatd's decision: tables of single views, and histories in a small world.
 *
 * The world has Xen's domains, pciback, disks whose front ends follow moatd, and
 * the notes that moatd keeps in xenstore. Each history is played once in full,
 * then once for every step at which moatd may be killed: before the step, and
 * in the middle of it, with the process it had started dying too or going on.
 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "tools/moatd/decide.h"

#define STEP_MS 20
#define DOMAINS 64
#define DISKS 3
#define BOOT_MS 3000
#define JOB_MS 400
#define PROBE_MS 2000
#define APP 2

/* --- the world --------------------------------------------------------- */

struct domain {
	bool alive, crashed, hung, paused, deaf;
	int name;		/* 0 none, 1 the slot's, 2 the standby's */
	msec born;
	uint64_t beats;
	msec poller, device;
};

struct disk {
	unsigned int backend;
	msec pointed_at;
	bool hold, stock, torn;
	enum moat_trouble trouble;
	bool served, left;
};

struct job {
	enum moat_job job;
	msec end;
	unsigned int domid;
	enum moat_role role;
};

struct world {
	msec now;
	struct domain dom[DOMAINS];
	unsigned int next_domid;
	unsigned int pci_holder;
	msec pci_free_at, pci_given_at;
	struct disk disk[DISKS];
	struct job job[MOAT_ROLES];
	bool bad_standby, bad_probe, bad_create;
	/* notes */
	unsigned int recorded, condemned;
	struct moat_view_recovery recovery;
	msec crashes[MOAT_CRASHES_MAX];
	size_t crash_count;
	bool gave_up;
	enum moat_wish wish;
	msec wish_at, standby_made, held;
	msec complaints[32];
	size_t complaint_count;
	/* what came to pass */
	unsigned int destroyed, reports, repoints, created, aborted, gave_ups;
	unsigned int reconnects;
};

static struct moat_limits limits;
static struct moat_view_disk seen[DISKS];

static unsigned int find_name(const struct world *w, int name)
{
	for (unsigned int i = 1; i < DOMAINS; i++)
		if (w->dom[i].alive && w->dom[i].name == name)
			return i;
	return 0;
}

static bool runs(const struct domain *d)
{
	return d->alive && !d->crashed && !d->paused && !d->hung;
}

static bool is_ready(const struct world *w, unsigned int id)
{
	const struct domain *d = &w->dom[id];

	return d->alive && w->now - d->born >= BOOT_MS && !d->deaf;
}

static bool is_served(const struct world *w, const struct disk *d)
{
	return !d->torn && runs(&w->dom[d->backend]) &&
	       is_ready(w, d->backend) && w->pci_holder == d->backend &&
	       !w->bad_probe && w->now - w->pci_given_at >= PROBE_MS &&
	       w->now - d->pointed_at >= 300;
}

static void view_domain(const struct world *w, unsigned int id,
			struct moat_view_domain *v)
{
	if (!id || !w->dom[id].alive)
		return;
	v->domid = id;
	v->ended = v->crashed = w->dom[id].crashed;
	v->ready = is_ready(w, id);
	v->condemned = w->condemned == id;
	v->heartbeat = w->dom[id].beats;
	v->poller = w->dom[id].poller;
	v->device = w->dom[id].device;
}

static void view_disk(const struct world *w, size_t i, struct moat_view_disk *v)
{
	const struct disk *d = &w->disk[i];
	bool up = is_served(w, d);

	*v = (struct moat_view_disk) {
		.app = APP + i, .device = 51712, .backend = d->backend,
		.orphan = !w->dom[d->backend].alive, .able = !d->stock,
		.awake = true, .served = d->served, .left = d->left,
		.hold = d->hold, .torn = d->torn, .connected = up,
		.front_state = up ? 4 : 1, .back_state = up ? 4 : 1,
		.front = !up ? MOAT_FRONT_IS_WAITING :
			 d->hold ? MOAT_FRONT_IS_HELD : MOAT_FRONT_IS_UP,
		.trouble = d->trouble,
	};
	if (i == 0)
		for (size_t k = 0; k < w->complaint_count; k++)
			v->complaints += w->now - w->complaints[k] <=
					 limits.crash_window;
}

static void view_world(const struct world *w, struct moat_view *v)
{
	unsigned int active = w->dom[w->recorded].alive && w->recorded ?
				      w->recorded : find_name(w, 1);
	unsigned int standby = find_name(w, 2);

	*v = (struct moat_view) {
		.recorded = w->recorded, .recovery = w->recovery,
		.crash_count = w->crash_count, .gave_up = w->gave_up,
		.wish = w->wish, .wish_at = w->wish_at, .held = w->held,
		.standby_made = w->standby_made, .pcis = 1, .disks = seen,
		.count = DISKS,
	};
	memcpy(v->crashes, w->crashes, sizeof(v->crashes));
	view_domain(w, active, &v->domain[MOAT_ACTIVE]);
	if (standby != active)
		view_domain(w, standby, &v->domain[MOAT_STANDBY]);
	for (int r = 0; r < MOAT_ROLES; r++)
		v->job[r] = w->job[r].job;
	v->pci[0].domid = w->pci_holder;
	v->pci[0].stale = w->pci_holder && !w->dom[w->pci_holder].alive;
	v->pci[0].busy = !w->pci_holder && w->now < w->pci_free_at;
	v->pci[0].assignable = true;
	for (size_t i = 0; i < DISKS; i++)
		view_disk(w, i, &seen[i]);
}

/* --- what may never be ------------------------------------------------- */

static void give_pci(struct world *w, unsigned int id)
{
	assert_int_equal(w->pci_holder, 0);
	assert_true(w->now >= w->pci_free_at);
	w->pci_holder = id;
	w->pci_given_at = w->now;
}

static void strip(struct world *w, unsigned int id)
{
	/* never under a domain that runs */
	assert_true(!w->dom[id].alive || w->dom[id].paused);
	if (w->pci_holder == id) {
		w->pci_holder = 0;
		w->pci_free_at = w->now + 100;
	}
}

static void check_old_is_gone(const struct world *w)
{
	assert_true(!w->condemned || !w->dom[w->condemned].alive);
}

/* --- processes --------------------------------------------------------- */

static void start_job(struct world *w, enum moat_role role, enum moat_job job,
		      unsigned int domid)
{
	assert_int_equal(w->job[role].job, MOAT_JOB_NONE);
	w->job[role] = (struct job) { job, w->now + JOB_MS, domid, role };
}

/* Xen has a domain long before xl is done with it. */
static unsigned int make_domain(struct world *w, enum moat_role role)
{
	unsigned int id = w->next_domid++;

	assert_true(id < DOMAINS);
	assert_int_equal(find_name(w, role + 1), 0);
	w->dom[id] = (struct domain) { .alive = true, .name = role + 1,
				       .born = w->now };
	w->dom[id].deaf = role == MOAT_STANDBY && w->bad_standby;
	w->created++;
	return id;
}

static void end_job(struct world *w, struct moat_slot *slot,
		    enum moat_role role)
{
	struct job j = w->job[role];
	bool ok = true;

	w->job[role].job = MOAT_JOB_NONE;
	if (j.job == MOAT_JOB_DESTROY) {
		w->dom[j.domid].alive = false;
		w->destroyed++;
	} else if (j.job == MOAT_JOB_ATTACH && w->dom[j.domid].alive) {
		give_pci(w, j.domid);
	} else if (j.job == MOAT_JOB_CREATE) {
		ok = !w->bad_create;
		if (w->bad_create)
			w->dom[j.domid].alive = false;
	}
	moat_slot_job_ended(slot, role, j.job, ok, w->now);
}

/* --- steps ------------------------------------------------------------- */

static void note_verdict(struct world *w, const struct moat_action *a,
			 unsigned int domid)
{
	bool counts = a->why != MOAT_WHY_RESTART && a->why != MOAT_WHY_UPGRADE;

	if (!w->recovery.on)
		w->recovery = (struct moat_view_recovery) {
			.on = true, .why = a->why, .old = domid,
			.begun = w->now, .detect = a->detect };
	memset(w->recovery.phase, 0, sizeof(w->recovery.phase));
	w->condemned = domid;
	if (counts)
		w->crashes[w->crash_count++] = w->now;
	if (a->blame == APP)
		w->complaints[w->complaint_count++] = w->now;
	if (a->why == MOAT_WHY_RESTART)
		w->crash_count = 0;
	if (!counts)
		w->wish = MOAT_WISH_NONE;
	w->held = 0;
}

static void repoint(struct world *w, unsigned int to, size_t upto)
{
	assert_true(to && w->dom[to].alive);
	for (size_t i = 0; i < upto; i++) {
		struct disk *d = &w->disk[i];

		if (d->stock || (w->dom[d->backend].alive && !d->torn))
			continue;
		d->backend = to;
		d->pointed_at = w->now;
		d->hold = d->torn = false;
		d->trouble = MOAT_TROUBLE_IS_NONE;
		w->repoints++;
	}
}

static void destroy(struct world *w, unsigned int id, enum moat_role role,
		    bool half)
{
	assert_true(role == MOAT_STANDBY || w->condemned == id);
	w->dom[id].paused = true;
	strip(w, id);
	if (!half)
		start_job(w, role, MOAT_JOB_DESTROY, id);
}

static void promote(struct world *w, unsigned int id)
{
	assert_int_equal(find_name(w, 1), 0);
	check_old_is_gone(w);
	w->dom[id].name = 1;
	w->recorded = id;
	if (w->wish == MOAT_WISH_UPGRADE && w->standby_made >= w->wish_at)
		w->wish = MOAT_WISH_NONE;
	w->standby_made = 0;
}

static void create(struct world *w, enum moat_role role, bool half)
{
	unsigned int id;

	if (role == MOAT_STANDBY)
		w->standby_made = w->now;
	else
		check_old_is_gone(w);
	if (half)
		return;
	id = make_domain(w, role);
	if (role == MOAT_ACTIVE)
		give_pci(w, id);
	start_job(w, role, MOAT_JOB_CREATE, id);
}

static void hold(struct world *w, bool wanted, size_t upto)
{
	w->held = wanted ? w->now : 0;
	for (size_t i = 0; i < upto; i++)
		w->disk[i].hold = wanted && !w->disk[i].stock;
}

/* Do a step, or only what of it may have been done when moatd was killed. */
static void apply(struct world *w, const struct moat_view *v,
		  const struct moat_action *a, bool half)
{
	unsigned int active = v->domain[MOAT_ACTIVE].domid;
	size_t upto = half ? 1 : DISKS;

	switch (a->act) {
	case MOAT_ACT_DESTROY:
		destroy(w, v->domain[a->role].domid, a->role, half);
		return;
	case MOAT_ACT_CREATE:
		create(w, a->role, half);
		return;
	case MOAT_ACT_REPOINT:
		repoint(w, active, upto);
		return;
	case MOAT_ACT_HOLD:
	case MOAT_ACT_RELEASE:
		hold(w, a->act == MOAT_ACT_HOLD, upto);
		return;
	case MOAT_ACT_ABORT:
		w->wish = MOAT_WISH_NONE;
		w->aborted++;
		if (!half)
			hold(w, false, DISKS);
		return;
	default:
		break;
	}
	if (half)
		return;	/* the others are done or not done */
	switch (a->act) {
	case MOAT_ACT_ADOPT:
		w->recorded = active;
		break;
	case MOAT_ACT_BEGIN:
		note_verdict(w, a, w->recorded);
		break;
	case MOAT_ACT_CONDEMN:
		note_verdict(w, a, active);
		break;
	case MOAT_ACT_KILL:
		w->job[a->role].job = MOAT_JOB_NONE;
		break;
	case MOAT_ACT_PROMOTE:
		promote(w, v->domain[MOAT_STANDBY].domid);
		break;
	case MOAT_ACT_FREE:
		strip(w, w->pci_holder);
		break;
	case MOAT_ACT_ATTACH:
		assert_int_equal(w->pci_holder, 0);
		start_job(w, MOAT_ACTIVE, MOAT_JOB_ATTACH, active);
		break;
	case MOAT_ACT_RECONNECT:
		w->disk[a->index].torn = true;
		w->disk[a->index].trouble = MOAT_TROUBLE_IS_NONE;
		w->reconnects++;
		break;
	case MOAT_ACT_SERVED:
		w->disk[a->index].served = true;
		break;
	case MOAT_ACT_LEAVE:
		w->disk[a->index].left = true;
		break;
	case MOAT_ACT_FORGIVE:
		w->crash_count = 0;
		w->gave_up = false;
		w->wish = MOAT_WISH_NONE;
		break;
	case MOAT_ACT_GIVE_UP:
		w->gave_up = true;
		w->gave_ups++;
		break;
	case MOAT_ACT_PHASE:
		w->recovery.phase[a->index] = w->now;
		break;
	case MOAT_ACT_REPORT:
		w->reports++;
		memset(&w->recovery, 0, sizeof(w->recovery));
		w->condemned = 0;
		break;
	default:
		fail_msg("unexpected act %d", a->act);
	}
}

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
		if (p->w.job[r].job == MOAT_JOB_CREATE)
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

static bool all_up(const struct world *w)
{
	unsigned int active = find_name(w, 1);

	for (size_t i = 0; i < DISKS; i++)
		if (!w->disk[i].stock &&
		    (w->disk[i].backend != active || w->disk[i].hold ||
		     !is_served(w, &w->disk[i])))
			return false;
	return active && w->recorded == active && !w->recovery.on &&
	       w->wish == MOAT_WISH_NONE && w->pci_holder == active;
}

static bool is_whole(const struct world *w)
{
	return all_up(w) && (!limits.standby ||
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

static void begin(struct play *p, bool standby, struct death death)
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
static void play_all(history *h, bool standby)
{
	struct death none = { .at = -1 };
	struct play p;
	int steps;

	begin(&p, standby, none);
	h(&p);
	check_quiet(&p, 120000);
	steps = p.steps;
	assert_true(steps > 0);
	for (int at = 0; at < steps; at++)
		for (int way = 0; way < 4; way++) {
			struct death d = { at, way & 1, way & 2 };

			begin(&p, standby, d);
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
	assert_int_equal(p->w.repoints, DISKS);
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

static void vanish(struct play *p)
{
	struct domain *d = &p->w.dom[find_name(&p->w, 1)];

	d->alive = false;
	p->w.pci_holder = 0;
	settle(p);
	run_until(p, is_whole, 120000, "whole after it vanished");
	assert_int_equal(p->w.reports, 1);
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
	unsigned int active = find_name(&p->w, 1);

	p->w.wish = MOAT_WISH_RESTART;
	p->w.wish_at = p->w.now;
	settle(p);
	run_until(p, is_whole, 120000, "restarted");
	assert_true(find_name(&p->w, 1) != active);
	assert_int_equal(p->w.crash_count, 0);
}

/* Unless an upgrade was cut short by our death, there is a new domain. */
static void upgrade(struct play *p)
{
	unsigned int active = find_name(&p->w, 1);
	unsigned int standby = find_name(&p->w, 2);

	p->w.wish = MOAT_WISH_UPGRADE;
	p->w.wish_at = p->w.now;
	settle(p);
	run_until(p, is_whole, 120000, "upgraded");
	if (p->w.aborted) {
		assert_true(p->death.at >= 0);
		assert_int_equal(find_name(&p->w, 1), active);
		return;
	}
	assert_true(find_name(&p->w, 1) != active);
	assert_true(find_name(&p->w, 1) != standby);
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

#define PLAY(name, standby) \
	static void test_##name##_##standby(void **state) \
	{ \
		(void)state; \
		play_all(name, standby); \
	}

PLAY(crash, true)
PLAY(crash, false)
PLAY(hang, true)
PLAY(hang, false)
PLAY(vanish, true)
PLAY(vanish, false)
PLAY(second_crash, true)
PLAY(second_crash, false)
PLAY(both_crash, true)
PLAY(standby_crash, true)
PLAY(restart, true)
PLAY(restart, false)
PLAY(upgrade, true)
PLAY(crash_in_upgrade, true)

/* --- histories played once --------------------------------------------- */

static const struct death alive = { .at = -1 };

static void test_quiet(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, alive);
	check_quiet(&p, 600000);
}

/* Pauses of 1, 2, 4 seconds, then no more until a person says so. */
static void test_crash_loop(void **state)
{
	struct play p;
	msec pause[5] = { 0 };

	(void)state;
	begin(&p, false, alive);
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

static void test_devices_never_appear(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, alive);
	p.w.bad_probe = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, gave_up, 600000, "given up");
	assert_int_equal(p.w.gave_ups, 1);
	assert_true(p.w.destroyed >= 5);
}

static void test_standby_never_ready(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, alive);
	p.w.bad_standby = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, all_up, 60000, "up");
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, all_up, 60000, "up, with a standby that never is");
}

/* An upgrade to something that does not boot changes nothing. */
static void test_bad_upgrade(void **state)
{
	struct play p;
	unsigned int active;

	(void)state;
	begin(&p, true, alive);
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
	begin(&p, true, alive);
	p.w.bad_create = true;
	p.w.wish = MOAT_WISH_UPGRADE;
	p.w.wish_at = p.w.now;
	while (p.w.wish)
		tick(&p);
	assert_int_equal(p.w.aborted, 1);
	p.w.bad_create = false;
	run_until(&p, is_whole, 120000, "whole");
}

/* A front end cries wolf: three times it is believed, then it is alone. */
static void test_crying_wolf(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, alive);
	for (int i = 0; i < 3; i++) {
		p.w.disk[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
		tick(&p);
		assert_true(p.w.recovery.on);
		run_until(&p, is_whole, 60000, "whole");
	}
	assert_int_equal(p.w.reports, 3);
	for (int i = 0; i < 3; i++) {
		unsigned int reconnects = p.w.reconnects;

		p.w.disk[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
		while (p.w.reconnects == reconnects)
			tick(&p);
		run_until(&p, is_whole, 10000, "whole");
	}
	assert_int_equal(p.w.reports, 3);
	/* with another's voice it is believed again */
	p.w.disk[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	p.w.disk[1].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	for (int i = 0; i < 100; i++)
		tick(&p);
	assert_true(p.w.recovery.on);
}

static void test_stock_front(void **state)
{
	struct play p;

	(void)state;
	begin(&p, true, alive);
	p.w.disk[1].stock = true;
	p.w.dom[find_name(&p.w, 1)].crashed = true;
	run_until(&p, is_whole, 60000, "whole");
	assert_true(p.w.disk[1].left);
	assert_false(p.w.dom[p.w.disk[1].backend].alive);
}

/* --- tables ------------------------------------------------------------ */

#define SPAN_MS 1000000

struct row {
	const char *name;
	struct moat_view_domain dom;
	msec beat_age;
	enum moat_trouble trouble;
	bool late;
	enum moat_act act;
	enum moat_why why;
};

static const struct row rows[] = {
	{ .name = "healthy", .act = MOAT_ACT_NONE },
	{ .name = "crashed", .dom = { .ended = true, .crashed = true },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_CRASH },
	{ .name = "shut down", .dom = { .ended = true },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_GONE },
	{ .name = "suspended", .dom = { .suspended = true },
	  .beat_age = 60000, .act = MOAT_ACT_NONE },
	{ .name = "heartbeat at its limit", .beat_age = 10000,
	  .act = MOAT_ACT_NONE },
	{ .name = "heartbeat past its limit", .beat_age = 10001,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_HEARTBEAT },
	{ .name = "heartbeat old, but so are we", .beat_age = 60000,
	  .late = true, .act = MOAT_ACT_NONE },
	{ .name = "poller at its limit", .dom = { .poller = 5000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "poller past its limit", .dom = { .poller = 5001 },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_POLLER },
	{ .name = "slow device", .dom = { .device = 59000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "dead device", .dom = { .device = 60001 },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_DEVICE },
	{ .name = "a stall alone", .trouble = MOAT_TROUBLE_IS_STALL,
	  .act = MOAT_ACT_NONE },
	{ .name = "a stall with a slow device",
	  .trouble = MOAT_TROUBLE_IS_STALL, .dom = { .device = 59000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "a stall and a heartbeat past the shorter limit",
	  .trouble = MOAT_TROUBLE_IS_STALL, .beat_age = 5001,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_HEARTBEAT },
	{ .name = "protocol", .trouble = MOAT_TROUBLE_IS_PROTOCOL,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_PROTOCOL },
	{ .name = "lost device", .trouble = MOAT_TROUBLE_IS_DEVICE,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_DEVICE },
};

/* A slot in which all is well but for what the row says. */
static void check(const struct row *row)
{
	struct moat_limits l = moat_limits_default;
	struct moat_view_disk disk = {
		.app = APP, .device = 51712, .backend = 7, .able = true,
		.awake = true, .served = true, .connected = true,
		.front_state = 4, .back_state = 4, .front = MOAT_FRONT_IS_UP,
	};
	struct moat_view v = {
		.domain[MOAT_ACTIVE] = { .domid = 7, .ready = true },
		.recorded = 7, .pcis = 1,
		.pci[0] = { .domid = 7, .assignable = true },
		.disks = &disk, .count = 1,
	};
	struct moat_slot slot = { 0 };
	struct moat_action a;

	l.standby = false;
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	check_row(row->name, "first act", a.act, MOAT_ACT_NONE);
	v.domain[MOAT_ACTIVE] = row->dom;
	v.domain[MOAT_ACTIVE].domid = 7;
	v.domain[MOAT_ACTIVE].ready = true;
	v.late = row->late;
	disk.trouble = row->trouble;
	moat_decide(&v, &l, &slot, SPAN_MS + row->beat_age, &a);
	check_row(row->name, "act", a.act, row->act);
	check_row(row->name, "why", a.why, row->why);
	if (row->why == MOAT_WHY_HEARTBEAT)
		check_row(row->name, "detect", a.detect, row->beat_age);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < MOAT_WHYS; i++)
		assert_int_equal(moat_why_parse(moat_why_name(i)), i);
	assert_int_equal(moat_why_parse("x"), MOAT_WHY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_crash_true),
		cmocka_unit_test(test_crash_false),
		cmocka_unit_test(test_hang_true),
		cmocka_unit_test(test_hang_false),
		cmocka_unit_test(test_vanish_true),
		cmocka_unit_test(test_vanish_false),
		cmocka_unit_test(test_second_crash_true),
		cmocka_unit_test(test_second_crash_false),
		cmocka_unit_test(test_both_crash_true),
		cmocka_unit_test(test_standby_crash_true),
		cmocka_unit_test(test_restart_true),
		cmocka_unit_test(test_restart_false),
		cmocka_unit_test(test_upgrade_true),
		cmocka_unit_test(test_crash_in_upgrade_true),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_devices_never_appear),
		cmocka_unit_test(test_standby_never_ready),
		cmocka_unit_test(test_bad_upgrade),
		cmocka_unit_test(test_failing_create),
		cmocka_unit_test(test_crying_wolf),
		cmocka_unit_test(test_stock_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
