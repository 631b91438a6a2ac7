// SPDX-License-Identifier: GPL-2.0
/*
 * The small world: how it looks, and what moatd's steps do to it.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

struct moat_limits limits;
static struct moat_view_disk seen[DISKS];

unsigned int find_name(const struct world *w, int name)
{
	for (unsigned int i = 1; i < DOMAINS; i++)
		if (w->dom[i].alive && w->dom[i].name == name)
			return i;
	return 0;
}

bool runs(const struct domain *d)
{
	return d->alive && !d->crashed && !d->paused && !d->hung;
}

bool is_ready(const struct world *w, unsigned int id)
{
	const struct domain *d = &w->dom[id];

	return d->alive && !d->placeholder && w->now - d->born >= BOOT_MS && !d->deaf;
}

bool is_served(const struct world *w, const struct disk *d)
{
	return !d->torn && !d->away && runs(&w->dom[d->backend]) &&
	       d->granted == w->dom[d->backend].serial &&
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
	v->condemned = w->condemned == id && w->condemned_serial == w->dom[id].serial;
	v->placeholder = w->dom[id].placeholder;
	v->heartbeat = w->dom[id].beats;
	v->poller = w->dom[id].poller;
	v->device = w->dom[id].device;
}

static void view_disk(const struct world *w, size_t i, unsigned int active,
		      struct moat_view_disk *v)
{
	const struct disk *d = &w->disk[i];
	bool torn = d->torn || d->granted != w->dom[d->backend].serial;
	bool up = is_served(w, d);

	*v = (struct moat_view_disk) {
		.app = APP + i, .device = 51712, .backend = d->backend,
		.orphan = !w->dom[d->backend].alive || (torn && d->backend != active),
		.able = !d->stock, .torn = torn,
		.awake = true, .served = d->served, .left = d->left,
		.hold = d->hold, .connected = up,
		.noted = d->noted, .safe = d->noted,
		.front_state = up || d->stock ? 4 : 1, .back_state = up ? 4 : 1,
		.front = !up ? MOAT_FRONT_IS_WAITING :
			 d->hold ? MOAT_FRONT_IS_HELD : MOAT_FRONT_IS_UP,
		.trouble = d->trouble, .kept = d->kept,
		.failed = !up && !torn && w->tells && is_ready(w, d->backend) &&
			  w->now - w->pci_given_at >= TELL_MS,
	};
	v->complaints = d->complaints;
	snprintf(v->vm, sizeof(v->vm), "vm%zu", i);
}

void view_world(const struct world *w, struct moat_view *v)
{
	const struct domain *recorded = &w->dom[w->recorded];
	bool ours = recorded->alive && recorded->name && w->recorded;
	unsigned int active = ours ? w->recorded : find_name(w, 1);
	unsigned int standby = find_name(w, 2);

	*v = (struct moat_view) {
		.recorded = w->recorded, .recovery = w->recovery,
		.crash_count = w->crash_count, .gave_up = w->gave_up,
		.wish = w->wish, .wish_at = w->wish_at, .held = w->held,
		.standby_made = w->standby_made,
		.standby_deaths = w->standby_deaths,
		.standby_died = w->standby_died, .pcis = 1, .disks = seen,
		.count = DISKS,
	};
	memcpy(v->crashes, w->crashes, sizeof(v->crashes));
	view_domain(w, active, &v->domain[MOAT_ACTIVE]);
	v->domain[MOAT_ACTIVE].anew = ours && recorded->serial != w->recorded_serial;
	v->stranger = w->recorded && recorded->alive && !recorded->name;
	if (standby != active)
		view_domain(w, standby, &v->domain[MOAT_STANDBY]);
	for (int r = 0; r < MOAT_ROLES; r++)
		v->job[r] = w->job[r].job;
	v->pci[0].domid = w->pci_holder;
	v->pci[0].stale = w->pci_holder && !w->dom[w->pci_holder].alive;
	v->pci[0].busy = !w->pci_holder && w->now < w->pci_free_at;
	v->pci[0].assignable = true;
	for (size_t i = 0; i < DISKS; i++)
		view_disk(w, i, active, &seen[i]);
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
	assert_true(!w->condemned || !w->dom[w->condemned].alive ||
		    w->dom[w->condemned].serial != w->condemned_serial);
}

/* --- processes --------------------------------------------------------- */

static void start_job(struct world *w, enum moat_role role, enum moat_job job,
		      unsigned int domid)
{
	assert_int_equal(w->job[role].job, MOAT_JOB_NONE);
	w->job[role] = (struct job) { job, w->now + JOB_MS, domid, role, false };
}

/* Xen has a domain long before xl is done with it. */
static void make_domain(struct world *w, enum moat_role role, unsigned int id)
{
	assert_true(id < DOMAINS);
	assert_int_equal(find_name(w, role + 1), 0);
	assert_false(w->dom[id].alive);
	w->dom[id] = (struct domain) { .alive = true, .name = role + 1,
				       .born = w->now, .serial = ++w->serials };
	w->dom[id].deaf = role == MOAT_STANDBY && w->bad_standby;
	w->created++;
}

static void make_placeholder(struct world *w)
{
	make_domain(w, MOAT_ACTIVE, w->recorded);
	w->dom[w->recorded].placeholder = w->dom[w->recorded].paused = true;
	if (!w->pci_holder && w->now >= w->pci_free_at)
		give_pci(w, w->recorded);
	w->recreated++;
}

static void take_away(struct world *w, unsigned int id)
{
	w->dom[id] = (struct domain) { .alive = w->thief, .serial = ++w->serials };
	w->destroyed++;
}

/* The old domain goes, and some time later the process ends. Return: whether it goes on. */
static bool replace(struct world *w, struct job *j)
{
	take_away(w, j->domid);
	if (w->thief || w->bad_create)
		return false;
	make_placeholder(w);
	j->halfway = true;
	j->end = w->now + JOB_MS;
	return true;
}

void end_job(struct world *w, struct moat_slot *slot, enum moat_role role)
{
	struct job j = w->job[role];
	bool ok = true;

	if (j.job == MOAT_JOB_REPLACE && !j.halfway) {
		ok = replace(w, &w->job[role]);
		if (ok)
			return;
	}
	w->job[role] = (struct job) { .job = MOAT_JOB_NONE };
	if (j.job == MOAT_JOB_DESTROY) {
		take_away(w, j.domid);
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
			 unsigned int domid, bool gone)
{
	bool counts = a->why != MOAT_WHY_RESTART && a->why != MOAT_WHY_UPGRADE;

	if (!w->recovery.on)
		w->recovery = (struct moat_view_recovery) {
			.on = true, .why = a->why, .old = domid,
			.begun = w->now, .detect = a->detect };
	w->recovery.probes += a->why == MOAT_WHY_PROBE;
	memset(w->recovery.phase, 0, sizeof(w->recovery.phase));
	w->condemned = domid;
	w->condemned_serial = gone ? 0 : w->dom[domid].serial;
	for (size_t i = 0; i < DISKS && a->no_crash; i++)
		w->disk[i].complaints += moat_disk_complains(&seen[i], domid);
	if (counts && !a->no_crash)
		w->crashes[w->crash_count++] = w->now;
	if (a->why == MOAT_WHY_RESTART)
		w->crash_count = 0;
	if (!counts)
		w->wish = MOAT_WISH_NONE;
	w->held = 0;
}

static void repoint(struct world *w, const struct moat_view *v, size_t bound)
{
	unsigned int to = v->domain[MOAT_ACTIVE].domid;

	assert_true(to && w->dom[to].alive);
	for (size_t i = 0; i < bound; i++) {
		struct disk *d = &w->disk[i];

		if (!moat_disk_is_due(v, &limits, &seen[i], w->now))
			continue;
		assert_true(d->backend == to || !d->stock);
		moat_disk_moved(&d->kept, !d->stubborn, w->now);
		if (d->stubborn) {
			w->refusals++;
			continue;
		}
		d->backend = to;
		d->granted = w->dom[to].serial;
		d->pointed_at = w->now;
		d->hold = d->torn = false;
		d->trouble = MOAT_TROUBLE_IS_NONE;
		w->repoints++;
	}
}

static void start_replacing(struct world *w, unsigned int id, bool half)
{
	assert_true(w->condemned == id && w->recorded == id);
	w->dom[id].paused = true;
	strip(w, id);
	if (!half)
		start_job(w, MOAT_ACTIVE, MOAT_JOB_REPLACE, id);
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
	w->recorded_serial = w->dom[id].serial;
	if (w->wish == MOAT_WISH_UPGRADE && w->standby_made >= w->wish_at)
		w->wish = MOAT_WISH_NONE;
	w->standby_made = w->standby_deaths = 0;
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
	id = w->next_domid++;
	make_domain(w, role, id);
	if (role == MOAT_ACTIVE)
		give_pci(w, id);
	start_job(w, role, MOAT_JOB_CREATE, id);
}

/* At once: pciback may not have let go of the device yet. */
static void recreate(struct world *w, bool half)
{
	check_old_is_gone(w);
	assert_true(w->job[MOAT_ACTIVE].job == MOAT_JOB_NONE);
	/* what is noted of its predecessor's would be taken for its own */
	assert_true(w->pci_holder != w->recorded);
	if (half)
		return;
	make_placeholder(w);
	start_job(w, MOAT_ACTIVE, MOAT_JOB_CREATE, w->recorded);
}

static void unpause(struct world *w, unsigned int id, bool half)
{
	struct domain *d = &w->dom[id];

	assert_true(d->placeholder);
	if (d->paused)
		d->born = w->now;
	d->paused = false;
	d->placeholder = half;
}

static void hold(struct world *w, bool wanted, size_t bound)
{
	w->held = wanted ? w->now : 0;
	for (size_t i = 0; i < bound; i++)
		w->disk[i].hold = wanted && !w->disk[i].stock;
}

/* Steps of which moatd may die in the middle. Return: was it one? */
static bool apply_long(struct world *w, const struct moat_view *v,
		       const struct moat_action *a, bool half)
{
	size_t bound = half ? 1 : DISKS;

	switch (a->act) {
	case MOAT_ACT_DESTROY:
		if (a->role == MOAT_STANDBY && a->why) {
			w->standby_deaths++;
			w->standby_died = w->now;
		}
		destroy(w, v->domain[a->role].domid, a->role, half);
		return true;
	case MOAT_ACT_CREATE:
		create(w, a->role, half);
		return true;
	case MOAT_ACT_RECREATE:
		recreate(w, half);
		return true;
	case MOAT_ACT_REPLACE:
		start_replacing(w, v->domain[MOAT_ACTIVE].domid, half);
		return true;
	case MOAT_ACT_UNPAUSE:
		unpause(w, v->domain[MOAT_ACTIVE].domid, half);
		return true;
	case MOAT_ACT_REPOINT:
		repoint(w, v, bound);
		return true;
	case MOAT_ACT_HOLD:
	case MOAT_ACT_RELEASE:
		hold(w, a->act == MOAT_ACT_HOLD, bound);
		return true;
	case MOAT_ACT_ABORT:
		w->wish = MOAT_WISH_NONE;
		w->aborted++;
		if (!half)
			hold(w, false, DISKS);
		return true;
	default:
		return false;
	}
}

static void apply_to_disk(struct world *w, const struct moat_view *v,
			  const struct moat_action *a)
{
	struct disk *d = &w->disk[a->index];

	switch (a->act) {
	case MOAT_ACT_RECONNECT:
		d->torn = true;
		d->kept = v->disks[a->index].kept;
		d->trouble = MOAT_TROUBLE_IS_NONE;
		w->reconnects++;
		break;
	case MOAT_ACT_LEAVE:
		d->left = true;
		break;
	default:
		fail_msg("unexpected act %d", a->act);
	}
}

static void forgive(struct world *w)
{
	w->crash_count = 0;
	w->gave_up = false;
	w->wish = MOAT_WISH_NONE;
}

static void report(struct world *w, size_t left)
{
	w->reports++;
	w->left = left;
	memset(&w->recovery, 0, sizeof(w->recovery));
	w->condemned = 0;
}

void apply(struct world *w, const struct moat_view *v,
	   const struct moat_action *a, bool half)
{
	unsigned int active = v->domain[MOAT_ACTIVE].domid;

	/* the others are done or not done */
	if (apply_long(w, v, a, half) || half)
		return;
	switch (a->act) {
	case MOAT_ACT_ADOPT:
		w->recorded = active;
		w->recorded_serial = w->dom[active].serial;
		break;
	case MOAT_ACT_BEGIN:
		note_verdict(w, a, w->recorded, true);
		break;
	case MOAT_ACT_CONDEMN:
		note_verdict(w, a, active, false);
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
	case MOAT_ACT_FORGIVE:
		forgive(w);
		break;
	case MOAT_ACT_GIVE_UP:
		w->gave_up = true;
		w->gave_ups++;
		break;
	case MOAT_ACT_SERVED:
		for (size_t i = 0; i < DISKS; i++)
			if (moat_disk_is_new(&seen[i], active))
				w->disk[i].served = true;
		break;
	case MOAT_ACT_PHASE:
		w->recovery.phase[a->index] = w->now;
		break;
	case MOAT_ACT_REPORT:
		report(w, a->index);
		break;
	default:
		apply_to_disk(w, v, a);
	}
}
