// SPDX-License-Identifier: GPL-2.0
/*
 * Paths are taken apart rather than searched: what a guest writes counts only where
 * the guest is a storage domain of ours, or has a disk of one. What is not heard of
 * here is seen by the look that there is once a second.
 */
#include "interest.h"

#include <stdio.h>
#include <string.h>

#include <moat/keys.h>

static bool starts(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

void moat_interest_hurry(struct moat_daemon *d)
{
	for (size_t i = 0; i < d->config.count; i++)
		d->units[i].urgent = true;
}

/* A domain has come, or a device gone: that is not waited for by those who are well. */
static void hurry_who_waits(struct moat_daemon *d)
{
	for (size_t i = 0; i < d->config.count; i++) {
		struct moat_unit *u = &d->units[i];
		const struct moat_view *v = &u->view;

		if (v->recovery.on || !v->domain[MOAT_ACTIVE].domid ||
		    v->job[MOAT_ACTIVE] != MOAT_JOB_NONE ||
		    v->job[MOAT_STANDBY] != MOAT_JOB_NONE)
			u->urgent = true;
	}
}

/* A heartbeat has moved. */
static void note_beat(struct moat_daemon *d, unsigned int domid)
{
	for (size_t i = 0; i < d->config.count; i++)
		for (int r = 0; r < MOAT_ROLES; r++)
			if (d->units[i].view.domain[r].domid == domid)
				d->units[i].beat[r] = true;
}

/* Something of a domain's that may be a storage domain, or show itself to be one. */
static void note_storage(struct moat_daemon *d, unsigned int domid)
{
	for (size_t i = 0; i < d->config.count; i++) {
		const struct moat_view *v = &d->units[i].view;

		for (int r = 0; r < MOAT_ROLES; r++)
			if (v->domain[r].domid == domid || v->foreign[r] == domid)
				d->units[i].dirty = true;
	}
}

/* Something of a disk's front end: @device, or 0 of what cannot be told. */
static void note_front(struct moat_daemon *d, unsigned int app, unsigned int device)
{
	for (size_t i = 0; i < d->config.count; i++) {
		const struct moat_view *v = &d->units[i].view;

		for (size_t k = 0; k < v->count; k++)
			if (v->disks[k].app == app &&
			    (!device || v->disks[k].device == device))
				d->units[i].dirty = true;
	}
}

void moat_interest_heard(struct moat_daemon *d, const char *path)
{
	unsigned int domid, device = 0;
	const char *key;
	int at = 0;

	if (*path == '@')
		moat_interest_hurry(d);
	if (sscanf(path, "/local/domain/%u/%n", &domid, &at) != 1 || !at)
		return;
	key = path + at;
	if (strcmp(key, "name") == 0 || (!domid && starts(key, "backend/pci")))
		hurry_who_waits(d);
	else if (strcmp(key, MOAT_KEY_HEARTBEAT) == 0)
		note_beat(d, domid);
	else if (strcmp(key, MOAT_KEY_HEALTH) == 0)
		return;		/* the heartbeat is written behind it */
	else if (starts(key, "data/moat/") || starts(key, "backend/vbd"))
		note_storage(d, domid);
	else if (starts(key, "device/vbd"))
		note_front(d, domid, sscanf(key, "device/vbd/%u", &device) == 1 ? device : 0);
}
