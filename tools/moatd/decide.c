// SPDX-License-Identifier: GPL-2.0
/*
 * The decision: first the clocks, then the verdict on the active domain, then
 * the first thing that is not as it should be. The order of the questions is
 * the order of a recovery.
 *
 * Two rules never bend. A domain that is condemned is destroyed, and seen to be
 * gone, before anything of it is given to another. And nothing is done to a
 * domain that works because one of its tenants says that it does not, more than
 * COMPLAINTS_MAX times within the crash window.
 */
#include "decide.h"

#include <string.h>

#include <moat/times.h>

/* a verdict that only one tenant asked for: so often within the window */
#define COMPLAINTS_MAX 3
#define BACKOFF_MAX_MS 60000
/* nothing announces that pciback has let go */
#define PCI_POLL_MS 20
/* the kernel of a storage domain must have seen a back end go */
#define RECONNECT_GAP_MS 1000

const struct moat_limits moat_limits_default = {
	.heartbeat = 1000 * MOAT_HEARTBEAT_LIMIT_S,
	.hang = 1000 * MOAT_HANG_LIMIT_S,
	.device = 1000 * MOAT_DEVICE_LIMIT_S,
	.boot = 60000,
	.probe = 30000,
	.crash_window = 300000,
	.crash_loop = 5,
	.standby = true,
};

static const char *const why_names[MOAT_WHYS] = {
	"none", "crash", "gone", "boot", "probe", "heartbeat", "poller",
	"device", "protocol", "restart", "upgrade",
};

/* What a decision is made from, and the earliest time to look again. */
struct decision {
	const struct moat_view *view;
	const struct moat_limits *limits;
	struct moat_slot *slot;
	msec now;
	struct moat_action *out;
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

static const struct moat_view_domain *domain(const struct decision *d,
					     enum moat_role role)
{
	return &d->view->domain[role];
}

static bool act(struct decision *d, enum moat_act what, const char *text)
{
	d->out->act = what;
	d->out->text = text;
	return true;
}

static bool act_on(struct decision *d, enum moat_act what, enum moat_role role,
		   const char *text)
{
	d->out->role = role;
	return act(d, what, text);
}

static bool act_at(struct decision *d, enum moat_act what, size_t index,
		   const char *text)
{
	d->out->index = index;
	return act(d, what, text);
}

/* Nothing now; but look again at the given time. */
static void look_at(struct decision *d, msec when)
{
	if (!d->out->until || when < d->out->until)
		d->out->until = when;
}

/* Nothing else may be done now. */
static bool wait_until(struct decision *d, msec when)
{
	look_at(d, when);
	return true;
}

/*
 * Has a span passed since a time? If not, look again when it has. Elapsed time
 * is tested, not points in time, so that no sum can wrap.
 */
static bool passed(struct decision *d, msec since, msec span)
{
	msec age = d->now > since ? d->now - since : 0;

	if (age > span)
		return true;
	look_at(d, since + span + 1);
	return false;
}

/* --- clocks ------------------------------------------------------------ */

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
	}
	move_on(d, &d->slot->fine_at);
	move_on(d, &d->slot->moved_at);
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
	if (c->domid != dom->domid) {
		*c = (struct moat_clock) { .domid = dom->domid,
					   .heartbeat = dom->heartbeat,
					   .seen_at = d->now,
					   .beat_at = d->now };
		if (role == MOAT_ACTIVE)
			d->slot->fine_at = d->now;
	}
	/* until xl is done with it, a domain is not even started */
	if (d->view->job[role] == MOAT_JOB_CREATE)
		c->seen_at = d->now;
	if (c->heartbeat != dom->heartbeat || dom->suspended ||
	    (dom->ready && !c->was_ready))
		c->beat_at = d->now;
	if (dom->suspended)
		c->seen_at = d->now;
	c->heartbeat = dom->heartbeat;
	c->was_ready = c->was_ready || dom->ready;
}

/* Does a disk wait that could be connected, and was before? */
static bool waits_for_device(const struct moat_view_disk *disk,
			     unsigned int domid)
{
	return disk->backend == domid && disk->served && disk->able &&
	       disk->awake && !disk->closing && !disk->connected &&
	       !disk->failed;
}

static bool has_devices(const struct moat_view *view)
{
	for (size_t i = 0; i < view->pcis; i++)
		if (!view->pci[i].domid ||
		    view->pci[i].domid != view->domain[MOAT_ACTIVE].domid)
			return false;
	return true;
}

static bool is_fine(const struct moat_view *view)
{
	const struct moat_view_domain *active = &view->domain[MOAT_ACTIVE];

	/* what a domain that still boots lacks is the boot limit's business */
	if (!active->domid || !active->ready)
		return true;
	if (!has_devices(view))
		return false;
	for (size_t i = 0; i < view->count; i++)
		if (waits_for_device(&view->disks[i], active->domid))
			return false;
	return true;
}

static void wind_clocks(struct decision *d)
{
	const struct moat_view_recovery *r = &d->view->recovery;
	struct moat_slot *slot = d->slot;
	size_t phases = 0;

	discount_lost(d);
	/* the active one first: it may inherit the standby's */
	wind_clock(d, MOAT_ACTIVE);
	wind_clock(d, MOAT_STANDBY);
	if (is_fine(d->view))
		slot->fine_at = d->now;
	for (size_t i = 0; i < MOAT_PHASES; i++)
		phases += r->phase[i] != 0;
	if (!r->on || slot->old != r->old || slot->phases != phases)
		slot->moved_at = d->now;
	slot->old = r->old;
	slot->phases = phases;
}

/* --- the verdict ------------------------------------------------------- */

static bool condemn(struct decision *d, enum moat_why why, msec detect,
		    const char *text)
{
	d->out->why = why;
	d->out->detect = detect;
	return act_on(d, MOAT_ACT_CONDEMN, MOAT_ACTIVE, text);
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

static bool judge(struct decision *d)
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
	if (d->view->recovery.on && !is_fine(d->view) &&
	    passed(d, d->slot->fine_at, d->limits->probe))
		return condemn(d, MOAT_WHY_PROBE, d->now - d->slot->fine_at,
			       "its devices do not appear");
	return judge_fronts(d);
}

/* --- removing ---------------------------------------------------------- */

/* May a job be started? Not while one runs, nor soon after it failed. */
static bool may_start(struct decision *d, enum moat_role role,
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

static bool destroy(struct decision *d, enum moat_role role, const char *text)
{
	enum moat_job job = d->view->job[role];

	if (job == MOAT_JOB_DESTROY)
		return true;
	if (job != MOAT_JOB_NONE)
		return act_on(d, MOAT_ACT_KILL, role, text);
	if (!may_start(d, role, MOAT_JOB_DESTROY))
		return true;
	return act_on(d, MOAT_ACT_DESTROY, role, text);
}

static bool remove_condemned(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_ACTIVE);

	return dom->domid && dom->condemned &&
	       destroy(d, MOAT_ACTIVE, "it is condemned");
}

/* A standby serves nobody: what is wrong with it needs no verdict. */
static bool remove_bad_standby(struct decision *d)
{
	const struct moat_view_domain *dom = domain(d, MOAT_STANDBY);
	const struct moat_clock *c = &d->slot->clock[MOAT_STANDBY];

	if (!dom->domid || dom->suspended)
		return false;
	if (dom->ended)
		return destroy(d, MOAT_STANDBY, "the standby crashed");
	if (d->view->job[MOAT_STANDBY] == MOAT_JOB_CREATE)
		return false;
	if (!c->was_ready)
		return passed(d, c->seen_at, d->limits->boot) &&
		       destroy(d, MOAT_STANDBY,
			       "the standby is not ready in time");
	return passed(d, c->beat_at, d->limits->heartbeat) &&
	       destroy(d, MOAT_STANDBY, "the standby's heartbeat stands still");
}

/* --- replacing --------------------------------------------------------- */

size_t moat_decide_crashes(const struct moat_view *view,
			   const struct moat_limits *limits, msec now)
{
	size_t count = 0;

	for (size_t i = 0; i < view->crash_count; i++)
		count += now - view->crashes[i] <= limits->crash_window;
	return count;
}

/* Stop for good after too many crashes, for a while after two. */
static bool back_off(struct decision *d)
{
	size_t count = moat_decide_crashes(d->view, d->limits, d->now);
	msec last, pause = 1000;

	if (d->view->gave_up)
		return true;
	if (count >= d->limits->crash_loop)
		return act(d, MOAT_ACT_GIVE_UP, "too many crashes");
	if (count < 2)
		return false;
	last = d->view->crashes[d->view->crash_count - 1];
	while (count-- > 2 && pause < BACKOFF_MAX_MS)
		pause *= 2;
	if (pause > BACKOFF_MAX_MS)
		pause = BACKOFF_MAX_MS;
	return d->now - last < pause && wait_until(d, last + pause);
}

/* Devices that nobody has are forgotten by whom, and given to pciback. */
static bool settle_devices(struct decision *d)
{
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (pci->stale)
			return act_at(d, MOAT_ACT_FREE, i,
				      "its holder does not exist");
		if (!pci->domid && !pci->busy && !pci->assignable &&
		    may_start(d, MOAT_ACTIVE, MOAT_JOB_ASSIGN))
			return act_at(d, MOAT_ACT_ASSIGN, i,
				      "it is not with pciback");
	}
	return false;
}

static bool devices_free(struct decision *d)
{
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (!pci->domid && !pci->busy && pci->assignable)
			continue;
		look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
		return false;
	}
	return true;
}

static bool replace(struct decision *d)
{
	const struct moat_view_domain *standby = domain(d, MOAT_STANDBY);

	if (domain(d, MOAT_ACTIVE)->domid)
		return false;
	if (d->view->recorded && !d->view->recovery.on) {
		d->out->why = MOAT_WHY_GONE;
		return act(d, MOAT_ACT_BEGIN, "it is gone");
	}
	if (d->view->recovery.on &&
	    !d->view->recovery.phase[MOAT_PHASE_DESTROY])
		return act_at(d, MOAT_ACT_PHASE, MOAT_PHASE_DESTROY,
			      "the old domain is gone");
	if (d->view->wish == MOAT_WISH_RESTART)
		return act(d, MOAT_ACT_FORGIVE, "a restart is wished");
	if (back_off(d) || remove_bad_standby(d))
		return true;
	/* an xl that still tidies up behind a domain is not waited for */
	if (d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE &&
	    d->view->job[MOAT_ACTIVE] != MOAT_JOB_DESTROY)
		return true;
	/* even one that still boots is ahead of one that is not created */
	if (d->view->job[MOAT_STANDBY] != MOAT_JOB_NONE)
		return true;
	if (standby->domid && !standby->ready)
		return true;
	if (standby->domid)
		return act(d, MOAT_ACT_PROMOTE, "the standby takes over");
	if (settle_devices(d) || !devices_free(d) ||
	    !may_start(d, MOAT_ACTIVE, MOAT_JOB_CREATE))
		return true;
	return act_on(d, MOAT_ACT_CREATE, MOAT_ACTIVE, "there is none");
}

/* --- connecting -------------------------------------------------------- */

static bool attach_devices(struct decision *d)
{
	const struct moat_view_domain *active = domain(d, MOAT_ACTIVE);

	if (!active->ready || d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE)
		return false;
	if (settle_devices(d))
		return true;
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (pci->domid)
			continue;
		if (pci->busy || !pci->assignable) {
			look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
			continue;
		}
		if (may_start(d, MOAT_ACTIVE, MOAT_JOB_ATTACH))
			return act_at(d, MOAT_ACT_ATTACH, i, "it has no holder");
	}
	return false;
}

static bool repoint(struct decision *d)
{
	bool wanted = false;

	if (d->view->job[MOAT_ACTIVE] == MOAT_JOB_CREATE)
		return false;
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (!disk->able) {
			if (disk->orphan && !disk->left)
				return act_at(d, MOAT_ACT_LEAVE, i,
					      "its front end cannot recover");
			continue;
		}
		if (disk->orphan)
			wanted = true;
		else if (disk->torn && disk->awake && !disk->closing &&
			 disk->backend == domain(d, MOAT_ACTIVE)->domid) {
			if (d->now >= d->slot->reconnect_at)
				wanted = true;
			else
				look_at(d, d->slot->reconnect_at);
		}
	}
	return wanted && act(d, MOAT_ACT_REPOINT, "its back end is gone");
}

static bool note_served(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++) {
		const struct moat_view_disk *disk = &d->view->disks[i];

		if (disk->backend == domain(d, MOAT_ACTIVE)->domid &&
		    disk->able && !disk->served && disk->connected &&
		    disk->front_state == 4 && disk->back_state == 4)
			return act_at(d, MOAT_ACT_SERVED, i, "it is connected");
	}
	return false;
}

/* Has a disk come to the end of a phase? One that cannot is not waited for. */
static bool is_past(const struct moat_view_disk *disk, enum moat_phase phase)
{
	if (!disk->able || !disk->awake || disk->closing || disk->failed ||
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
			 disk->front != MOAT_FRONT_IS_UP;
	}
	return count;
}

static bool phase_is_over(const struct decision *d, enum moat_phase phase)
{
	if (phase == MOAT_PHASE_DESTROY)
		return domain(d, MOAT_ACTIVE)->domid != d->view->recovery.old;
	if (phase == MOAT_PHASE_PCI)
		return has_devices(d->view) && domain(d, MOAT_ACTIVE)->ready;
	return disks_behind(d, phase) == 0;
}

/* Note the first phase that has ended; after the last one, report. */
static bool advance(struct decision *d)
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

/* --- wishes and the standby -------------------------------------------- */

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

static bool release_stray(struct decision *d)
{
	for (size_t i = 0; i < d->view->count; i++)
		if (d->view->disks[i].hold)
			return act(d, MOAT_ACT_RELEASE, "nobody wants it held");
	return false;
}

/*
 * A new standby, of the configuration as it is now; then all disks hold; then
 * the old domain goes. What fails on the way leaves the old one serving.
 */
static bool upgrade(struct decision *d)
{
	const struct moat_view_domain *standby = domain(d, MOAT_STANDBY);

	if (d->view->job[MOAT_STANDBY] != MOAT_JOB_NONE)
		return false;
	if (standby->domid && d->view->standby_made < d->view->wish_at)
		return destroy(d, MOAT_STANDBY,
			       "the standby is older than the upgrade");
	if (d->slot->failed[MOAT_STANDBY] == MOAT_JOB_CREATE &&
	    d->slot->not_before[MOAT_STANDBY] > d->view->wish_at)
		return act(d, MOAT_ACT_ABORT,
			   "the new domain could not be created");
	if (!standby->domid) {
		if (d->view->standby_made >= d->view->wish_at)
			return act(d, MOAT_ACT_ABORT, "the new domain died");
		return may_start(d, MOAT_STANDBY, MOAT_JOB_CREATE) &&
		       act_on(d, MOAT_ACT_CREATE, MOAT_STANDBY, "an upgrade");
	}
	if (!standby->ready)
		return false;
	if (!d->view->held)
		return act(d, MOAT_ACT_HOLD, "the new domain is ready");
	if (all_held(d))
		return condemn(d, MOAT_WHY_UPGRADE, 0, "its successor is ready");
	if (passed(d, d->view->held, d->limits->hang))
		return act(d, MOAT_ACT_ABORT, "the disks did not hold in time");
	return false;
}

static bool obey(struct decision *d)
{
	if (d->view->wish == MOAT_WISH_RESTART)
		return condemn(d, MOAT_WHY_RESTART, 0, "a restart is wished");
	if (d->view->wish == MOAT_WISH_UPGRADE && !d->view->recovery.on &&
	    domain(d, MOAT_ACTIVE)->ready && has_devices(d->view))
		return upgrade(d);
	return d->view->wish != MOAT_WISH_UPGRADE && release_stray(d);
}

static bool keep_standby(struct decision *d)
{
	if (!d->limits->standby || domain(d, MOAT_STANDBY)->domid ||
	    !domain(d, MOAT_ACTIVE)->ready || !has_devices(d->view) ||
	    d->view->recovery.on || d->view->wish != MOAT_WISH_NONE)
		return false;
	return may_start(d, MOAT_STANDBY, MOAT_JOB_CREATE) &&
	       act_on(d, MOAT_ACT_CREATE, MOAT_STANDBY, "there is none");
}

/* --- all of it --------------------------------------------------------- */

void moat_slot_job_ended(struct moat_slot *slot, enum moat_role role,
			 enum moat_job job, bool ok, msec now)
{
	msec pause = 1000;

	if (ok || slot->failed[role] != job)
		slot->failures[role] = 0;
	slot->failed[role] = ok ? MOAT_JOB_NONE : job;
	if (ok)
		return;
	for (unsigned int i = 0; i < slot->failures[role]; i++)
		pause = pause < BACKOFF_MAX_MS / 2 ? pause * 2 : BACKOFF_MAX_MS;
	slot->failures[role]++;
	slot->not_before[role] = now + pause;
}

void moat_decide(const struct moat_view *view, const struct moat_limits *limits,
		 struct moat_slot *slot, msec now, struct moat_action *out)
{
	struct decision d = { view, limits, slot, now, out };
	const struct moat_view_domain *active = &view->domain[MOAT_ACTIVE];

	memset(out, 0, sizeof(*out));
	wind_clocks(&d);
	if (judge(&d) || remove_condemned(&d) || replace(&d))
		return;
	if (active->domid != view->recorded) {
		act(&d, MOAT_ACT_ADOPT, "it has the name");
		return;
	}
	if (active->suspended)
		return;
	/* the disks wait in the new domain while its devices are on their way */
	if (attach_devices(&d) || repoint(&d) || advance(&d) ||
	    note_served(&d) || obey(&d) || remove_bad_standby(&d))
		return;
	keep_standby(&d);
}
