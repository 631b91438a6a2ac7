// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: first the clocks, then the verdict on the active domain, then
 * the first thing that is not as it should be. The order of the questions is
 * the order of a recovery.
 *
 * Two rules never bend. A domain that is condemned is destroyed, and seen to be
 * gone, before anything of it is given to another. And one tenant's word alone
 * costs no other tenant anything.
 */
#include "decide.h"

#include <string.h>

#include <moat/times.h>

#include "decision.h"

const struct moat_limits moat_limits_default = {
	.heartbeat = 1000 * MOAT_HEARTBEAT_LIMIT_S,
	.hang = 1000 * MOAT_HANG_LIMIT_S,
	.busy = 1000 * MOAT_BUSY_LIMIT_S,
	.device = 1000 * MOAT_DEVICE_LIMIT_S,
	.boot = 60000,
	.probe = 30000,
	.save = 60000,
	.crash_window = 300000,
	.crash_loop = 5,
	.standby = true,
	.takeover = true,
};

static const char *const why_names[MOAT_WHYS] = {
	"none", "crash", "gone", "boot", "probe", "heartbeat", "poller",
	"device", "protocol", "restart", "upgrade",
};

const char *moat_why_name(enum moat_why why)
{
	return why < MOAT_WHYS ? why_names[why] : "?";
}

enum moat_why moat_why_parse(const char *name)
{
	for (int i = 0; i < MOAT_WHYS; i++)
		if (strcmp(name, why_names[i]) == 0)
			return i;
	return MOAT_WHY_NONE;
}

static bool release_stray(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].hold)
			return act(d, MOAT_ACT_RELEASE, "nobody wants it held");
	return false;
}

static bool obey(struct decision *d)
{
	if (d->view->wish == MOAT_WISH_UPGRADE && !d->view->recovery.on &&
	    domain(d, MOAT_ACTIVE)->ready && moat_has_devices(d->view))
		return moat_standby_upgrade(d);
	return d->view->wish != MOAT_WISH_UPGRADE && release_stray(d);
}

void moat_slot_job_ended(struct moat_slot *slot, enum moat_role role,
			 enum moat_job job, bool ok, msec now)
{
	if (ok || slot->failed[role] != job)
		slot->failures[role] = 0;
	slot->failed[role] = ok ? MOAT_JOB_NONE : job;
	if (ok)
		return;
	slot->not_before[role] = now + moat_doubled(1000, slot->failures[role]++,
						    BACKOFF_MAX_MS);
}

/* The first question that has an answer. */
static void ask_all(struct decision *d)
{
	const struct moat_view_domain *active = domain(d, MOAT_ACTIVE);

	if (moat_abandon_jobs(d) || moat_disks_note_detached(d) ||
	    moat_disks_note_stale(d) || moat_disks_note_offered(d))
		return;
	if (moat_judge(d) || moat_remove_condemned(d) || moat_replace(d))
		return;
	if (active->domid != d->view->recorded || active->anew) {
		act(d, MOAT_ACT_ADOPT, "it has the name");
		return;
	}
	if (moat_takeover_start(d))
		return;
	/* whatever cannot be done below, a person's wish can */
	if (d->view->wish == MOAT_WISH_RESTART && moat_takeover_is_due(d)) {
		condemn(d, MOAT_WHY_RESTART, 0, "a restart is wished");
		return;
	}
	if (active->suspended)
		return;
	/* the disks wait in the new domain while its devices are on their way */
	if (moat_devices_attach(d) || moat_disks_repoint(d) || moat_recovery_advance(d) ||
	    moat_disks_note_served(d) || obey(d) || moat_standby_remove_bad(d))
		return;
	moat_standby_keep(d);
}

/* Is a step no more than a note of what others have done? */
static bool is_observation(enum moat_act act)
{
	switch (act) {
	case MOAT_ACT_NONE:
	case MOAT_ACT_ADOPT:
	case MOAT_ACT_ABANDON:
	case MOAT_ACT_SERVED:
	case MOAT_ACT_DETACHED:
	case MOAT_ACT_STALE:
	case MOAT_ACT_OFFERED:
	case MOAT_ACT_PHASE:
	case MOAT_ACT_REPORT:
		return true;
	default:
		return false;
	}
}

void moat_decide(const struct moat_view *view, const struct moat_limits *limits,
		 struct moat_slot *slot, msec now, struct moat_action *out)
{
	struct decision d = { view, limits, slot, now, out };

	memset(out, 0, sizeof(*out));
	moat_clocks_wind(&d);
	ask_all(&d);
	if (view->maintenance && !is_observation(out->act)) {
		out->withheld = out->act;
		out->act = MOAT_ACT_NONE;
	}
}
