// SPDX-License-Identifier: GPL-2.0
/*
 * One domain goes, another comes. A domain that is condemned is destroyed, and
 * seen to be gone, before anything of it is given to another.
 */
#include "decision.h"

/* a process that is killed ends within */
#define KILL_MS 5000

/*
 * A process that sleeps in the kernel, over a sick controller, cannot be killed; it
 * is not waited for. What it does when it wakes up it does to a domain that is gone.
 */
bool moat_abandon_jobs(struct decision *d)
{
	for (int r = 0; r < MOAT_ROLES; r++)
		if (d->view->job[r] != MOAT_JOB_NONE && d->view->killed[r] &&
		    passed(d, d->view->killed[r], KILL_MS))
			return act_on(d, MOAT_ACT_ABANDON, r,
				      "it cannot be killed");
	return false;
}

bool moat_destroy(struct decision *d, enum moat_role role, const char *text)
{
	enum moat_job job = d->view->job[role];

	if (job == MOAT_JOB_DESTROY)
		return true;
	if (job != MOAT_JOB_NONE)
		return d->view->killed[role] ||
		       act_on(d, MOAT_ACT_KILL, role, text);
	if (!may_start(d, role, MOAT_JOB_DESTROY))
		return true;
	return act_on(d, MOAT_ACT_DESTROY, role, text);
}

bool moat_remove_condemned(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);

	return dom->domid && dom->condemned &&
	       (moat_takeover_remove(d) ||
		moat_destroy(d, MOAT_ACTIVE, "it is condemned"));
}

size_t moat_decide_crashes(const struct moat_view *view,
			   const struct moat_limits *limits, msec now)
{
	size_t count = 0;

	for (size_t i = 0; i < view->crash_count; i++)
		count += now - view->crashes[i] <= limits->crash_window;
	return count;
}

/* Stop for good after too many crashes, for a while after two. */
bool moat_back_off(struct decision *d)
{
	size_t count = moat_decide_crashes(d->view, d->limits, d->now);
	msec last, pause;

	if (d->view->gave_up)
		return true;
	if (count >= d->limits->crash_loop)
		return act(d, MOAT_ACT_GIVE_UP, "too many crashes");
	if (count < 2)
		return false;
	last = d->view->crashes[d->view->crash_count - 1];
	pause = moat_doubled(1000, count - 2, BACKOFF_MAX_MS);
	return d->now - last < pause && wait_until(d, last + pause);
}

bool moat_replace(struct decision *d)
{
	const struct moat_view_domain *standby = domain(d, MOAT_STANDBY);

	if (domain(d, MOAT_ACTIVE)->domid)
		return false;
	/* its successor is about to be there, of which nothing must be swept away */
	if (d->view->job[MOAT_ACTIVE] == MOAT_JOB_REPLACE)
		return true;
	if (d->view->recorded && !d->view->recovery.on) {
		d->out->why = MOAT_WHY_GONE;
		return act(d, MOAT_ACT_BEGIN, "it is gone");
	}
	if (d->view->recovery.on &&
	    !d->view->recovery.phase[MOAT_PHASE_DESTROY])
		return act_at(d, MOAT_ACT_PHASE, MOAT_PHASE_DESTROY,
			      "the old domain is gone");
	if (d->view->wish == MOAT_WISH_RESTART)
		return act(d, MOAT_ACT_FORGIVE, "a restart is wished");
	/* whoever has the name is left alone, and there is no other beside it */
	if (d->view->foreign[MOAT_ACTIVE])
		return true;
	if (moat_takeover_replace(d))
		return true;
	if (moat_back_off(d) || moat_standby_remove_bad(d))
		return true;
	/* an xl that still tidies up behind a domain is not waited for */
	if (d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE &&
	    d->view->job[MOAT_ACTIVE] != MOAT_JOB_DESTROY)
		return true;
	/* even one that still boots is ahead of one that is not created */
	if (d->view->job[MOAT_STANDBY] != MOAT_JOB_NONE)
		return true;
	if (standby->domid && !standby->ready)
		return true;
	if (standby->domid) {
		/* it gets its devices in their order, and so calls them as the last did */
		d->slot->turn = 0;
		return act(d, MOAT_ACT_PROMOTE, "the standby takes over");
	}
	if (moat_devices_settle(d) || !moat_devices_free(d) ||
	    !may_start(d, MOAT_ACTIVE, MOAT_JOB_CREATE))
		return true;
	return act_on(d, MOAT_ACT_CREATE, MOAT_ACTIVE, "there is none");
}
