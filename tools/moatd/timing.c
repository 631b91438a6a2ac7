// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks: since when a domain has been there, has moved its heartbeat, has been
 * fine. Time in which moatd itself did not run counts for nobody, and time in which a
 * domain was not let run not for the domain (account.c).
 */
#include "account.h"
#include "decision.h"

/* Time that we lost was perhaps lost for all others, too: it does not count. */
static void move_on(struct decision *d, msec *at)
{
	*at = d->now - *at > d->view->lost ? *at + d->view->lost : d->now;
}

/* What a domain did meanwhile, with nobody to see what came of it, is no reproach. */
static void move_clock(struct decision *d, struct moat_clock *c)
{
	struct moat_since *all[] = { &c->beat, &c->answer, &c->step };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		move_on(d, &all[i]->at);
		move_on(d, &all[i]->real);
		all[i]->busy = 0;
	}
	move_on(d, &c->ran_at);
	c->vcpus = 0;
}

static void discount_lost(struct decision *d)
{
	if (!d->view->lost)
		return;
	for (int role = 0; role < MOAT_ROLES; role++)
		move_clock(d, &d->slot->clock[role]);
	move_on(d, &d->slot->fine_at);
	move_on(d, &d->slot->moved_at);
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].kept.stalled)
			move_on(d, &d->view->disks[i].kept.stalled);
}

static void begin_clock(struct decision *d, enum moat_role role)
{
	const struct moat_view_domain *dom = domain(d, role);
	struct moat_clock *c = &d->slot->clock[role];

	*c = (struct moat_clock) { .domid = dom->domid, .heartbeat = dom->heartbeat,
				   .ran_at = d->now };
	moat_since_begin(&c->beat, d->now);
	moat_since_begin(&c->answer, d->now);
	moat_since_begin(&c->step, d->now);
	if (role == MOAT_ACTIVE)
		d->slot->fine_at = d->now;
}

/* What the active domain was not given is not waited for in vain. */
static void go_on(struct decision *d, enum moat_role role)
{
	struct moat_clock *c = &d->slot->clock[role];
	struct moat_given given = moat_account_take(domain(d, role), c);

	moat_since_go_on(&c->beat, given, d->now);
	moat_since_go_on(&c->answer, given, d->now);
	moat_since_go_on(&c->step, given, d->now);
	if (role != MOAT_ACTIVE)
		return;
	d->slot->fine_at = moat_least(d->slot->fine_at + given.withheld, d->now);
	d->slot->moved_at = moat_least(d->slot->moved_at + given.withheld, d->now);
}

static void wind_clock(struct decision *d, enum moat_role role)
{
	const struct moat_view_domain *dom = domain(d, role);
	struct moat_clock *c = &d->slot->clock[role];
	bool beats;

	/* a standby that took the name keeps its clock */
	if (role == MOAT_ACTIVE && dom->domid && c->domid != dom->domid &&
	    d->slot->clock[MOAT_STANDBY].domid == dom->domid) {
		*c = d->slot->clock[MOAT_STANDBY];
		d->slot->fine_at = d->now;
	}
	if (c->domid != dom->domid || dom->anew)
		begin_clock(d, role);
	go_on(d, role);
	beats = c->heartbeat != dom->heartbeat;
	/*
	 * Until xl is done with it, or it is let run, a domain is not even started;
	 * and its init is a step that it has come further.
	 */
	if (moat_job_creates(d->view->job[role]) || dom->placeholder || dom->suspended ||
	    (beats && !c->heartbeat))
		moat_since_begin(&c->step, d->now);
	if (beats || dom->suspended || (dom->ready && !c->was_ready)) {
		moat_since_begin(&c->beat, d->now);
		if (!dom->poller || !beats)
			moat_since_begin(&c->answer, d->now);
	}
	if (!dom->suspended)
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
