// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks: since when a domain has been there, has moved its heartbeat, has been
 * fine. Time in which moatd itself did not run counts for nobody.
 */
#include "decision.h"

/* Time that we lost was perhaps lost for all others, too: it does not count. */
static void move_on(struct decision *d, msec *at)
{
	*at = d->now - *at > d->view->lost ? *at + d->view->lost : d->now;
}

static void discount_lost(struct decision *d)
{
	if (!d->view->lost)
		return;
	for (int role = 0; role < MOAT_ROLES; role++) {
		move_on(d, &d->slot->clock[role].beat_at);
		move_on(d, &d->slot->clock[role].seen_at);
		move_on(d, &d->slot->clock[role].ran_at);
	}
	move_on(d, &d->slot->fine_at);
	move_on(d, &d->slot->moved_at);
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].kept.stalled)
			move_on(d, &d->view->disks[i].kept.stalled);
}

static void wind_clock(struct decision *d, enum moat_role role)
{
	const struct moat_view_domain *dom = domain(d, role);
	struct moat_clock *c = &d->slot->clock[role];

	/* a standby that took the name keeps its clock */
	if (role == MOAT_ACTIVE && dom->domid && c->domid != dom->domid &&
	    d->slot->clock[MOAT_STANDBY].domid == dom->domid) {
		*c = d->slot->clock[MOAT_STANDBY];
		d->slot->fine_at = d->now;
	}
	if (c->domid != dom->domid || dom->anew) {
		*c = (struct moat_clock) { .domid = dom->domid,
					   .heartbeat = dom->heartbeat,
					   .seen_at = d->now,
					   .ran_at = d->now,
					   .beat_at = d->now };
		if (role == MOAT_ACTIVE)
			d->slot->fine_at = d->now;
	}
	/* until xl is done with it, or it is let run, a domain is not even started */
	if (moat_job_creates(d->view->job[role]) || dom->placeholder)
		c->seen_at = d->now;
	if (c->heartbeat != dom->heartbeat || dom->suspended ||
	    (dom->ready && !c->was_ready))
		c->beat_at = d->now;
	if (dom->suspended)
		c->seen_at = d->now;
	else
		c->ran_at = d->now;
	c->heartbeat = dom->heartbeat;
	c->was_ready = c->was_ready || dom->ready;
}

void moat_clocks_wind(struct decision *d)
{
	const struct moat_view_recovery *r = &d->view->recovery;
	struct moat_slot *slot = d->slot;
	size_t phases = 0;

	discount_lost(d);
	/* the active one first: it may inherit the standby's */
	wind_clock(d, MOAT_ACTIVE);
	wind_clock(d, MOAT_STANDBY);
	if (moat_is_fine(d->view))
		slot->fine_at = d->now;
	for (size_t i = 0; i < MOAT_PHASES; i++)
		phases += r->phase[i] != 0;
	if (!r->on || slot->old != r->old || slot->phases != phases)
		slot->moved_at = d->now;
	slot->old = r->old;
	slot->phases = phases;
}
