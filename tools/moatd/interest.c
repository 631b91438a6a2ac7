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

static bool is_storage(const struct moat_daemon *d, unsigned int domid)
{
	for (size_t i = 0; i < d->config.count; i++) {
		const struct moat_view *v = &d->units[i].view;

		for (int r = 0; r < MOAT_ROLES; r++)
			if (v->domain[r].domid == domid || v->foreign[r] == domid)
				return true;
	}
	return false;
}

static bool has_disk(const struct moat_daemon *d, unsigned int domid)
{
	for (size_t i = 0; i < d->config.count; i++) {
		const struct moat_view *v = &d->units[i].view;

		for (size_t k = 0; k < v->count; k++)
			if (v->disks[k].app == domid)
				return true;
	}
	return false;
}

static bool starts(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

enum moat_interest moat_interest(const struct moat_daemon *d, const char *path)
{
	unsigned int domid;
	const char *key;
	int at = 0;

	if (*path == '@')
		return MOAT_INTEREST_NOW;
	if (sscanf(path, "/local/domain/%u/%n", &domid, &at) != 1 || !at)
		return MOAT_INTEREST_NONE;
	key = path + at;
	if (strcmp(key, "name") == 0 || (!domid && starts(key, "backend/pci")))
		return MOAT_INTEREST_NOW;
	if (strcmp(key, MOAT_KEY_HEARTBEAT) == 0 || strcmp(key, MOAT_KEY_HEALTH) == 0)
		return is_storage(d, domid) ? MOAT_INTEREST_BEAT :
					      MOAT_INTEREST_NONE;
	if (starts(key, "data/moat/") || starts(key, "backend/vbd"))
		return is_storage(d, domid) ? MOAT_INTEREST_SOON :
					      MOAT_INTEREST_NONE;
	if (starts(key, "device/vbd") && has_disk(d, domid))
		return MOAT_INTEREST_SOON;
	return MOAT_INTEREST_NONE;
}
