/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the toolstack writes into a disk's directory while it lives.
 */
#ifndef MOAT_FRONT_TOOLSTACK_H
#define MOAT_FRONT_TOOLSTACK_H

#include <linux/workqueue.h>
#include <xen/xenbus.h>

/**
 * struct moat_toolstack - the watch of a disk's own directory
 * @watch: the watch
 * @switching: work that follows the disk to another back end
 */
struct moat_toolstack {
	struct xenbus_watch watch;
	struct delayed_work switching;
};

struct moat_disk;

int moat_toolstack_watch(struct moat_disk *disk);
void moat_toolstack_unwatch(struct moat_disk *disk);

#endif
