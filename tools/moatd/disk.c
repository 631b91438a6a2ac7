// SPDX-License-Identifier: GPL-2.0
/*
 * Moving a disk.
 *
 * The front end's nodes keep the permissions they were made with, which name
 * the old back end; so every one of them is given the new one's. The front end
 * may have made any number of them, hence the bounds.
 */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <moat/keys.h>

#include "../lib/log.h"

#define NODES_MAX 1024
#define DEPTH_MAX 4
/* a storage domain may write anything there */
#define OFFER_MAX 1024

struct move {
	const struct moat_view_disk *disk;
	unsigned int domid;
	char front[64], back[80], kept[64];
	unsigned int nodes;
};

static void name_paths(struct move *m)
{
	snprintf(m->front, sizeof(m->front), "/local/domain/%u/device/vbd/%u",
		 m->disk->app, m->disk->device);
	snprintf(m->back, sizeof(m->back), "/local/domain/%u/backend/vbd/%u/%u",
		 m->domid, m->disk->app, m->disk->device);
	snprintf(m->kept, sizeof(m->kept), "/libxl/%u/device/vbd/%u",
		 m->disk->app, m->disk->device);
}

/* A node is its owner's, and one other domain may read it. */
static int give(struct moat_xs *xs, const char *path, unsigned int owner,
		unsigned int reader)
{
	struct xs_permissions perms[2] = {
		{ .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ },
	};

	return xs_set_permissions(xs->handle, xs->txn, path, perms, 2) ?
		       0 : -errno;
}

static int give_tree(struct moat_xs *xs, struct move *m, const char *path,
		     int depth)
{
	int err = give(xs, path, m->disk->app, m->domid);
	unsigned int count;
	char **names;

	if (err || depth == DEPTH_MAX)
		return err;
	names = moat_xs_list(xs, &count, "%s", path);
	for (unsigned int i = 0; i < count && !err; i++) {
		char below[MOAT_XS_PATH];

		if (snprintf(below, sizeof(below), "%s/%s", path, names[i]) >=
		    (int)sizeof(below))
			continue;
		if (++m->nodes > NODES_MAX)
			err = -E2BIG;
		else
			err = give_tree(xs, m, below, depth + 1);
	}
	free(names);
	return err;
}

/* What libxl keeps for itself, or what has to begin anew. */
static bool is_copied(const char *key)
{
	static const char *const own[] = {
		"frontend", "backend", "state", "online", "hotplug-status",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(key, own[i]) == 0)
			return false;
	return strncmp(key, "moat-", 5) != 0;
}

static int copy_kept(struct moat_xs *xs, const struct move *m)
{
	unsigned int count;
	char **keys = moat_xs_list(xs, &count, "%s", m->kept);
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++) {
		char *value;

		if (!is_copied(keys[i]))
			continue;
		value = moat_xs_get(xs, "%s/%s", m->kept, keys[i]);
		if (value)
			err = moat_xs_set(xs, value, "%s/%s", m->back, keys[i]);
		free(value);
	}
	free(keys);
	return err;
}

static int write_back(struct moat_xs *xs, const struct move *m)
{
	int err = moat_xs_remove(xs, "%s", m->back);

	if (!err && !xs_mkdir(xs->handle, xs->txn, m->back))
		err = -errno;
	if (!err)
		err = give(xs, m->back, m->domid, m->disk->app);
	if (!err)
		err = moat_xs_set(xs, m->front, "%s/frontend", m->back);
	if (!err)
		err = copy_kept(xs, m);
	if (!err)
		err = moat_xs_set_number(xs, m->disk->app, "%s/frontend-id",
					 m->back);
	if (!err)
		err = moat_xs_set(xs, "1", "%s/online", m->back);
	if (!err)
		err = moat_xs_set(xs, "1", "%s/state", m->back);
	return err;
}

static int write_front(struct moat_xs *xs, struct move *m)
{
	int err = moat_xs_remove(xs, "%s/" MOAT_KEY_TROUBLE, m->front);

	if (!err)
		err = moat_xs_remove(xs, "%s/" MOAT_KEY_HOLD, m->front);
	/* nobody may take the old connection's word for the new one's */
	if (!err && m->disk->able)
		err = moat_xs_set(xs, MOAT_FRONT_WAITING,
				  "%s/" MOAT_KEY_FRONT_STATE, m->front);
	if (!err)
		err = moat_xs_set(xs, "1", "%s/state", m->front);
	if (!err)
		err = moat_xs_set_number(xs, m->domid, "%s/backend-id",
					 m->front);
	if (!err)
		err = moat_xs_set(xs, m->back, "%s/backend", m->front);
	if (!err)
		err = give_tree(xs, m, m->front, 0);
	if (!err)
		err = moat_xs_set(xs, m->back, "%s/backend", m->kept);
	return err;
}

/* What the old back end owes the front end, for one that takes over its rings. */
static int write_owed(struct moat_xs *xs, const struct move *m)
{
	char *offered = m->disk->front_state == 4 ?
		moat_xs_get(xs, "%s/" MOAT_KEY_OFFERED, m->kept) : NULL;
	int err = offered ? moat_xs_set(xs, offered, "%s/" MOAT_KEY_OWED, m->back) : 0;

	free(offered);
	return err;
}

/* Is it still where it was, for all that libxl knows? */
static bool is_unmoved(struct moat_xs *xs, const struct move *m)
{
	char old[80];

	snprintf(old, sizeof(old), "/local/domain/%u/backend/vbd/%u/%u",
		 m->disk->backend, m->disk->app, m->disk->device);
	return moat_xs_is(xs, old, "%s/backend", m->kept);
}

/* Is the disk still there, and still where it was? Return: 0, or -errno. */
static int check_unchanged(struct moat_xs *xs, const struct move *m)
{
	if (!is_unmoved(xs, m))
		return -ESTALE;
	return moat_xs_exists(xs, "%s/state", m->front) ? 0 : -ENOENT;
}

static int move_disk(struct moat_xs *xs, void *context)
{
	struct move *m = context;
	int err = check_unchanged(xs, m);

	m->nodes = 0;
	if (!err)
		err = write_back(xs, m);
	return err ? err : write_front(xs, m);
}

int moat_disk_repoint(struct moat_xs *xs, const struct moat_view_disk *disk,
		      unsigned int domid)
{
	struct move m = { .disk = disk, .domid = domid };
	int err;

	name_paths(&m);
	err = moat_xs_transact(xs, move_disk, &m);
	if (err)
		moat_warn("disk %u of domain %u cannot be moved: %s",
			  disk->device, disk->app, strerror(-err));
	else
		moat_info("disk %u of domain %u: to domain %u", disk->device,
			  disk->app, domid);
	return err;
}

/* Nothing of the front end's own is written: it is to notice nothing. */
static int renew_disk(struct moat_xs *xs, void *context)
{
	struct move *m = context;
	int err = check_unchanged(xs, m);

	m->nodes = 0;
	if (!err)
		err = write_back(xs, m);
	if (!err)
		err = write_owed(xs, m);
	return err ? err : give_tree(xs, m, m->front, 0);
}

int moat_disk_renew(struct moat_xs *xs, const struct moat_view_disk *disk)
{
	struct move m = { .disk = disk, .domid = disk->backend };
	int err;

	name_paths(&m);
	err = moat_xs_transact(xs, renew_disk, &m);
	if (err)
		moat_warn("disk %u of domain %u cannot be given to domain %u again: %s",
			  disk->device, disk->app, disk->backend, strerror(-err));
	else
		moat_info("disk %u of domain %u: to domain %u again", disk->device,
			  disk->app, disk->backend);
	return err;
}

/* One key beside what libxl knows of the disk, as the back end has it. */
static int copy_offer(struct moat_xs *xs, const struct move *m, const char *key)
{
	char *value = moat_xs_get(xs, "%s/%s", m->back, key);
	int err;

	if (value && strlen(value) < OFFER_MAX)
		err = moat_xs_set(xs, value, "%s/%s", m->kept, key);
	else
		err = moat_xs_remove(xs, "%s/%s", m->kept, key);
	free(value);
	return err;
}

static int note_offer(struct moat_xs *xs, void *context)
{
	struct move *m = context;
	int err = check_unchanged(xs, m);

	if (!err)
		err = copy_offer(xs, m, MOAT_KEY_OFFERED);
	return err ? err : copy_offer(xs, m, MOAT_KEY_SAFE);
}

int moat_disk_note_offer(struct moat_xs *xs, struct moat_view_disk *disk)
{
	struct move m = { .disk = disk, .domid = disk->backend };
	int err;

	name_paths(&m);
	err = moat_xs_transact(xs, note_offer, &m);
	/* where the disk is going, there is nothing to be noted */
	if (err && err != -ESTALE && err != -ENOENT)
		return err;
	disk->note_due = false;
	disk->noted = moat_xs_exists(xs, "%s/" MOAT_KEY_OFFERED, m.kept);
	disk->safe = moat_xs_is(xs, "1", "%s/" MOAT_KEY_SAFE, m.kept);
	return 0;
}

/* Nothing is read that the guest could write again and again. */
static int note_stale(struct moat_xs *xs, void *context)
{
	const struct move *m = context;

	return !is_unmoved(xs, m) ? -ESTALE :
	       moat_xs_set_number(xs, m->disk->connection, "%s/" MOAT_KEPT_STALE, m->kept);
}

int moat_disk_note_stale(struct moat_xs *xs, struct moat_view_disk *disk)
{
	struct move m = { .disk = disk, .domid = disk->backend };
	int err;

	name_paths(&m);
	err = moat_xs_transact(xs, note_stale, &m);
	if (err && err != -ESTALE)
		return err;
	disk->stale_due = false;
	return 0;
}

static int tear_disk(struct moat_xs *xs, void *context)
{
	struct move *m = context;
	int err = check_unchanged(xs, m);

	/* one that is going or gone has nothing to be taken away */
	if (err)
		return 0;
	err = moat_xs_remove(xs, "%s", m->back);
	return err ? err :
		     moat_xs_remove(xs, "%s/" MOAT_KEY_TROUBLE, m->front);
}

int moat_disk_tear(struct moat_xs *xs, const struct moat_view_disk *disk)
{
	struct move m = { .disk = disk, .domid = disk->backend };

	name_paths(&m);
	return moat_xs_transact(xs, tear_disk, &m);
}

int moat_disk_hold(struct moat_xs *xs, const struct moat_view_disk *disk,
		   bool hold)
{
	if (!hold)
		return moat_xs_remove(xs, "/local/domain/%u/device/vbd/%u/"
				      MOAT_KEY_HOLD, disk->app, disk->device);
	/* never make the directory anew: the disk may just be going */
	if (!moat_xs_exists(xs, "/local/domain/%u/device/vbd/%u/state",
			    disk->app, disk->device))
		return 0;
	return moat_xs_set(xs, "1", "/local/domain/%u/device/vbd/%u/"
			   MOAT_KEY_HOLD, disk->app, disk->device);
}
