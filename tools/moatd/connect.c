// SPDX-License-Identifier: GPL-2.0
/*
 * Disks go to the active domain; and how far a recovery has come with them.
 */
#include "decision.h"

/* so many moves in a row must fail for a disk not to be waited for any more */
#define STUBBORN 3

/* Doubled with each failure, from a second up to BACKOFF_MAX_MS. */
msec moat_pause_after(unsigned int failures)
{
	return moat_doubled(1000, failures ? failures - 1 : 0, BACKOFF_MAX_MS);
}

bool moat_disk_moved(struct moat_disk_memory *kept, bool ok, msec now)
{
	if (ok) {
		kept->failures = 0;
		return false;
	}
	kept->not_before = now + moat_pause_after(++kept->failures);
	return kept->failures == STUBBORN;
}

/* Has its back end gone with a domain, of which this one may have the domid? */
static bool is_cut(const struct moat_view *view, const struct moat_view_disk *disk)
{
	return disk->orphan || (disk->torn && view->recovery.on &&
				disk->backend == view->domain[MOAT_ACTIVE].domid);
}

/* Has it lost its back end, and can it be given another? */
static bool is_lost(const struct moat_view *view, const struct moat_limits *limits,
		    const struct moat_view_disk *disk)
{
	if (disk->closing)
		return false;
	if (disk->orphan)
		return disk->able || disk->fresh;
	if (!disk->torn || disk->backend != view->domain[MOAT_ACTIVE].domid)
		return false;
	if (disk->able)
		return disk->awake;
	/* behind a recovery, what has no back end and no note is just being detached */
	return (is_cut(view, disk) || (disk->noted && disk->front_state == 4)) &&
	       moat_disk_is_covered(disk, limits);
}

bool moat_disk_is_due(const struct moat_view *view, const struct moat_limits *limits,
		      const struct moat_view_disk *disk, msec now)
{
	return is_lost(view, limits, disk) && now >= disk->kept.not_before;
}

/* Can nobody give it a back end again? */
static bool is_beyond_help(const struct decision *d, const struct moat_view_disk *disk)
{
	return is_cut(d->view, disk) && !disk->closing && !disk->left &&
	       !is_lost(d->view, d->limits, disk) && !disk->able;
}

static const char *loss_of(const struct decision *d, const struct moat_view_disk *disk)
{
	const char *text = moat_cover_text(moat_disk_cover(disk, d->limits));

	return text ? text : "its storage domain has another domid now";
}

bool moat_disks_repoint(struct decision *d)
{
	bool due = false;

	if (moat_job_creates(d->view->job[MOAT_ACTIVE]))
		return false;
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (is_beyond_help(d, disk))
			return act_at(d, MOAT_ACT_LEAVE, i, loss_of(d, disk));
		if (moat_disk_is_due(d->view, d->limits, disk, d->now))
			due = true;
		else if (is_lost(d->view, d->limits, disk))
			look_at(d, disk->kept.not_before);
	}
	return due && act(d, MOAT_ACT_REPOINT, "its back end is gone");
}

/*
 * What libxl was asked to detach stands in the back end's directory only, and goes
 * with that: it is noted while the domain is still there, be it condemned.
 */
bool moat_disks_note_detached(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (!disk->torn && disk->offline != disk->detached)
			return act_at(d, MOAT_ACT_DETACHED, i,
				      disk->offline ? "it is being detached" :
						      "it is attached again");
	}
	return false;
}

/*
 * What shows that a front end has found its keys goes with the back end's directory, too.
 */
bool moat_disks_note_stale(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].stale_due)
			return act(d, MOAT_ACT_STALE,
				   "its front end names a connection that is over");
	return false;
}

/*
 * What a successor has to offer, too, stands in the back end's directory, and goes with
 * that as well.
 */
bool moat_disks_note_offered(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].note_due)
			return act_at(d, MOAT_ACT_OFFERED, i,
				      "its back end offers something else");
	return false;
}

bool moat_disk_is_new(const struct moat_view_disk *disk, unsigned int domid)
{
	return disk->backend == domid && disk->able && !disk->served &&
	       disk->connected && disk->front_state == 4 && disk->back_state == 4;
}

bool moat_disks_note_served(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (moat_disk_is_new(&d->view->disks[i],
				     domain(d, MOAT_ACTIVE)->domid))
			return act(d, MOAT_ACT_SERVED, "it is connected");
	return false;
}

/* A front end that is not Moat's says no more than its state, and keeps that. */
static bool is_up(const struct moat_view_disk *disk)
{
	return disk->able ? disk->front == MOAT_FRONT_IS_UP :
			    disk->front_state == 4 && disk->back_state == 4;
}

/* Is it to be served again when a recovery is over? */
static bool is_missed(const struct decision *d, const struct moat_view_disk *disk)
{
	return disk->awake && !disk->closing && !disk->fresh &&
	       moat_disk_is_covered(disk, d->limits);
}

/* Has a disk come to the end of a phase? One that cannot is not waited for. */
static bool is_past(const struct decision *d, const struct moat_view_disk *disk,
		    enum moat_phase phase)
{
	/* what is told of one whose device is missing may not be the end of it */
	if (!is_missed(d, disk) || (disk->failed && !moat_may_probe(d->view)) ||
	    disk->misfit ||
	    (disk->orphan && disk->kept.failures >= STUBBORN) ||
	    disk->front == MOAT_FRONT_IS_FAILED ||
	    disk->trouble == MOAT_TROUBLE_IS_REFUSED)
		return true;
	switch (phase) {
	case MOAT_PHASE_PROBE:
		return disk->connected;
	case MOAT_PHASE_RECONNECT:
		return disk->front_state == 4 && disk->back_state == 4;
	default:
		return is_up(disk);
	}
}

static size_t disks_behind(const struct decision *d, enum moat_phase phase)
{
	size_t count = 0;

	for (size_t i = 0; i < d->view->count; i++)
		count += !is_past(d, &d->view->disks[i], phase);
	return count;
}

/* Disks that ought to be up and are not, whether they are waited for or not. */
static size_t disks_left(const struct decision *d)
{
	size_t count = 0;

	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		count += is_missed(d, disk) && (disk->orphan || !is_up(disk));
	}
	return count;
}

static bool phase_is_over(const struct decision *d, enum moat_phase phase)
{
	/* its successor may have its domid */
	if (phase == MOAT_PHASE_DESTROY)
		return !domain(d, MOAT_ACTIVE)->condemned;
	if (phase == MOAT_PHASE_PCI)
		return moat_has_devices(d->view) && domain(d, MOAT_ACTIVE)->ready;
	return disks_behind(d, phase) == 0;
}

/* Note the first phase that has ended; after the last one, report. */
bool moat_recovery_advance(struct decision *d)
{
	const struct moat_view_recovery *r = &d->view->recovery;
	size_t phase = 0;

	if (!r->on)
		return false;
	while (phase < MOAT_PHASES && r->phase[phase])
		phase++;
	if (phase == MOAT_PHASES)
		return act_at(d, MOAT_ACT_REPORT, disks_left(d),
			      "all is up again");
	if (phase_is_over(d, phase))
		return act_at(d, MOAT_ACT_PHASE, phase, "it has ended");
	/* twice the limit: a domain whose devices do not appear goes first */
	if (phase >= MOAT_PHASE_PROBE &&
	    passed(d, d->slot->moved_at, 2 * d->limits->probe))
		return act_at(d, MOAT_ACT_REPORT, disks_left(d),
			      "the rest is not waited for");
	return false;
}
