// SPDX-License-Identifier: GPL-2.0
/*
 * moatd's own nodes.
 */
#include "note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* times kept of crashes and complaints */
#define TIMES_MAX MOAT_CRASHES_MAX

struct verdict {
	struct moat_unit *unit;
	const struct moat_action *action;
	unsigned int domid;
};

static struct moat_xs *xs_of(struct moat_unit *u)
{
	return &u->daemon->xs;
}

int moat_note(struct moat_unit *unit, const char *value, const char *key)
{
	return moat_xs_set(xs_of(unit), value, MOAT_ROOT "/%s/%s",
			   unit->storage->name, key);
}

int moat_note_number(struct moat_unit *unit, uint64_t value, const char *key)
{
	return moat_xs_set_number(xs_of(unit), value, MOAT_ROOT "/%s/%s",
				  unit->storage->name, key);
}

int moat_note_remove(struct moat_unit *unit, const char *key)
{
	return moat_xs_remove(xs_of(unit), MOAT_ROOT "/%s/%s",
			      unit->storage->name, key);
}

/* Add a number to a list of numbers; the oldest go when there are too many. */
static int append(struct moat_unit *u, uint64_t value, const char *key)
{
	char *old = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/%s", u->storage->name,
				key);
	const char *from = old ? old : "";
	size_t words = *from ? 1 : 0;
	char *text;
	int err;

	for (const char *c = from; *c; c++)
		words += *c == ' ';
	for (; words >= TIMES_MAX; words--)
		from = strchr(from, ' ') + 1;
	if (asprintf(&text, "%s%s%" PRIu64, from, *from ? " " : "", value) < 0) {
		free(old);
		return -ENOMEM;
	}
	err = moat_note(u, text, key);
	free(text);
	free(old);
	return err;
}

/* Is a disk still with a domain of the past? */
static bool is_named(const struct moat_unit *u, unsigned int domid)
{
	for (size_t i = 0; i < u->view.count; i++)
		if (u->view.disks[i].backend == domid)
			return true;
	return domid == u->view.recorded;
}

/* The past, with the domain that was active, without those nobody names. */
static int note_past(struct moat_unit *u)
{
	char text[sizeof(u->past) / sizeof(*u->past) * 12] = "";
	bool listed = !u->view.recorded;
	size_t used = 0;

	for (size_t i = 0; i < u->pasts; i++) {
		listed = listed || u->past[i] == u->view.recorded;
		if (is_named(u, u->past[i]))
			used += snprintf(text + used, sizeof(text) - used,
					 "%s%u", used ? " " : "", u->past[i]);
	}
	if (!listed && u->pasts < sizeof(u->past) / sizeof(*u->past))
		snprintf(text + used, sizeof(text) - used, "%s%u",
			 used ? " " : "", u->view.recorded);
	return moat_note(u, text, "past");
}

/* The uuid of a domain that was there at the last look; "-" of any other. */
static const char *uuid_of(const struct moat_unit *u, unsigned int domid)
{
	const struct moat_scan_domain *d = moat_scan_find(&u->daemon->scan, domid);

	return d ? d->xen.uuid : "-";
}

int moat_note_active(struct moat_unit *unit, unsigned int domid)
{
	int err = note_past(unit);

	if (!err)
		err = moat_note(unit, uuid_of(unit, domid), "uuid");

	/* whoever made it, there is one again */
	if (!err)
		err = moat_note_remove(unit, "gave-up");
	return err ? err : moat_note_number(unit, domid, "domid");
}

static int write_recovery(struct moat_unit *u,
			  const struct moat_view_recovery *r)
{
	char text[256];
	size_t used;

	used = snprintf(text, sizeof(text), "%s %u %" PRIu64 " %" PRIu64,
			moat_why_name(r->why), r->old, r->begun, r->detect);
	for (size_t i = 0; i < MOAT_PHASES; i++)
		used += snprintf(text + used, sizeof(text) - used, " %" PRIu64,
				 r->phase[i]);
	snprintf(text + used, sizeof(text) - used, " %u", r->probes);
	return moat_note(u, text, "recovery");
}

static int note_recovery(struct moat_unit *u, const struct verdict *v)
{
	struct moat_view_recovery r = u->view.recovery;

	/* a second fault on the way: one recovery, which began with the first */
	if (!r.on)
		r = (struct moat_view_recovery) {
			.why = v->action->why,
			.old = v->domid,
			.begun = moat_now(),
			.detect = v->action->detect,
		};
	r.probes += v->action->why == MOAT_WHY_PROBE;
	memset(r.phase, 0, sizeof(r.phase));
	return write_recovery(u, &r);
}

static bool is_wish(enum moat_why why)
{
	return why == MOAT_WHY_RESTART || why == MOAT_WHY_UPGRADE;
}

/* Accounts in which nothing counts any more are closed. */
static int prune(struct moat_unit *u)
{
	unsigned int count;
	char **vms = moat_xs_list(xs_of(u), &count, MOAT_ROOT "/%s/complaints",
				  u->storage->name);
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++) {
		char *text = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/complaints/%s",
					 u->storage->name, vms[i]);
		const char *last = text ? strrchr(text, ' ') : NULL;

		if (text && moat_now() - strtoull(last ? last : text, NULL, 10) >
			    MOAT_COMPLAINT_WINDOW_MS)
			err = moat_xs_remove(xs_of(u),
					     MOAT_ROOT "/%s/complaints/%s",
					     u->storage->name, vms[i]);
		free(text);
	}
	free(vms);
	return err;
}

/* All whose word the verdict rests on answer for it, each VM once. */
static int blame(struct moat_unit *u, unsigned int domid)
{
	int err = prune(u);

	for (size_t i = 0; i < u->view.count && !err; i++) {
		const struct moat_view_disk *disk = &u->view.disks[i];
		char key[16 + MOAT_VM_MAX];
		bool charged = false;

		for (size_t k = 0; k < i && !charged; k++)
			charged = moat_disk_complains(&u->view.disks[k], domid) &&
				  strcmp(u->view.disks[k].vm, disk->vm) == 0;
		if (charged || !moat_disk_complains(disk, domid))
			continue;
		snprintf(key, sizeof(key), "complaints/%s", disk->vm);
		err = append(u, moat_now(), key);
	}
	return err;
}

static int verdict_in(struct moat_xs *xs, void *context)
{
	struct verdict *v = context;
	struct moat_unit *u = v->unit;
	enum moat_why why = v->action->why;
	bool gone = v->action->act == MOAT_ACT_BEGIN;
	char text[48 + MOAT_UUID_SIZE];
	int err = note_recovery(u, v);

	(void)xs;
	snprintf(text, sizeof(text), "%u %s %s", v->domid, moat_why_name(why),
		 gone ? "-" : uuid_of(u, v->domid));
	if (!err)
		err = moat_note(u, text, "condemned");
	/* neither what a person asked for nor a tenant's word shows a bad domain */
	if (!err && v->action->no_crash)
		err = blame(u, v->domid);
	else if (!err && !is_wish(why))
		err = append(u, moat_now(), "crashes");
	if (!err && why == MOAT_WHY_RESTART)
		err = moat_note_remove(u, "crashes");
	if (!err && is_wish(why))
		err = moat_note_remove(u, "wish");
	return err ? err : moat_note_remove(u, "held");
}

int moat_note_verdict(struct moat_unit *unit, const struct moat_action *action,
		      unsigned int domid)
{
	struct verdict v = { unit, action, domid };

	return moat_xs_transact(xs_of(unit), verdict_in, &v);
}

int moat_note_phase(struct moat_unit *unit, size_t phase)
{
	unit->view.recovery.phase[phase] = moat_now();
	return write_recovery(unit, &unit->view.recovery);
}

static int recovered_in(struct moat_xs *xs, void *context)
{
	struct moat_unit *u = context;
	int err = moat_note_remove(u, "recovery");

	(void)xs;
	return err ? err : moat_note_remove(u, "condemned");
}

int moat_note_recovered(struct moat_unit *unit)
{
	return moat_xs_transact(xs_of(unit), recovered_in, unit);
}

/* "COUNT TIME DOMID" */
int moat_note_standby_death(struct moat_unit *unit, unsigned int domid,
			    unsigned int *deaths)
{
	const struct moat_view *v = &unit->view;
	msec lived = moat_now() - v->standby_made;
	char text[64];

	*deaths = v->standby_deaths;
	if (unit->dead_standby == domid)
		return 0;
	/* one that lived for long is no part of a row */
	if (lived > unit->storage->limits.crash_window)
		*deaths = 0;
	++*deaths;
	snprintf(text, sizeof(text), "%u %" PRIu64 " %u", *deaths, moat_now(),
		 domid);
	return moat_note(unit, text, "standby-deaths");
}
