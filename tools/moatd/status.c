// SPDX-License-Identifier: GPL-2.0
/*
 * The status of each storage domain, from the view of its last decision; what
 * only people want to know is read from xenstore now.
 */
#include "status.h"

#include <stdlib.h>
#include <string.h>

#include <moat/keys.h>

static const struct moat_view_domain *domain(const struct moat_unit *u,
					     enum moat_role role)
{
	return &u->view.domain[role];
}

static json_t *number_or_null(uint64_t value)
{
	return value ? json_integer(value) : json_null();
}

/* A value of xenstore's, or null; one that is no UTF-8 counts as none. */
static json_t *text_or_null(char *text)
{
	json_t *json = text ? json_string(text) : NULL;

	free(text);
	return json ? json : json_null();
}

/* What would be said of it if no person had it in hand; NULL if nothing. */
static const char *withheld_verdict(const struct moat_unit *u)
{
	bool verdict = u->last.withheld == MOAT_ACT_CONDEMN || u->last.withheld == MOAT_ACT_BEGIN;

	return u->view.maintenance && verdict ? u->last.text : NULL;
}

static const char *state_of(const struct moat_unit *u, msec now)
{
	const struct moat_view *v = &u->view;

	if (withheld_verdict(u))
		return "held";
	if (v->gave_up)
		return "gave-up";
	if ((!domain(u, MOAT_ACTIVE)->domid || domain(u, MOAT_ACTIVE)->placeholder) &&
	    v->recovery.on && u->last.act == MOAT_ACT_NONE && u->last.until &&
	    moat_decide_crashes(v, &u->storage->limits, now) > 1)
		return "waiting";
	if (!domain(u, MOAT_ACTIVE)->domid && v->foreign[MOAT_ACTIVE])
		return "foreign";
	if (v->recovery.on)
		return "recovering";
	if (!domain(u, MOAT_ACTIVE)->domid)
		return "absent";
	if (domain(u, MOAT_ACTIVE)->suspended)
		return "suspended";
	if (v->wish == MOAT_WISH_UPGRADE)
		return "upgrading";
	return domain(u, MOAT_ACTIVE)->ready ? "ready" : "booting";
}

static json_t *standby_of(const struct moat_unit *u)
{
	const struct moat_view_domain *d = domain(u, MOAT_STANDBY);

	if (!d->domid)
		return json_null();
	return json_pack("{s:i, s:s}", "domid", (int)d->domid, "state",
			 d->ready ? "ready" : "booting");
}

static json_t *pci_of(const struct moat_unit *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->view.pcis; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:o}", "device",
					u->storage->pci[i], "domid",
					number_or_null(u->view.pci[i].domid)));
	return list;
}

/* How a disk gets a back end again; "not" of one that would be lost. */
static const char *cover_of(const struct moat_unit *u, enum moat_cover cover)
{
	if (moat_cover_text(cover))
		return "not";
	if (cover == MOAT_COVER_TAKEOVER || moat_takes_over(&u->view, &u->storage->limits))
		return "takeover";
	return u->storage->limits.standby ? "standby" : "restart";
}

/* What Moat's front end says of itself; what it has left to another is not said. */
static json_t *word_of(struct moat_xs *xs, const struct moat_view_disk *d, const char *front,
		       const char *key)
{
	return text_or_null(d->able ? moat_xs_get(xs, "%s/%s", front, key) : NULL);
}

static json_t *disk_of(struct moat_unit *u, const struct moat_view_disk *d)
{
	enum moat_cover cover = moat_disk_cover(d, &u->storage->limits);
	struct moat_xs *xs = &u->daemon->xs;
	const char *lost = moat_cover_text(cover);
	char front[64], kept[64], back[80];

	snprintf(front, sizeof(front), "/local/domain/%u/device/vbd/%u", d->app,
		 d->device);
	snprintf(kept, sizeof(kept), "/libxl/%u/device/vbd/%u", d->app,
		 d->device);
	snprintf(back, sizeof(back), "/local/domain/%u/backend/vbd/%u/%u",
		 d->backend, d->app, d->device);
	return json_pack(
		"{s:o, s:i, s:o, s:i, s:i, s:i, s:i, s:o, s:b, s:s, s:s?, s:o, s:o, s:o,"
		" s:o, s:o}",
		"domain",
		text_or_null(moat_xs_get(xs, "/local/domain/%u/name", d->app)),
		"domid", (int)d->app,
		"vdev", text_or_null(moat_xs_get(xs, "%s/dev", kept)),
		"device", (int)d->device, "backend_domid", (int)d->backend,
		"front_state", d->front_state, "back_state", d->back_state,
		"hotplug",
		text_or_null(moat_xs_get(xs, "%s/hotplug-status", back)),
		"recovery", (int)d->able,
		"cover", cover_of(u, cover), "cover_why", lost,
		"misfit", text_or_null(moat_xs_get(xs, "%s/" MOAT_KEY_MISFIT, back)),
		"moat_state", word_of(xs, d, front, MOAT_KEY_FRONT_STATE),
		"trouble", word_of(xs, d, front, MOAT_KEY_TROUBLE),
		"mode", text_or_null(moat_xs_get(xs, "%s/mode", kept)),
		"params", text_or_null(moat_xs_get(xs, "%s/params", kept)));
}

static json_t *disks_of(struct moat_unit *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->view.count; i++)
		json_array_append_new(list, disk_of(u, &u->view.disks[i]));
	return list;
}

static json_t *last_of(const struct moat_unit *u)
{
	const char *name = u->storage->name;
	json_t *a, *b;

	a = (json_t *)moat_events_last(u->daemon->events, name, "recovered");
	b = (json_t *)moat_events_last(u->daemon->events, name, "upgraded");
	if (!a || (b && json_integer_value(json_object_get(b, "id")) >
				json_integer_value(json_object_get(a, "id"))))
		a = b;
	return a ? json_incref(a) : json_null();
}

/* What went wrong last, however long ago: whoever asks can see when. */
static json_t *failure_of(const struct moat_unit *u)
{
	json_t *event = (json_t *)moat_events_last(u->daemon->events,
						   u->storage->name, "failed");

	return event ? json_incref(event) : json_null();
}

static json_t *wish_of(const struct moat_unit *u)
{
	switch (u->view.wish) {
	case MOAT_WISH_RESTART:
		return json_string("restart");
	case MOAT_WISH_UPGRADE:
		return json_string("upgrade");
	default:
		return json_null();
	}
}

static void add_health(json_t *all, const struct moat_unit *u, msec now)
{
	const struct moat_view_domain *d = domain(u, MOAT_ACTIVE);

	if (!d->ready) {
		json_object_set_new(all, "heartbeat_age_ms", json_null());
		json_object_set_new(all, "health", json_null());
		return;
	}
	json_object_set_new(
		all, "heartbeat_age_ms",
		json_integer(now - u->slot.clock[MOAT_ACTIVE].beat.real));
	json_object_set_new(all, "health",
			    json_pack("{s:I, s:I}", "poller_ms",
				      (json_int_t)d->poller, "device_ms",
				      (json_int_t)d->device));
}

static json_t *unit_status(struct moat_unit *u)
{
	const struct moat_view *v = &u->view;
	msec now = moat_now();
	json_t *all = json_pack("{s:s, s:s}", "name", u->storage->name, "state",
				state_of(u, now));

	json_object_set_new(all, "held", json_boolean(v->maintenance));
	json_object_set_new(all, "verdict", withheld_verdict(u) ?
			    json_string(withheld_verdict(u)) : json_null());
	json_object_set_new(all, "why",
			    v->recovery.on ?
				    json_string(moat_why_name(v->recovery.why)) :
				    json_null());
	json_object_set_new(all, "domid",
			    number_or_null(domain(u, MOAT_ACTIVE)->domid));
	json_object_set_new(all, "standby", standby_of(u));
	json_object_set_new(all, "standby_gave_up",
			    json_boolean(v->standby_deaths >=
					 u->storage->limits.crash_loop));
	json_object_set_new(all, "pci", pci_of(u));
	add_health(all, u, now);
	json_object_set_new(all, "disks", disks_of(u));
	json_object_set_new(all, "wish", wish_of(u));
	json_object_set_new(all, "recoveries", json_integer(u->recoveries));
	json_object_set_new(
		all, "crashes",
		json_integer(moat_decide_crashes(v, &u->storage->limits, now)));
	json_object_set_new(all, "last", last_of(u));
	json_object_set_new(all, "failure", failure_of(u));
	/* while it could not be used, it is not missed */
	json_object_set_new(all, "standby_wanted",
			    json_boolean(u->storage->limits.standby &&
					 !moat_takes_over(v, &u->storage->limits)));
	return all;
}

json_t *moat_status(struct moat_daemon *daemon)
{
	json_t *list = json_array();

	for (size_t i = 0; i < daemon->config.count; i++)
		json_array_append_new(list, unit_status(&daemon->units[i]));
	return list;
}
