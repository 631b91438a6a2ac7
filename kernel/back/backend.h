/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back end of one disk of one front end.
 */
#ifndef MOAT_BACK_BACKEND_H
#define MOAT_BACK_BACKEND_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "disk.h"
#include "handshake.h"
#include "kernel/common/sysfs.h"
#include "kernel/common/tune.h"
#include "queue.h"

/**
 * struct moat_backend - the back end of a disk
 * @dev: the xenbus device
 * @offered: what the front end was told before it began
 * @disk: the disk
 * @tune: its settings
 * @host: what the rings know of it
 * @sysfs: its directory in sysfs
 * @work: does all that takes time, one run at a time
 * @watch: on the back end's directory in xenstore
 * @queues: the rings; NULL: not connected
 * @nr_queues: their number
 * @lock: guards @queues against sysfs
 * @closed: no ring, no disk open, and xenstore says Closed
 * @removing: @work does nothing any more
 */
struct moat_backend {
	struct xenbus_device *dev;
	struct moat_offered offered;
	struct moat_disk disk;
	struct moat_tune tune;
	struct moat_queue_host host;
	struct moat_sysfs *sysfs;
	struct work_struct work;
	struct xenbus_watch watch;
	struct moat_queue **queues;
	unsigned int nr_queues;
	struct mutex lock;
	bool closed;
	bool removing;
};

int moat_backend_register(void);
void moat_backend_unregister(void);
void moat_backend_attend(struct moat_backend *backend);

#endif
