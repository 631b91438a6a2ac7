// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on the active domain: the sentence is always the same.
 */
#include "decision.h"

/* a verdict that only one tenant asked for: so often within the window */
#define COMPLAINTS_MAX 3
/* the kernel of a storage domain must have seen a back end go */
#define RECONNECT_GAP_MS 1000

/* Does a disk wait that could be connected, and was before? */
static bool waits_for_device(const struct moat_view_disk *disk,
			     unsigned int domid)
{
	return disk->backend == domid && disk->served && disk->able &&
	       disk->awake && !disk->closing && !disk->connected &&
	       !disk->failed;
}

bool moat_has_devices(const struct moat_view *view)
{
	for (size_t i = 0; i < view->pcis; i++)
		if (!view->pci[i].domid ||
		    view->pci[i].domid != view->domain[MOAT_ACTIVE].domid)
			return false;
	return true;
}

bool moat_is_fine(const struct moat_view *view)
{
	const struct moat_view_domain *active = &view->domain[MOAT_ACTIVE];

	/* what a domain that still boots lacks is the boot limit's business */
	if (!active->domid || !active->ready)
		return true;
	if (!moat_has_devices(view))
		return false;
	for (size_t i = 0; i < view->count; i++)
		if (waits_for_device(&view->disks[i], active->domid))
			return false;
	return true;
}

static bool is_broken(enum moat_trouble trouble)
{
	return trouble == MOAT_TROUBLE_IS_PROTOCOL ||
	       trouble == MOAT_TROUBLE_IS_DEVICE;
}

static bool others_complain(const struct decision *d, unsigned int app)
{
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (disk->backend == domain(d, MOAT_ACTIVE)->domid &&
		    disk->app != app && is_broken(disk->trouble))
			return true;
	}
	return false;
}

/* A front end says that its back end is broken. */
static bool judge_complaint(struct decision *d, size_t index)
{
	const struct moat_view_disk *disk = &d->view->disks[index];
	bool protocol = disk->trouble == MOAT_TROUBLE_IS_PROTOCOL;

	if (disk->complaints < COMPLAINTS_MAX ||
	    others_complain(d, disk->app)) {
		d->out->blame = disk->app;
		return condemn(d, protocol ? MOAT_WHY_PROTOCOL :
					     MOAT_WHY_DEVICE, 0,
			       protocol ? "a front end says that it breaks the "
					  "protocol" :
					  "a front end says that it lost its "
					  "device");
	}
	if (d->now < d->slot->reconnect_at) {
		look_at(d, d->slot->reconnect_at);
		return false;
	}
	d->slot->reconnect_at = d->now + RECONNECT_GAP_MS;
	d->view->disks[index].kept.not_before = d->slot->reconnect_at;
	return act_at(d, MOAT_ACT_RECONNECT, index,
		      "it complains alone, and too often");
}

static bool judge_fronts(struct decision *d)
{
	const struct moat_clock *c = &d->slot->clock[MOAT_ACTIVE];

	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (disk->backend != c->domid || disk->torn || disk->closing)
			continue;
		if (is_broken(disk->trouble) && judge_complaint(d, i))
			return true;
		/* a suspicion: the shorter limit holds for the heartbeat */
		if (disk->trouble == MOAT_TROUBLE_IS_STALL && c->was_ready &&
		    passed(d, c->beat_at, d->limits->hang))
			return condemn(d, MOAT_WHY_HEARTBEAT, d->now - c->beat_at,
				       "a front end stalls, and the heartbeat "
				       "stands still");
	}
	return false;
}

static bool judge_life(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);
	const struct moat_clock *c = &d->slot->clock[MOAT_ACTIVE];

	if (!c->was_ready) {
		if (passed(d, c->seen_at, d->limits->boot))
			return condemn(d, MOAT_WHY_BOOT, d->now - c->seen_at,
				       "it is not ready in time");
		return false;
	}
	if (passed(d, c->beat_at, d->limits->heartbeat))
		return condemn(d, MOAT_WHY_HEARTBEAT, d->now - c->beat_at,
			       "its heartbeat stands still");
	if (dom->poller > d->limits->hang)
		return condemn(d, MOAT_WHY_POLLER, dom->poller,
			       "a poller does not answer");
	if (dom->device > d->limits->device)
		return condemn(d, MOAT_WHY_DEVICE, dom->device,
			       "its device does not answer");
	return false;
}

bool moat_judge(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);

	if (!dom->domid || dom->condemned || dom->suspended)
		return false;
	if (dom->ended)
		return condemn(d, dom->crashed ? MOAT_WHY_CRASH : MOAT_WHY_GONE,
			       0, dom->crashed ? "it crashed" :
						 "it shut down");
	if (d->view->job[MOAT_ACTIVE] == MOAT_JOB_CREATE)
		return false;
	if (judge_life(d))
		return true;
	if (d->view->recovery.on && !moat_is_fine(d->view) &&
	    passed(d, d->slot->fine_at, d->limits->probe))
		return condemn(d, MOAT_WHY_PROBE, d->now - d->slot->fine_at,
			       "its devices do not appear");
	return judge_fronts(d);
}
