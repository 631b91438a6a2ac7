// SPDX-License-Identifier: GPL-2.0
/*
 * What the toolstack writes into a disk's directory while it lives.
 *
 *   backend     another path, or "state" put back to 1 below the same path: the
 *               disk is to be served by another back end, or by the same one
 *               anew. xenbus itself can do that: it is what it does when a
 *               domain is restored.
 *   moat-hold   take no new requests until told otherwise
 *   moat-set-mode, moat-ask   see kernel/common/control.h
 *
 * The watch fires for what the driver writes itself, too; each key is therefore
 * held against what is already so.
 */
#include "toolstack.h"

#include <linux/sched/mm.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "kernel/common/control.h"
#include "kernel/common/lookup.h"

#include "conn.h"
#include "disk.h"
#include "peer.h"

/* Return: 0, or -ENOMEM if it cannot be known now. */
static int hold_changed(struct moat_disk *disk)
{
	bool hold;
	int err;

	err = moat_lookup_flag(disk->xdev->nodename, MOAT_KEY_HOLD, false, &hold);
	if (err || hold == test_bit(MOAT_DISK_HOLDING, &disk->flags))
		return err;
	assign_bit(MOAT_DISK_HOLDING, &disk->flags, hold);
	moat_disk_wake(disk);
	return 0;
}

/* Runs in xenbus's thread, which must not wait for anything of the disk's but for a
 * step of the connection.
 */
static void toolstack_changed(struct xenbus_watch *watch, const char *path,
			      const char *token)
{
	struct moat_disk *disk = container_of(watch, struct moat_disk, directory);
	const char *key = strrchr(path, '/');
	bool again = test_bit(MOAT_DISK_ASKED, &disk->flags);
	bool follow, hold;
	unsigned int scope;
	int err = 0;

	if (!key)
		return;
	key++;
	hold = again || !strcmp(key, MOAT_KEY_HOLD);
	follow = again || !strcmp(key, "backend") || !strcmp(key, "state");
	/* I/O waits for what is done here, and memory may wait for I/O. */
	scope = memalloc_noreclaim_save();
	moat_control_changed(disk->sysfs, disk->xdev, path);
	if (hold)
		err = hold_changed(disk);
	if (follow)
		err = moat_peer_follow(disk) ?: err;
	if (hold || follow)
		moat_conn_ask(disk, err);
	memalloc_noreclaim_restore(scope);
}

/**
 * moat_toolstack_watch() - begin to listen
 * @disk: the disk
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno, which has been reported to xenstore.
 */
int moat_toolstack_watch(struct moat_disk *disk)
{
	return xenbus_watch_path(disk->xdev, disk->xdev->nodename,
				 &disk->directory, NULL, toolstack_changed);
}

/**
 * moat_toolstack_unwatch() - listen no more
 * @disk: the disk
 *
 * Context: process, may sleep; the device's lock may be held.
 */
void moat_toolstack_unwatch(struct moat_disk *disk)
{
	might_sleep();
	unregister_xenbus_watch(&disk->directory);
}
