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
	msec pause = 1000;

	while (failures-- > 1 && pause < BACKOFF_MAX_MS)
		pause *= 2;
	return pause < BACKOFF_MAX_MS ? pause : BACKOFF_MAX_MS;
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

/* Has it lost its back end, and can it be given another? */
static bool is_lost(const struct moat_view_disk *disk, unsigned int domid)
{
	if (disk->closing)
		return false;
	if (disk->orphan)
		return disk->able || disk->fresh;
	return disk->able && disk->torn && disk->awake && disk->backend == domid;
}

bool moat_disk_is_due(const struct moat_view_disk *disk, unsigned int domid,
		      msec now)
{
	return is_lost(disk, domid) && now >= disk->kept.not_before;
}

bool moat_disks_repoint(struct decision *d)
{
	unsigned int domid = domain(d, MOAT_ACTIVE)->domid;
	bool due = false;

	if (d->view->job[MOAT_ACTIVE] == MOAT_JOB_CREATE)
		return false;
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (disk->orphan && !disk->able && !disk->fresh &&
		    !disk->closing && !disk->left)
			return act_at(d, MOAT_ACT_LEAVE, i,
				      "its front end cannot recover");
		if (moat_disk_is_due(disk, domid, d->now))
			due = true;
		else if (is_lost(disk, domid))
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

/* Has a disk come to the end of a phase? One that cannot is not waited for. */
static bool is_past(const struct moat_view_disk *disk, enum moat_phase phase)
{
	if (!disk->able || !disk->awake || disk->closing || disk->failed ||
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
		return disk->front == MOAT_FRONT_IS_UP;
	}
}

static size_t disks_behind(const struct decision *d, enum moat_phase phase)
{
	size_t count = 0;

	for (size_t i = 0; i < d->view->count; i++)
		count += !is_past(&d->view->disks[i], phase);
	return count;
}

/* Disks that ought to be up and are not, whether they are waited for or not. */
static size_t disks_left(const struct decision *d)
{
	size_t count = 0;

	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		count += disk->able && disk->awake && !disk->closing &&
			 (disk->orphan || disk->front != MOAT_FRONT_IS_UP);
	}
	return count;
}

static bool phase_is_over(const struct decision *d, enum moat_phase phase)
{
	if (phase == MOAT_PHASE_DESTROY)
		return domain(d, MOAT_ACTIVE)->domid != d->view->recovery.old;
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
