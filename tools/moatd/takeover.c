// SPDX-License-Identifier: GPL-2.0
/*
 * The same domid again. A front end that is not Moat's stays with the domid that it
 * granted its pages to; a domain that is created anew under it can serve it as if
 * nothing had happened. Where a disk needs that the whole storage domain is replaced
 * this way, and the disks that could follow stay, too.
 *
 * Until there is a domain again, whoever is given the domid may map what was granted to
 * it. So one process destroys the old domain and creates its successor, before anything
 * else is waited for; and this stays paused, as a placeholder, while there is something
 * to wait for. A stranger that was faster has the disks' pages: they are lost.
 */
#include "decision.h"

/* so many creations in a row must fail for the disks to be given up */
#define TRIES 5

/* Does the front end wait for its first back end to connect? */
static bool is_connecting(const struct moat_view_disk *disk)
{
	return disk->front_state == 2 || disk->front_state == 3;
}

enum moat_cover moat_disk_cover(const struct moat_view_disk *disk,
				const struct moat_limits *limits)
{
	if (disk->able || disk->fresh)
		return MOAT_COVER_FOLLOWS;
	if (disk->left)
		return MOAT_COVER_LEFT;
	if (!limits->takeover)
		return MOAT_COVER_OFF;
	/* nothing has been asked for yet, so nothing is owed */
	if (is_connecting(disk))
		return MOAT_COVER_TAKEOVER;
	if (!disk->noted)
		return MOAT_COVER_UNNOTED;
	return disk->safe ? MOAT_COVER_TAKEOVER : MOAT_COVER_UNSAFE;
}

const char *moat_cover_text(enum moat_cover cover)
{
	switch (cover) {
	case MOAT_COVER_FOLLOWS:
	case MOAT_COVER_TAKEOVER:
		return NULL;
	case MOAT_COVER_OFF:
		return "its front end cannot recover, and takeover is off";
	case MOAT_COVER_LEFT:
		return "it has been given up";
	case MOAT_COVER_UNNOTED:
		return "its front end cannot recover, and its back end keeps nothing "
		       "for a successor";
	case MOAT_COVER_UNSAFE:
		return "its front end cannot recover, and writes that were acknowledged "
		       "may be lost with the domain";
	}
	return "?";
}

bool moat_disk_is_covered(const struct moat_view_disk *disk, const struct moat_limits *limits)
{
	return !moat_cover_text(moat_disk_cover(disk, limits));
}

static bool needs_domid(const struct moat_view *view, const struct moat_limits *limits,
			const struct moat_view_disk *disk)
{
	return disk->backend == view->recorded && !disk->closing &&
	       moat_disk_cover(disk, limits) == MOAT_COVER_TAKEOVER;
}

bool moat_takes_over(const struct moat_view *view, const struct moat_limits *limits)
{
	for (size_t i = 0; i < view->count; i++)
		if (needs_domid(view, limits, &view->disks[i]))
			return true;
	return false;
}

/* One after the other; then the others go on with a domain of any domid. */
static bool lose(struct decision *d, const char *text)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (needs_domid(d->view, d->limits, &d->view->disks[i]))
			return act_at(d, MOAT_ACT_LEAVE, i, text);
	return false;
}

/* One after the other takes longer, and is what is left where this has failed. */
bool moat_takeover_remove(struct decision *d)
{
	enum moat_job job = d->view->job[MOAT_ACTIVE];
	enum moat_job failed = d->slot->failed[MOAT_ACTIVE];

	if (job == MOAT_JOB_REPLACE)
		return true;
	if (job != MOAT_JOB_NONE || failed == MOAT_JOB_REPLACE || failed == MOAT_JOB_DESTROY ||
	    !moat_takes_over(d->view, d->limits))
		return false;
	return act_on(d, MOAT_ACT_REPLACE, MOAT_ACTIVE, "its front ends cannot follow");
}

bool moat_takeover_replace(struct decision *d)
{
	const struct moat_slot *slot = d->slot;

	if (!moat_takes_over(d->view, d->limits))
		return false;
	if (d->view->stranger)
		return lose(d, "another domain has its storage domain's domid");
	/* xl still tidies up behind the old domain, by its domid */
	if (d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE)
		return true;
	/* "xl destroy" may leave it, and it would be taken for the successor's own */
	if (moat_devices_forget(d))
		return true;
	if (slot->failed[MOAT_ACTIVE] == MOAT_JOB_CREATE &&
	    slot->failures[MOAT_ACTIVE] >= TRIES)
		return lose(d, "its storage domain cannot be created under its domid");
	if (may_start(d, MOAT_ACTIVE, MOAT_JOB_CREATE))
		act_on(d, MOAT_ACT_RECREATE, MOAT_ACTIVE, "its front ends cannot follow");
	return true;
}

bool moat_takeover_start(struct decision *d)
{
	const struct moat_view_recovery *r = &d->view->recovery;

	if (!domain(d, MOAT_ACTIVE)->placeholder)
		return false;
	if (r->on && !r->phase[MOAT_PHASE_DESTROY])
		return act_at(d, MOAT_ACT_PHASE, MOAT_PHASE_DESTROY,
			      "another has its domid");
	if (d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE)
		return true;
	if (d->view->wish == MOAT_WISH_RESTART)
		return act(d, MOAT_ACT_FORGIVE, "a restart is wished");
	return moat_back_off(d) ||
	       act_on(d, MOAT_ACT_UNPAUSE, MOAT_ACTIVE, "nothing keeps it");
}

bool moat_takeover_is_due(struct decision *d)
{
	const struct moat_clock *c = &d->slot->clock[MOAT_ACTIVE];
	const struct moat_view *view = d->view;

	if (!c->was_ready || view->recovery.on || !moat_takes_over(view, d->limits))
		return true;
	/* it says so with every heartbeat; of before the wish it says nothing */
	if (c->beat.real > view->wish_at && !domain(d, MOAT_ACTIVE)->device)
		return true;
	return passed(d, view->wish_at, d->limits->hang);
}
