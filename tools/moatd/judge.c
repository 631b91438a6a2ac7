// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on the active domain: the sentence is always the same.
 */
#include "account.h"
#include "decision.h"

#include <string.h>

#include <moat/times.h>

/* a VM is believed so often within MOAT_COMPLAINT_WINDOW_MS */
#define COMPLAINTS_MAX 3
/* the kernel of a storage domain must have seen a back end go */
#define RECONNECT_GAP_MS 1000
/* disks whose devices are in none of so many domains are not worth another */
#define PROBES_MAX 3
/* content for so long: what comes then is another story */
#define CONTENT_MS 600000
/* so often within an hour a device that goes is worth a domain at once, then after a pause */
#define LOSSES_MAX 3
#define LOSS_PAUSE_MS 60000
#define LOSS_PAUSE_MAX_MS 300000

/* Does a disk wait that could be connected, and was before? */
static bool waits_for_device(const struct moat_view_disk *disk,
			     unsigned int domid)
{
	return disk->backend == domid &&
	       (disk->able ? disk->served : disk->noted && disk->safe && !disk->left) &&
	       disk->awake && !disk->closing && !disk->connected;
}

/*
 * One disk whose device stays away is that disk's trouble: it takes all of them,
 * or a PCI device that could be had and is not, for another domain to be tried.
 * Where something works, no other domain is.
 */
bool moat_is_fine(const struct moat_view *view)
{
	const struct moat_view_domain *active = &view->domain[MOAT_ACTIVE];
	bool waits = !moat_has_what_there_is(view);

	/* what a domain that still boots lacks is the boot limit's business */
	if (!active->domid || !active->ready)
		return true;
	/* nor would another domain have a device that is not to be had */
	if (!waits && !moat_has_devices(view))
		return true;
	for (size_t i = 0; i < view->count; i++) {
		const struct moat_view_disk *disk = &view->disks[i];

		if (disk->backend == active->domid && disk->connected)
			return true;
		waits = waits || waits_for_device(disk, active->domid);
	}
	return !waits;
}

bool moat_may_probe(const struct moat_view *view)
{
	return !moat_is_fine(view) && (view->recovery.probes < PROBES_MAX ||
				       !moat_has_what_there_is(view));
}

bool moat_disk_complains(const struct moat_view_disk *disk, unsigned int domid)
{
	return disk->backend == domid && !disk->torn && !disk->closing &&
	       (disk->trouble == MOAT_TROUBLE_IS_PROTOCOL ||
		(disk->trouble == MOAT_TROUBLE_IS_DEVICE && !disk->deviceless) ||
		(disk->trouble == MOAT_TROUBLE_IS_STALL && disk->kept.accuses));
}

/*
 * One VM's word moves no other VM's disk: somebody else must complain, or there be
 * nobody else to be hurt.
 */
static bool is_believed(const struct decision *d,
			const struct moat_view_disk *disk)
{
	bool alone = true;

	if (disk->complaints >= COMPLAINTS_MAX)
		return false;
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *other = &d->view->disks[i];

		if (other->app == disk->app || other->backend != disk->backend ||
		    (*other->vm && strcmp(other->vm, disk->vm) == 0))
			continue;
		alone = false;
		if (moat_disk_complains(other, disk->backend) &&
		    other->complaints < COMPLAINTS_MAX)
			return true;
	}
	return alone;
}

/* It was connected anew lately: what comes now is the same story. */
static bool was_reconnected(const struct decision *d,
			    const struct moat_disk_memory *kept)
{
	return kept->reconnects && d->now - kept->reconnected <= CONTENT_MS;
}

/* That one disk is connected anew, ever less often, and told once a streak. */
static bool reconnect(struct decision *d, size_t index, const char *text)
{
	struct moat_disk_memory *kept = &d->view->disks[index].kept;

	if (!was_reconnected(d, kept))
		kept->reconnects = 0;
	if (kept->reconnects &&
	    !passed(d, kept->reconnected, moat_pause_after(kept->reconnects)))
		return false;
	/* it is not done, so it is not remembered */
	if (d->view->maintenance)
		return act_at(d, MOAT_ACT_RECONNECT, index, text);
	if (d->view->disks[index].connected)
		kept->anew_in = domain(d, MOAT_ACTIVE)->domid;
	d->out->quiet = kept->reconnects++ > 0;
	kept->reconnected = d->now;
	kept->not_before = d->now + RECONNECT_GAP_MS;
	kept->stalled = 0;
	return act_at(d, MOAT_ACT_RECONNECT, index, text);
}

/* A front end says that its back end is broken. */
static bool judge_complaint(struct decision *d, size_t index)
{
	const struct moat_view_disk *disk = &d->view->disks[index];

	if (!is_believed(d, disk))
		return reconnect(d, index, "it complains, and nobody else does");
	d->out->no_crash = true;
	if (disk->trouble == MOAT_TROUBLE_IS_PROTOCOL)
		return condemn(d, MOAT_WHY_PROTOCOL, 0, "a front end says that "
			       "it breaks the protocol");
	return condemn(d, MOAT_WHY_DEVICE, 0,
		       disk->trouble == MOAT_TROUBLE_IS_STALL ?
		       "a front end stalls again, and nothing shows it" :
		       "a front end says that it lost its device");
}

/*
 * Does the storage domain itself say that a disk's device has gone? Or not find it any
 * more when that disk alone is connected anew; in a domain that never had it, that is
 * the disk's own trouble.
 */
static bool has_lost_device(const struct moat_view_disk *disk, unsigned int domid)
{
	if (disk->backend != domid || disk->torn || disk->closing)
		return false;
	return disk->deviceless || (disk->kept.anew_in == domid && disk->failed &&
				    waits_for_device(disk, domid));
}

/* A domain is condemned for it: that counts for all disks that the device was of. */
static void count_losses(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++) {
		struct moat_disk_memory *kept = &d->view->disks[i].kept;

		if (!has_lost_device(&d->view->disks[i], domain(d, MOAT_ACTIVE)->domid))
			continue;
		if (d->now - kept->lost > MOAT_COMPLAINT_WINDOW_MS)
			kept->losses = 0;
		kept->losses++;
		kept->lost = d->now;
	}
}

/*
 * No other word is needed for it, nobody answers for it, and only another domain may
 * find the device again. But all others pause for that: where it goes again and again,
 * ever less often.
 */
static bool judge_loss(struct decision *d, size_t index)
{
	const struct moat_disk_memory *kept = &d->view->disks[index].kept;

	if (kept->losses >= LOSSES_MAX &&
	    !passed(d, kept->lost, moat_doubled(LOSS_PAUSE_MS, kept->losses - LOSSES_MAX,
						LOSS_PAUSE_MAX_MS)))
		return false;
	if (!d->view->maintenance)
		count_losses(d);
	d->out->no_crash = true;
	return condemn(d, MOAT_WHY_DEVICE, 0, "the device of a disk has gone from it");
}

/* Since when do its requests stall while the back end claims to have nothing to do? */
static void wind_stall(struct decision *d, size_t index)
{
	const struct moat_view_disk *disk = &d->view->disks[index];
	struct moat_disk_memory *kept = &d->view->disks[index].kept;
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);

	if (disk->trouble != MOAT_TROUBLE_IS_STALL || dom->device || dom->poller ||
	    disk->backend != dom->domid || !d->slot->clock[MOAT_ACTIVE].was_ready)
		kept->stalled = 0;
	else if (!kept->stalled)
		kept->stalled = d->now;
	kept->accuses = kept->stalled && was_reconnected(d, kept) &&
			passed(d, kept->stalled, d->limits->hang);
}

/*
 * A stall is a suspicion: the shorter limit holds for the heartbeat. A slow device
 * is no reason for anything, but it shows in the domain's health. Where the back
 * end denies it for as long, one of the two is wrong, and they are made to begin
 * anew; when that has not helped it is a complaint like others.
 */
static bool judge_stall(struct decision *d, size_t index)
{
	const struct moat_view_disk *disk = &d->view->disks[index];
	const struct moat_clock *c = &d->slot->clock[MOAT_ACTIVE];

	if (disk->trouble != MOAT_TROUBLE_IS_STALL || !c->was_ready)
		return false;
	if (moat_since_is_too_long(d, &c->beat, d->limits->hang))
		return condemn(d, MOAT_WHY_HEARTBEAT, d->now - c->beat.real,
			       "a front end stalls, and the heartbeat stands "
			       "still");
	return disk->kept.stalled && !disk->kept.accuses &&
	       passed(d, disk->kept.stalled, d->limits->hang) &&
	       reconnect(d, index, "it stalls, and the back end denies it");
}

static bool judge_fronts(struct decision *d)
{
	unsigned int domid = domain(d, MOAT_ACTIVE)->domid;

	for (size_t i = 0; i < d->view->count; i++) {
		wind_stall(d, i);
		/* the domain is another one, even where it has the same domid */
		if (d->view->recovery.on)
			d->view->disks[i].kept.anew_in = 0;
	}
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (disk->backend != domid || disk->torn || disk->closing)
			continue;
		if (judge_stall(d, i))
			return true;
		if (has_lost_device(disk, domid) && judge_loss(d, i))
			return true;
		if (moat_disk_complains(disk, domid) && judge_complaint(d, i))
			return true;
	}
	return false;
}

/* How long a poller has not answered the domain says; not, whether it was let. */
static bool judge_pollers(struct decision *d, const struct moat_view_domain *dom,
			  const struct moat_clock *c)
{
	msec withheld = c->answer.at - c->answer.real, limit = d->limits->hang;

	if (!dom->poller)
		return false;
	if (dom->poller > limit + withheld ||
	    dom->poller > MOAT_STARVED_TIMES * d->limits->heartbeat)
		return condemn(d, MOAT_WHY_POLLER, dom->poller,
			       "a poller does not answer");
	return moat_since_spins(d, &c->answer) &&
	       condemn(d, MOAT_WHY_POLLER, d->now - c->answer.real,
		       "it runs, and a poller does not answer");
}

static bool judge_life(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);
	const struct moat_clock *c = &d->slot->clock[MOAT_ACTIVE];

	if (!c->was_ready)
		return moat_since_is_too_long(d, &c->step, d->limits->boot) &&
		       condemn(d, MOAT_WHY_BOOT, d->now - c->step.real,
			       "it is not ready in time");
	if (moat_since_is_too_long(d, &c->beat, d->limits->heartbeat))
		return condemn(d, MOAT_WHY_HEARTBEAT, d->now - c->beat.real,
			       "its heartbeat stands still");
	if (moat_since_spins(d, &c->beat))
		return condemn(d, MOAT_WHY_HEARTBEAT, d->now - c->beat.real,
			       "it runs, and its heartbeat stands still");
	if (judge_pollers(d, dom, c))
		return true;
	if (dom->device > d->limits->device)
		return condemn(d, MOAT_WHY_DEVICE, dom->device,
			       "its device does not answer");
	return false;
}

/*
 * Any domain may say that it suspends, and its crash may be told as that: it is
 * believed where a person may have asked, and for as long as saving it may take.
 * One with devices cannot be saved at all.
 */
static bool judge_suspended(struct decision *d)
{
	msec ran_at = d->slot->clock[MOAT_ACTIVE].ran_at;

	if (d->view->pcis)
		return condemn(d, MOAT_WHY_GONE, d->now - ran_at,
			       "it suspended, and has devices");
	return passed(d, ran_at, d->limits->save) &&
	       condemn(d, MOAT_WHY_GONE, d->now - ran_at,
		       "it is suspended for too long");
}

bool moat_judge(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);

	if (!dom->domid || dom->condemned)
		return false;
	if (dom->suspended)
		return judge_suspended(d);
	if (dom->ended)
		return condemn(d, dom->crashed ? MOAT_WHY_CRASH : MOAT_WHY_GONE,
			       0, dom->crashed ? "it crashed" :
						 "it shut down");
	if (moat_job_creates(d->view->job[MOAT_ACTIVE]) || dom->placeholder)
		return false;
	if (judge_life(d))
		return true;
	if (d->view->recovery.on && moat_may_probe(d->view) &&
	    passed(d, d->slot->fine_at, d->limits->probe))
		return condemn(d, MOAT_WHY_PROBE, d->now - d->slot->fine_at,
			       "its devices do not appear");
	return judge_fronts(d);
}
