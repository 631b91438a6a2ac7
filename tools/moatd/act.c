// SPDX-License-Identifier: GPL-2.0
/*
 * Steps. What has to hold together is written in one transaction, so that a
 * moatd that is killed leaves the step done or not done.
 */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "disk.h"
#include "evidence.h"
#include "hyper.h"
#include "launch.h"
#include "note.h"
#include "strip.h"

static struct moat_xs *xs_of(struct moat_unit *u)
{
	return &u->daemon->xs;
}

static const char *name_of(const struct moat_unit *u)
{
	return u->storage->name;
}

static void tell(struct moat_unit *u, const char *event, json_t *more)
{
	moat_events_add(u->daemon->events, name_of(u), event, more);
}

static unsigned int domid_of(const struct moat_unit *u, enum moat_role role)
{
	return u->view.domain[role].domid;
}

/* --- jobs -------------------------------------------------------------- */

static void abandon(struct moat_unit *u, enum moat_role role)
{
	struct moat_process *p = &u->process[role];
	enum moat_job job = p->job;
	char text[160];

	snprintf(text, sizeof(text), "%s (process %d) cannot be killed; it is not "
		 "waited for any more", moat_job_name(job), p->pid);
	moat_err("%s: %s", name_of(u), text);
	tell(u, "failed", json_pack("{s:s}", "text", text));
	moat_process_abandon(p, xs_of(u), &u->daemon->loop);
	moat_slot_job_ended(&u->slot, role, job, false, moat_now());
}

static int lose_standby(struct moat_unit *u, const struct moat_action *a)
{
	unsigned int domid = domid_of(u, MOAT_STANDBY), deaths = 0;
	bool counted = a->why == MOAT_WHY_NONE || u->dead_standby == domid;
	int err = counted ? 0 : moat_note_standby_death(u, domid, &deaths);

	if (err)
		return err;
	/* one that makes room for a newer one is nobody's trouble */
	if (a->why == MOAT_WHY_NONE)
		tell(u, "standby-retired",
		     json_pack("{s:i, s:s}", "domid", (int)domid, "text", a->text));
	else
		tell(u, "standby-lost",
		     json_pack("{s:i, s:s, s:o}", "domid", (int)domid, "text", a->text,
			       "console", moat_evidence_keep(u, domid)));
	if (deaths == u->storage->limits.crash_loop) {
		moat_err("%s: no more standbys: %u have died in a row", name_of(u),
			 deaths);
		tell(u, "standby-gave-up",
		     json_pack("{s:i, s:s}", "domid", (int)domid, "text",
			       "too many standbys have died in a row"));
	}
	return moat_launch_destroy(u, MOAT_STANDBY);
}

static int unpause(struct moat_unit *u)
{
	int err = moat_hyper_unpause(u->daemon->hyper, domid_of(u, MOAT_ACTIVE));

	/* an earlier moatd got no further */
	if (err && err != -EINVAL)
		return err;
	return moat_note_remove(u, "placeholder");
}

static struct moat_unit *unit_of(struct moat_source *source,
				 enum moat_role *role)
{
	struct moat_process *p = (struct moat_process *)source;
	struct moat_daemon *d = p->context;

	for (size_t i = 0; i < d->config.count; i++)
		for (int r = 0; r < MOAT_ROLES; r++)
			if (&d->units[i].process[r] == p) {
				*role = r;
				return &d->units[i];
			}
	return NULL;
}

static void log_failure(struct moat_unit *u, enum moat_job job, int status,
			char *output)
{
	char text[160], *line, *rest = output;

	snprintf(text, sizeof(text), "%s failed with status %d",
		 moat_job_name(job), status);
	moat_warn("%s: %s", name_of(u), text);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line)
			moat_warn("%s: | %s", name_of(u), line);
	tell(u, "failed", json_pack("{s:s}", "text", text));
}

int moat_act_job_ended(struct moat_source *source)
{
	enum moat_role role = MOAT_ACTIVE;
	struct moat_unit *u = unit_of(source, &role);
	struct moat_process *p = &u->process[role];
	enum moat_job job = p->job;
	bool killed = p->killed;
	char output[4096];
	int status = moat_process_reap(p, xs_of(u), &u->daemon->loop, output,
				       sizeof(output));

	/* of what an earlier moatd has started, only the effect is known */
	if (killed || status < 0)
		return 0;
	/* somebody else was faster, or an earlier try took its time */
	if (job == MOAT_JOB_DESTROY && moat_is_gone(u, u->doomed[role]))
		status = 0;
	moat_slot_job_ended(&u->slot, role, job, status == 0, moat_now());
	if (status)
		log_failure(u, job, status, output);
	else if (moat_job_creates(job))
		tell(u, role == MOAT_ACTIVE ? "created" : "standby-created",
		     json_pack("{s:i}", "domid", (int)domid_of(u, role)));
	return 0;
}

/* --- the standby takes over -------------------------------------------- */

static int rename_domain(struct moat_xs *xs, unsigned int domid,
			 const char *name)
{
	char *vm = moat_xs_get(xs, "/local/domain/%u/vm", domid);
	int err = moat_xs_set(xs, name, "/local/domain/%u/name", domid);

	if (!err && vm && *vm == '/')
		err = moat_xs_set(xs, name, "%s/name", vm);
	free(vm);
	return err;
}

/* It is the active one's now, and the next standby will have another. */
static int hand_on_uuid(struct moat_unit *u)
{
	char *uuid = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/made-1", name_of(u));
	int err = uuid ? moat_note(u, uuid, "made-0") : 0;

	free(uuid);
	return err;
}

static int promote_in(struct moat_xs *xs, void *context)
{
	struct moat_unit *u = context;
	unsigned int domid = domid_of(u, MOAT_STANDBY);
	int err = rename_domain(xs, domid, name_of(u));

	if (!err)
		err = moat_note_active(u, domid);
	if (!err)
		err = hand_on_uuid(u);
	/* a crash on the way to an upgrade has brought it about */
	if (!err && u->view.wish == MOAT_WISH_UPGRADE &&
	    u->view.standby_made >= u->view.wish_at)
		err = moat_note_remove(u, "wish");
	if (!err)
		err = moat_note_remove(u, "standby-deaths");
	return err ? err : moat_note_remove(u, "standby-made");
}

static int adopt_in(struct moat_xs *xs, void *context)
{
	struct moat_unit *u = context;

	(void)xs;
	return moat_note_active(u, domid_of(u, MOAT_ACTIVE));
}

/* --- disks ------------------------------------------------------------- */

/* An event about one disk. */
static void tell_disk(struct moat_unit *u, const char *event, size_t index,
		      const char *text)
{
	const struct moat_view_disk *disk = &u->view.disks[index];
	char *name = moat_xs_get(xs_of(u), "/local/domain/%u/name", disk->app);
	char *vdev = moat_xs_get(xs_of(u), "/libxl/%u/device/vbd/%u/dev",
				 disk->app, disk->device);

	moat_warn("%s: %s of %s: %s: %s", name_of(u), vdev ? vdev : "a disk",
		  name ? name : "a domain", event, text);
	tell(u, event, json_pack("{s:s, s:s, s:i, s:s}", "domain",
				 name ? name : "", "vdev", vdev ? vdev : "",
				 "domid", (int)disk->backend, "text", text));
	free(name);
	free(vdev);
}

/* One that cannot be moved does not keep the others from it, nor moatd from the rest. */
static int repoint(struct moat_unit *u)
{
	unsigned int domid = domid_of(u, MOAT_ACTIVE);

	for (size_t i = 0; i < u->view.count; i++) {
		struct moat_view_disk *disk = &u->view.disks[i];
		int err;

		if (!moat_disk_is_due(&u->view, &u->storage->limits, disk, moat_now()))
			continue;
		moat_scan_spoil_disk(&u->daemon->scan, disk->app, disk->device);
		if (disk->able || disk->backend != domid)
			err = moat_disk_repoint(xs_of(u), disk, domid);
		else
			err = moat_disk_renew(xs_of(u), disk);
		if (moat_disk_moved(&disk->kept, !err, moat_now()))
			tell_disk(u, "left-alone", i, err == -ENOENT ?
				  "its front end took its state away" :
				  "it cannot be moved");
	}
	return 0;
}

static int hold(struct moat_unit *u, bool wanted)
{
	int result = wanted ? moat_note_number(u, moat_now(), "held") :
			      moat_note_remove(u, "held");

	for (size_t i = 0; i < u->view.count && !result; i++) {
		const struct moat_view_disk *disk = &u->view.disks[i];

		if (disk->hold == wanted ||
		    (wanted && (!disk->able || disk->backend != domid_of(u, MOAT_ACTIVE))))
			continue;
		moat_scan_spoil_disk(&u->daemon->scan, disk->app, disk->device);
		result = moat_disk_hold(xs_of(u), disk, wanted);
	}
	return result;
}

/* A note of libxl's side about a disk; the view and the scan follow it. */
static int mark_disk(struct moat_unit *u, size_t index, const char *key, bool on)
{
	const struct moat_view_disk *disk = &u->view.disks[index];

	return on ? moat_xs_set(xs_of(u), "1", "/libxl/%u/device/vbd/%u/%s",
				disk->app, disk->device, key) :
		    moat_xs_remove(xs_of(u), "/libxl/%u/device/vbd/%u/%s",
				   disk->app, disk->device, key);
}

static struct moat_view_disk *scanned(struct moat_unit *u, size_t index)
{
	return moat_scan_disk(&u->daemon->scan, u->view.disks[index].app,
			      u->view.disks[index].device);
}

/* All at once: where there are many, they come together. */
static int note_served(struct moat_unit *u)
{
	int err = 0;

	for (size_t i = 0; i < u->view.count && !err; i++) {
		struct moat_view_disk *disk = &u->view.disks[i];
		struct moat_view_disk *known = scanned(u, i);

		if (!moat_disk_is_new(disk, domid_of(u, MOAT_ACTIVE)))
			continue;
		err = mark_disk(u, i, "moat-served", true);
		disk->served = !err;
		if (known)
			known->served = !err;
	}
	return err;
}

/* As above. */
static int note_stale(struct moat_unit *u)
{
	int err = 0;

	for (size_t i = 0; i < u->view.count && !err; i++) {
		struct moat_view_disk *disk = &u->view.disks[i];
		struct moat_view_disk *known = scanned(u, i);

		if (!disk->stale_due)
			continue;
		err = moat_disk_note_stale(xs_of(u), disk);
		if (known)
			known->stale_due = disk->stale_due;
	}
	return err;
}

static int note_detached(struct moat_unit *u, size_t index)
{
	struct moat_view_disk *disk = &u->view.disks[index];
	struct moat_view_disk *known = scanned(u, index);
	int err = mark_disk(u, index, "moat-detached", disk->offline);

	if (err)
		return err;
	disk->detached = disk->offline;
	if (known)
		known->detached = disk->offline;
	return 0;
}

static int note_offered(struct moat_unit *u, size_t index)
{
	struct moat_view_disk *disk = &u->view.disks[index];
	struct moat_view_disk *known = scanned(u, index);
	int err = moat_disk_note_offer(xs_of(u), disk);

	if (err || !known)
		return err;
	known->note_due = disk->note_due;
	known->noted = disk->noted;
	known->safe = disk->safe;
	return 0;
}

static int leave(struct moat_unit *u, const struct moat_action *a)
{
	struct moat_view_disk *known = scanned(u, a->index);
	int err = mark_disk(u, a->index, "moat-left", true);

	if (err)
		return err;
	u->view.disks[a->index].left = true;
	if (known)
		known->left = true;
	tell_disk(u, "left-alone", a->index, a->text);
	return 0;
}

static int reconnect(struct moat_unit *u, const struct moat_action *a)
{
	int err = moat_disk_tear(xs_of(u), &u->view.disks[a->index]);

	moat_scan_spoil_disk(&u->daemon->scan, u->view.disks[a->index].app,
			     u->view.disks[a->index].device);

	if (!err && !a->quiet)
		tell_disk(u, "reconnected", a->index, a->text);
	else if (!err)
		moat_info("%s: disk %u of domain %u is connected anew, again",
			  name_of(u), u->view.disks[a->index].device,
			  u->view.disks[a->index].app);
	return err;
}

/* --- verdicts ---------------------------------------------------------- */

static json_int_t last_id(struct moat_unit *u, const char *event)
{
	return json_integer_value(json_object_get(
		moat_events_last(u->daemon->events, name_of(u), event), "id"));
}

/* Told already, by a moatd that was killed before it could write the verdict down? Numbers of
 * domains begin anew when the host does: what has been told behind it ends a story.
 */
static bool was_condemned(struct moat_unit *u, unsigned int domid)
{
	static const char *const ends[] = { "recovered", "upgraded", "gave-up", "created" };
	const json_t *e = moat_events_last(u->daemon->events, name_of(u), "condemned");
	json_int_t id = last_id(u, "condemned");

	if (!e || json_integer_value(json_object_get(e, "domid")) != domid)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (id < last_id(u, ends[i]))
			return false;
	return true;
}

/* First told, then written down: the other way round, a moatd that is killed in between
 * would leave a recovery of which nobody has heard why it is there.
 */
static int condemn(struct moat_unit *u, const struct moat_action *a)
{
	unsigned int domid = a->act == MOAT_ACT_BEGIN ?
				     u->view.recorded :
				     domid_of(u, MOAT_ACTIVE);
	int err;

	if (!was_condemned(u, domid))
		tell(u, "condemned",
		     json_pack("{s:i, s:s, s:s, s:o}", "domid", (int)domid, "why",
			       moat_why_name(a->why), "text", a->text, "console",
			       a->why == MOAT_WHY_UPGRADE ? json_null() :
							    moat_evidence_keep(u, domid)));
	err = moat_note_verdict(u, a, domid);
	if (err)
		return err;
	/* a front end that has connected meanwhile needs its domid kept */
	moat_scan_hurry(&u->daemon->scan);
	moat_warn("%s: domain %u is condemned (%s): %s", name_of(u), domid,
		  moat_why_name(a->why), a->text);
	return 0;
}

static int give_up(struct moat_unit *u, const struct moat_action *a)
{
	int err = moat_note_number(u, 1, "gave-up");

	if (err)
		return err;
	moat_err("%s: gave up: %s; waiting for \"moat restart %s\"", name_of(u),
		 a->text, name_of(u));
	tell(u, "gave-up", json_pack("{s:i, s:s}", "domid",
				     (int)u->view.recorded, "text", a->text));
	return 0;
}

static int abort_upgrade(struct moat_unit *u, const struct moat_action *a)
{
	int err = moat_note_remove(u, "wish");

	if (!err)
		err = hold(u, false);
	if (err)
		return err;
	moat_warn("%s: upgrade aborted: %s", name_of(u), a->text);
	tell(u, "upgrade-aborted",
	     json_pack("{s:i, s:s}", "domid", (int)domid_of(u, MOAT_ACTIVE),
		       "text", a->text));
	return 0;
}

/* --- the end of a recovery --------------------------------------------- */

/* What libxl leaves of a domain that it did not destroy itself. */
static void sweep(struct moat_unit *u, unsigned int domid)
{
	if (!domid || !moat_is_gone(u, domid))
		return;
	moat_xs_remove(xs_of(u), "/local/domain/%u", domid);
	moat_xs_remove(xs_of(u), "/libxl/%u", domid);
	moat_scan_spoil_served(&u->daemon->scan, domid, MOAT_SCAN_WRONG);
}

static int end_phase(struct moat_unit *u, const struct moat_action *a)
{
	static const char *const names[MOAT_PHASES] = {
		"the old domain is destroyed", "the PCI devices are there",
		"the disks are there", "the disks are connected",
		"the disks are up",
	};

	if (a->index == MOAT_PHASE_DESTROY) {
		/* the first that failed, and the one that has just been destroyed */
		sweep(u, u->view.recovery.old);
		sweep(u, moat_xs_number(xs_of(u), 0, MOAT_ROOT "/%s/condemned",
					name_of(u)));
	}
	moat_info("%s: %s", name_of(u), names[a->index]);
	return moat_note_phase(u, a->index);
}

static json_t *phases(const struct moat_view_recovery *r)
{
	static const char *const names[MOAT_PHASES] = {
		"destroy_ms", "pci_ms", "probe_ms", "reconnect_ms", "replay_ms",
	};
	json_t *all = json_pack("{s:I}", "detect_ms", (json_int_t)r->detect);
	msec last = r->begun;

	for (int i = 0; i < MOAT_PHASES; i++) {
		if (!r->phase[i])
			continue;
		json_object_set_new(all, names[i],
				    json_integer(r->phase[i] - last));
		last = r->phase[i];
	}
	return all;
}

/* Told already, by a moatd that was killed before it could forget? */
static bool was_told(struct moat_unit *u, const char *event)
{
	const json_t *e = moat_events_last(u->daemon->events, name_of(u), event);

	return e &&
	       json_integer_value(json_object_get(e, "begun")) ==
		       (json_int_t)u->view.recovery.begun &&
	       json_integer_value(json_object_get(e, "new_domid")) ==
		       domid_of(u, MOAT_ACTIVE);
}

static int report(struct moat_unit *u, const struct moat_action *a)
{
	const struct moat_view_recovery *r = &u->view.recovery;
	const char *event = r->why == MOAT_WHY_UPGRADE ? "upgraded" :
							 "recovered";
	size_t disks = 0;

	for (size_t i = 0; i < u->view.count; i++)
		disks += !u->view.disks[i].fresh &&
			 moat_disk_is_covered(&u->view.disks[i], &u->storage->limits);
	moat_notice("%s: %s: domain %u serves %zu disks, %zu are left",
		    name_of(u), event, domid_of(u, MOAT_ACTIVE),
		    disks - a->index, a->index);
	if (!was_told(u, event))
		tell(u, event,
		     json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:o}", "why",
			       moat_why_name(r->why), "domid", (int)r->old,
			       "new_domid", (int)domid_of(u, MOAT_ACTIVE),
			       "disks", (int)disks, "left", (int)a->index,
			       "begun", (json_int_t)r->begun, "phases",
			       phases(r)));
	u->recoveries++;
	return moat_note_recovered(u);
}

/* ----------------------------------------------------------------------- */

static int free_device(struct moat_unit *u, size_t index)
{
	unsigned int holder = u->view.pci[index].domid;

	return holder ? moat_strip_domain(xs_of(u), holder) :
			moat_strip_device(xs_of(u), u->storage->pci[index]);
}

static int tell_wish_off(struct moat_unit *u)
{
	int err = moat_note_remove(u, "crashes");

	if (!err)
		err = moat_note_remove(u, "gave-up");
	return err ? err : moat_note_remove(u, "wish");
}

int moat_act_wish(struct moat_unit *unit, enum moat_wish wish)
{
	char text[48];
	int err = moat_note_remove(unit, "standby-deaths");

	if (err)
		return err;
	snprintf(text, sizeof(text), "%s %llu",
		 wish == MOAT_WISH_RESTART ? "restart" : "upgrade",
		 (unsigned long long)moat_now());
	/* failures of the past are no reason to refuse a new try */
	moat_slot_job_ended(&unit->slot, MOAT_STANDBY, MOAT_JOB_CREATE, true,
			    moat_now());
	return moat_note(unit, text, "wish");
}

int moat_act_adopt(struct moat_unit *unit)
{
	char *vm = moat_xs_get(xs_of(unit), "/local/domain/%u/vm",
			       unit->view.foreign[MOAT_ACTIVE]);
	int err = -ENOENT;

	if (vm && strncmp(vm, "/vm/", 4) == 0)
		err = moat_note(unit, vm + 4, "adopted");
	free(vm);
	return err;
}

/* Clocks that ran meanwhile measured what a person did. */
int moat_act_hold(struct moat_unit *unit, bool on)
{
	int err = on ? moat_note_number(unit, 1, "maintenance") :
		       moat_note_remove(unit, "maintenance");

	if (err)
		return err;
	if (!on)
		unit->lost = UINT64_MAX;
	moat_notice("%s: %s", name_of(unit), on ? "held: nothing is done for it" :
						  "no longer held");
	tell(unit, on ? "held" : "resumed",
	     json_pack("{s:o}", "domid", domid_of(unit, MOAT_ACTIVE) ?
		       json_integer(domid_of(unit, MOAT_ACTIVE)) : json_null()));
	return 0;
}

static int act_on_disks(struct moat_unit *u, const struct moat_action *a)
{
	switch (a->act) {
	case MOAT_ACT_REPOINT:
		return repoint(u);
	case MOAT_ACT_RECONNECT:
		return reconnect(u, a);
	case MOAT_ACT_SERVED:
		return note_served(u);
	case MOAT_ACT_STALE:
		return note_stale(u);
	case MOAT_ACT_DETACHED:
		return note_detached(u, a->index);
	case MOAT_ACT_OFFERED:
		return note_offered(u, a->index);
	case MOAT_ACT_LEAVE:
		return leave(u, a);
	case MOAT_ACT_HOLD:
	case MOAT_ACT_RELEASE:
		return hold(u, a->act == MOAT_ACT_HOLD);
	default:
		return -EINVAL;
	}
}

int moat_act(struct moat_unit *unit, const struct moat_action *a)
{
	struct moat_xs *xs = xs_of(unit);

	moat_debug("%s: act %d, role %d, index %zu: %s", name_of(unit), a->act,
		   a->role, a->index, a->text ? a->text : "");
	switch (a->act) {
	case MOAT_ACT_NONE:
		return 0;
	case MOAT_ACT_ADOPT:
		return moat_xs_transact(xs, adopt_in, unit);
	case MOAT_ACT_BEGIN:
	case MOAT_ACT_CONDEMN:
		return condemn(unit, a);
	case MOAT_ACT_DESTROY:
		return a->role == MOAT_STANDBY ? lose_standby(unit, a) :
						 moat_launch_destroy(unit, a->role);
	case MOAT_ACT_KILL:
		moat_process_kill(&unit->process[a->role], moat_now());
		return -EAGAIN;
	case MOAT_ACT_ABANDON:
		abandon(unit, a->role);
		return 0;
	case MOAT_ACT_CREATE:
		return moat_launch_create(unit, a->role);
	case MOAT_ACT_RECREATE:
		return moat_launch_recreate(unit);
	case MOAT_ACT_REPLACE:
		return moat_launch_replace(unit);
	case MOAT_ACT_UNPAUSE:
		return unpause(unit);
	case MOAT_ACT_PROMOTE:
		moat_scan_spoil_name(&unit->daemon->scan,
				     domid_of(unit, MOAT_STANDBY));
		return moat_xs_transact(xs, promote_in, unit);
	case MOAT_ACT_FREE:
		return free_device(unit, a->index);
	case MOAT_ACT_ASSIGN:
		return moat_launch_assign(unit, a->index);
	case MOAT_ACT_ATTACH:
		return moat_launch_attach(unit, a->index);
	case MOAT_ACT_ABORT:
		return abort_upgrade(unit, a);
	case MOAT_ACT_FORGIVE:
		return tell_wish_off(unit);
	case MOAT_ACT_GIVE_UP:
		return give_up(unit, a);
	case MOAT_ACT_PHASE:
		return end_phase(unit, a);
	case MOAT_ACT_REPORT:
		return report(unit, a);
	default:
		return act_on_disks(unit, a);
	}
}
