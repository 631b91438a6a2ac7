/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of a decision share: each asks its questions in order, sets
 * the act and returns true as soon as there is something to do, or nothing else
 * may be done now. None of them is for others than decide.c.
 */
#ifndef MOATD_DECISION_H
#define MOATD_DECISION_H

#include "step.h"

/* between two tries of what fails, at most */
#define BACKOFF_MAX_MS 60000
/* nothing announces that pciback has let go */
#define PCI_POLL_MS 20

/* What a decision is made from, and the earliest time to look again. */
struct decision {
	const struct moat_view *view;
	const struct moat_limits *limits;
	struct moat_slot *slot;
	msec now;
	struct moat_action *out;
};

static inline const struct moat_view_domain *domain(const struct decision *d,
						    enum moat_role role)
{
	return &d->view->domain[role];
}

static inline bool act(struct decision *d, enum moat_act what, const char *text)
{
	d->out->act = what;
	d->out->text = text;
	return true;
}

static inline bool act_on(struct decision *d, enum moat_act what,
			  enum moat_role role, const char *text)
{
	d->out->role = role;
	return act(d, what, text);
}

static inline bool act_at(struct decision *d, enum moat_act what, size_t index,
			  const char *text)
{
	d->out->index = index;
	return act(d, what, text);
}

/* Nothing now; but look again at the given time. */
static inline void look_at(struct decision *d, msec when)
{
	if (!d->out->until || when < d->out->until)
		d->out->until = when;
}

/* Nothing else may be done now. */
static inline bool wait_until(struct decision *d, msec when)
{
	look_at(d, when);
	return true;
}

/*
 * Has a span passed since a time? If not, look again when it has. Elapsed time
 * is tested, not points in time, so that no sum can wrap.
 */
static inline bool passed(struct decision *d, msec since, msec span)
{
	msec age = d->now > since ? d->now - since : 0;

	if (age > span)
		return true;
	look_at(d, since + span + 1);
	return false;
}

static inline bool condemn(struct decision *d, enum moat_why why, msec detect,
			   const char *text)
{
	d->out->why = why;
	d->out->detect = detect;
	return act_on(d, MOAT_ACT_CONDEMN, MOAT_ACTIVE, text);
}

/* May a job be started? Not while one runs, nor soon after it failed. */
static inline bool may_start(struct decision *d, enum moat_role role,
			     enum moat_job job)
{
	if (d->view->job[role] != MOAT_JOB_NONE)
		return false;
	if (d->slot->failed[role] != job ||
	    d->now >= d->slot->not_before[role])
		return true;
	look_at(d, d->slot->not_before[role]);
	return false;
}

/* timing.c: the first thing of all. */
void moat_clocks_wind(struct decision *d);

static inline msec moat_least(msec a, msec b)
{
	return a < b ? a : b;
}

/* A pause that was doubled so many times, up to the most that it may be. */
static inline msec moat_doubled(msec pause, unsigned int times, msec most)
{
	while (times-- && pause < most)
		pause *= 2;
	return moat_least(pause, most);
}

/* judge.c: is the active domain to go? */
bool moat_judge(struct decision *d);
/* Is nothing wrong with what the active domain's disks find there? */
bool moat_is_fine(const struct moat_view *view);
/* Is something wrong with that, and may it be right in another domain? */
bool moat_may_probe(const struct moat_view *view);

/* device.c: PCI devices. */
/* Has the active domain all of them? */
bool moat_has_devices(const struct moat_view *view);
/* Or all that it could have? */
bool moat_has_what_there_is(const struct moat_view *view);
bool moat_devices_forget(struct decision *d);
bool moat_devices_settle(struct decision *d);
bool moat_devices_free(struct decision *d);
bool moat_devices_attach(struct decision *d);

/* replace.c: one domain goes, another comes. */
bool moat_abandon_jobs(struct decision *d);
bool moat_destroy(struct decision *d, enum moat_role role, const char *text);
bool moat_remove_condemned(struct decision *d);
bool moat_replace(struct decision *d);

/* takeover.c: the same domid again. */
/* The active domain is condemned, and another has to have its domid. */
bool moat_takeover_remove(struct decision *d);
/* There is no active domain, and the next one has to have its domid. */
bool moat_takeover_replace(struct decision *d);
/* Does one that was created wait for its time? */
bool moat_takeover_start(struct decision *d);
/*
 * Is now the time for what is done on purpose? What is in flight when a domain goes, its
 * successor carries out again. That harms nobody; but where devices soon have nothing to
 * do, that moment is waited for. Nobody could ask these front ends to hold.
 */
bool moat_takeover_is_due(struct decision *d);
/* How long until there may be another domain, after crashes? */
bool moat_back_off(struct decision *d);

/* standby.c */
bool moat_standby_remove_bad(struct decision *d);
bool moat_standby_keep(struct decision *d);
bool moat_standby_upgrade(struct decision *d);

/* connect.c: how long to wait after so many failures in a row */
msec moat_pause_after(unsigned int failures);

/* connect.c: disks, and how far a recovery has come. */
bool moat_disks_repoint(struct decision *d);
bool moat_disks_note_detached(struct decision *d);
bool moat_disks_note_stale(struct decision *d);
bool moat_disks_note_offered(struct decision *d);
bool moat_disks_note_served(struct decision *d);
bool moat_recovery_advance(struct decision *d);

#endif
