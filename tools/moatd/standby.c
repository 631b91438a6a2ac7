// SPDX-License-Identifier: GPL-2.0
/*
 * The standby: a second domain, booted and without devices, to take over at
 * once; and the way of a new kernel or configuration into service. There is none made
 * while some front end could not follow to it.
 */
#include "account.h"
#include "decision.h"

static bool lose(struct decision *d, enum moat_why why, const char *text)
{
	d->out->why = why;
	return moat_destroy(d, MOAT_STANDBY, text);
}

/* A standby serves nobody: what is wrong with it needs no verdict. */
bool moat_standby_remove_bad(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_STANDBY);
	const struct moat_clock *c = &d->slot->clock[MOAT_STANDBY];

	if (!dom->domid)
		return false;
	if (dom->suspended)
		return lose(d, MOAT_WHY_GONE, "the standby suspended");
	if (dom->ended)
		return lose(d, MOAT_WHY_CRASH, "the standby crashed");
	if (d->view->job[MOAT_STANDBY] == MOAT_JOB_CREATE)
		return false;
	if (!c->was_ready)
		return moat_since_is_long(d, &c->step, d->limits->boot) &&
		       lose(d, MOAT_WHY_BOOT,
			    "the standby is not ready in time");
	return (moat_since_is_too_long(d, &c->beat, d->limits->heartbeat) ||
		moat_since_spins(d, &c->beat)) &&
	       lose(d, MOAT_WHY_HEARTBEAT,
		    "the standby's heartbeat stands still");
}

/* Standbys that die one after the other are made ever more slowly, then no more. */
static bool back_off(struct decision *d)
{
	unsigned int deaths = d->view->standby_deaths;

	if (deaths >= d->limits->crash_loop)
		return true;
	return deaths > 1 && !passed(d, d->view->standby_died,
				     moat_pause_after(deaths - 1));
}

static bool is_held(const struct moat_view_disk *disk, unsigned int domid)
{
	return disk->backend != domid || !disk->able || !disk->awake ||
	       disk->closing || disk->front == MOAT_FRONT_IS_HELD ||
	       disk->front == MOAT_FRONT_IS_FAILED;
}

static bool all_held(const struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (!is_held(&d->view->disks[i], domain(d, MOAT_ACTIVE)->domid))
			return false;
	return true;
}

/* All disks hold; then the old domain goes. */
static bool hand_over(struct decision *d, const char *text)
{
	if (!d->view->held)
		return act(d, MOAT_ACT_HOLD, text);
	if (all_held(d) && moat_takeover_is_due(d))
		return condemn(d, MOAT_WHY_UPGRADE, 0, text);
	if (passed(d, d->view->held, d->limits->hang))
		return act(d, MOAT_ACT_ABORT, "the disks did not hold in time");
	return false;
}

/*
 * A new standby, of the configuration as it is now; then all disks hold; then
 * the old domain goes. What fails on the way leaves the old one serving.
 *
 * A successor under the same domid cannot be there before. Nobody can ask a front end
 * that needs it to hold; its requests stay in its rings.
 */
bool moat_standby_upgrade(struct decision *d)
{
	const struct moat_view_domain *standby = domain(d, MOAT_STANDBY);

	if (d->view->job[MOAT_STANDBY] != MOAT_JOB_NONE)
		return false;
	if (standby->domid && d->view->standby_made < d->view->wish_at)
		return moat_destroy(d, MOAT_STANDBY,
			       "the standby is older than the upgrade");
	if (moat_takes_over(d->view, d->limits))
		return hand_over(d, "its successor is to have its domid");
	if (d->slot->failed[MOAT_STANDBY] == MOAT_JOB_CREATE &&
	    d->slot->not_before[MOAT_STANDBY] > d->view->wish_at)
		return act(d, MOAT_ACT_ABORT,
			   "the new domain could not be created");
	if (d->view->foreign[MOAT_STANDBY])
		return act(d, MOAT_ACT_ABORT,
			   "a domain that is not Moat's has the standby's name");
	if (!standby->domid) {
		if (d->view->standby_made >= d->view->wish_at)
			return act(d, MOAT_ACT_ABORT, "the new domain died");
		return may_start(d, MOAT_STANDBY, MOAT_JOB_CREATE) &&
		       act_on(d, MOAT_ACT_CREATE, MOAT_STANDBY, "an upgrade");
	}
	return standby->ready && hand_over(d, "its successor is ready");
}

/* Is there a recovery that waits for more than a device that is not to be had? */
static bool is_under_way(const struct decision *d)
{
	const struct moat_view_recovery *r = &d->view->recovery;

	return r->on && (r->phase[MOAT_PHASE_PCI] || !r->phase[MOAT_PHASE_DESTROY] ||
			 moat_has_devices(d->view));
}

bool moat_standby_keep(struct decision *d)
{
	if (!d->limits->standby || domain(d, MOAT_STANDBY)->domid ||
	    d->view->foreign[MOAT_STANDBY] ||
	    !domain(d, MOAT_ACTIVE)->ready ||
	    !moat_has_what_there_is(d->view) || is_under_way(d) ||
	    d->view->wish != MOAT_WISH_NONE ||
	    moat_takes_over(d->view, d->limits))
		return false;
	return !back_off(d) && may_start(d, MOAT_STANDBY, MOAT_JOB_CREATE) &&
	       act_on(d, MOAT_ACT_CREATE, MOAT_STANDBY, "there is none");
}
