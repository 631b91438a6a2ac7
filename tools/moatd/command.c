// SPDX-License-Identifier: GPL-2.0
/*
 * Commands. They note wishes; decide.c grants them.
 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "act.h"
#include "status.h"

static json_t *refuse(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static json_t *refuse(const char *fmt, ...)
{
	char text[256];
	va_list args;
	json_t *json;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json = json_pack("{s:b, s:s}", "ok", 0, "error", text);
	/* a client's own words, given back, need not be valid UTF-8 */
	return json ? json : json_pack("{s:b, s:s}", "ok", 0, "error",
				       "refused");
}

static json_t *accept_command(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static struct moat_unit *find(struct moat_daemon *d, const char *name)
{
	for (size_t i = 0; i < d->config.count; i++)
		if (strcmp(d->units[i].storage->name, name) == 0)
			return &d->units[i];
	return NULL;
}

/* Why an upgrade would do more harm than good; NULL if it would not. */
static json_t *object_to_upgrade(const struct moat_unit *u)
{
	const struct moat_view *v = &u->view;

	if (!u->storage->limits.standby && !moat_takes_over(v, &u->storage->limits))
		return refuse("%s has no standby: use restart",
			      u->storage->name);
	if (!v->domain[MOAT_ACTIVE].ready || v->recovery.on)
		return refuse("%s is not ready", u->storage->name);
	if (v->wish == MOAT_WISH_UPGRADE)
		return refuse("%s is being upgraded", u->storage->name);
	for (size_t i = 0; i < v->count; i++) {
		const struct moat_view_disk *disk = &v->disks[i];
		const struct moat_limits *limits = &u->storage->limits;

		if (!disk->left && !disk->orphan && !moat_disk_is_covered(disk, limits))
			return refuse("disk %u of domain %u would be lost: %s",
				      disk->device, disk->app,
				      moat_cover_text(moat_disk_cover(disk, limits)));
	}
	return NULL;
}

/* The one that a request names; or NULL, and why. */
static struct moat_unit *named(struct moat_daemon *d, const json_t *request,
			       json_t **no)
{
	const char *name = json_string_value(json_object_get(request,
							     "storage"));
	struct moat_unit *u = name ? find(d, name) : NULL;

	if (!name)
		*no = refuse("\"storage\" must name a storage domain");
	else if (!u)
		*no = refuse("there is no storage domain %s in the "
			     "configuration", name);
	return u;
}

static bool is_foreign(const struct moat_unit *u)
{
	return !u->view.domain[MOAT_ACTIVE].domid &&
	       u->view.foreign[MOAT_ACTIVE];
}

static json_t *wish(struct moat_daemon *d, const json_t *request,
		    enum moat_wish what)
{
	json_t *no = NULL;
	struct moat_unit *u = named(d, request, &no);
	int err;

	if (u && is_foreign(u))
		return refuse("domain %u is called %s and is not Moat's",
			      u->view.foreign[MOAT_ACTIVE], u->storage->name);
	if (u && u->view.maintenance)
		return refuse("%s is held; first: moat resume %s", u->storage->name,
			      u->storage->name);
	if (u && what == MOAT_WISH_UPGRADE)
		no = object_to_upgrade(u);
	if (no)
		return no;
	err = moat_act_wish(u, what);
	if (err)
		return refuse("xenstore: %s", strerror(-err));
	u->dirty = true;
	return accept_command();
}

static json_t *adopt(struct moat_daemon *d, const json_t *request)
{
	json_t *no = NULL;
	struct moat_unit *u = named(d, request, &no);
	int err;

	if (!u)
		return no;
	if (!is_foreign(u))
		return refuse("no domain but Moat's is called %s",
			      u->storage->name);
	err = moat_act_adopt(u);
	if (err)
		return refuse("xenstore: %s", strerror(-err));
	u->dirty = true;
	return accept_command();
}

/* An upgrade has the disks hold their breath meanwhile: nobody stops in the middle of it. */
static json_t *hold(struct moat_daemon *d, const json_t *request, bool on)
{
	json_t *no = NULL;
	struct moat_unit *u = named(d, request, &no);
	int err;

	if (!u)
		return no;
	/* the last look may be older */
	if (on && moat_xs_exists(&d->xs, MOAT_ROOT "/%s/wish", u->storage->name))
		return refuse("a restart or an upgrade is under way");
	if (!on && !u->view.maintenance)
		return refuse("%s is not held", u->storage->name);
	err = on && u->view.maintenance ? 0 : moat_act_hold(u, on);
	if (err)
		return refuse("xenstore: %s", strerror(-err));
	/* the next request may come before the next look */
	u->view.maintenance = on;
	u->urgent = true;
	return accept_command();
}

static json_t *list_events(struct moat_daemon *d, const json_t *request)
{
	const json_t *since = json_object_get(request, "since");

	if (since && !json_is_integer(since))
		return refuse("\"since\" must be a whole number");
	return json_pack("{s:b, s:o}", "ok", 1, "events",
			 moat_events_list(d->events,
					  json_integer_value(since)));
}

json_t *moat_command(void *context, const json_t *request, bool *watch)
{
	struct moat_daemon *d = context;
	const char *command = json_string_value(json_object_get(request,
								"command"));

	if (!command)
		return refuse("\"command\" must be a string");
	if (strcmp(command, "status") == 0)
		return json_pack("{s:b, s:o}", "ok", 1, "storage",
				 moat_status(d));
	if (strcmp(command, "restart") == 0)
		return wish(d, request, MOAT_WISH_RESTART);
	if (strcmp(command, "upgrade") == 0)
		return wish(d, request, MOAT_WISH_UPGRADE);
	if (strcmp(command, "adopt") == 0)
		return adopt(d, request);
	if (strcmp(command, "hold") == 0)
		return hold(d, request, true);
	if (strcmp(command, "resume") == 0)
		return hold(d, request, false);
	if (strcmp(command, "events") == 0)
		return list_events(d, request);
	if (strcmp(command, "watch") == 0) {
		*watch = true;
		return accept_command();
	}
	return refuse("there is no command \"%s\"", command);
}
