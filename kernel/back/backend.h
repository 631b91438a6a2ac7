/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back end of one disk of one front end.
 */
#ifndef MOAT_BACK_BACKEND_H
#define MOAT_BACK_BACKEND_H

#include <linux/kref.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "core/owed.h"
#include "core/serve.h"
#include "disk.h"
#include "handshake.h"
#include "kernel/common/sysfs.h"
#include "kernel/common/tune.h"
#include "queue.h"
#include "rings.h"

/**
 * struct moat_backend - the back end of a disk
 * @ref: one of xenbus, until it removes the device; one of @disk_work while it is
 *	to run
 * @dev: the xenbus device; there for as long as @ref, but xenbus's fields of the
 *	front end only until it is removed
 * @disk: the disk; open or not, it is @disk_work's while @busy
 * @tune: its settings
 * @host: what the rings know of it
 * @sysfs: its directory in sysfs, until the device is removed
 * @watch: on the back end's directory in xenstore
 * @work: looks at xenstore and does what is missing; never waits for a disk
 * @disk_work: opens the disk, and gives rings and disk back; never waits for
 *	xenstore. On its own once the device is removed
 * @removing: @work does nothing any more
 * @busy: @disk_work is to run, or running
 *
 * @work's own, from here:
 * @state: where the back end stands; others may look
 * @offered: what the front end was told before it began
 * @wish: what the toolstack has asked for
 * @front: what the front end said when it was looked at last
 * @broken: the front end broke the protocol on the last connection
 * @spent: what it had begun when that ended, or failed, has been used up
 * @failures: attempts in a row that came to nothing
 * @shortages: attempts in a row that memory was short for
 * @in_use: times in a row that the device was in use elsewhere
 * @connected: when the connection was made, in jiffies
 * @not_before: when the next attempt may be made, in jiffies
 * @show: what xenstore is to say of it
 * @untold: times in a row that it could not be told; 0: it has been
 * @unsure: xenbus's thread could not learn whether the device is over; to be brought
 *	to look again
 * @resized: a connected front end is to be told of its size anew
 * @size: the size
 * @relies: the front end cannot recover
 * @owed: what it relies on
 * @misfit: what of that is not as it has to be; NULL: nothing
 * @safe: what has been told of whether its answers outlive this domain
 * @open_err: what opening the disk has come to, when @busy is over
 * @rings: the connection's; those that leave are @disk_work's while @busy
 */
struct moat_backend {
	struct kref ref;
	struct xenbus_device *dev;
	struct moat_disk disk;
	struct moat_tune tune;
	struct moat_queue_host host;
	struct moat_sysfs *sysfs;
	struct xenbus_watch watch;
	struct delayed_work work;
	struct work_struct disk_work;
	bool removing;
	bool busy;

	enum moat_serve_state state;
	struct moat_offered offered;
	struct moat_disk_wish wish;
	enum moat_serve_front front;
	bool broken;
	bool spent;
	u32 failures;
	u32 shortages;
	u32 in_use;
	unsigned long connected;
	unsigned long not_before;
	enum xenbus_state show;
	u32 untold;
	bool unsure;
	bool resized;
	u64 size;
	bool relies;
	struct moat_owed owed;
	const char *misfit;
	bool safe;
	int open_err;
	struct moat_rings rings;
};

int moat_backend_register(void);
void moat_backend_unregister(void);
void moat_backend_attend(struct moat_backend *backend);

#endif
