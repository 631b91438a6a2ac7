// SPDX-License-Identifier: GPL-2.0
/*
 * "xl create" of a guest fails at once where the storage domain is not there, and
 * xendomains goes on to the next guest. So systemd is made to wait, but not for ever: a host
 * with a broken storage domain is to boot, too.
 */
#include "ready.h"

#include <stdio.h>

#include "../lib/log.h"
#include "notify.h"

/* systemd's patience is put off so far each time that it is told to wait */
#define EXTEND_US "30000000"

static bool serves(const struct moat_unit *u)
{
	const struct moat_view *v = &u->view;
	const struct moat_view_domain *active = &v->domain[MOAT_ACTIVE];

	for (size_t i = 0; i < v->pcis; i++)
		if (v->pci[i].domid != active->domid)
			return false;
	return active->domid && active->ready && !v->recovery.on;
}

static bool waits_for_person(const struct moat_unit *u)
{
	return u->view.maintenance || u->view.gave_up || u->view.foreign[MOAT_ACTIVE];
}

/* How long one after the other may take, of the slowest. */
static msec patience(const struct moat_daemon *d)
{
	msec longest = 0;

	for (size_t i = 0; i < d->config.count; i++) {
		const struct moat_limits *limits = &d->config.storages[i].limits;

		if (limits->boot + limits->probe > longest)
			longest = limits->boot + limits->probe;
	}
	return longest;
}

void moat_ready_tell(struct moat_daemon *daemon)
{
	size_t serving = 0, settled = 0, count = daemon->config.count;
	msec now = moat_now();
	char text[128];
	bool late, told;

	if (daemon->told_ready)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct moat_unit *u = &daemon->units[i];

		serving += u->looked && serves(u);
		settled += u->looked && (serves(u) || waits_for_person(u));
	}
	late = now - daemon->began > patience(daemon);
	told = settled == count || late;
	daemon->told_ready = told;
	snprintf(text, sizeof(text), "%s\nSTATUS=%zu of %zu storage domains serve%s",
		 told ? "READY=1" : "EXTEND_TIMEOUT_USEC=" EXTEND_US, serving, count,
		 told ? "" : "; waiting");
	moat_notify(text);
	if (told && serving < count)
		moat_log(LOG_WARNING, "ready, and %zu of %zu storage domains do not serve%s",
			 count - serving, count, late ? " in time" : "");
}
