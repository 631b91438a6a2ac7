/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The block device behind a disk, and what of it is offered.
 */
#ifndef MOAT_BACK_DISK_H
#define MOAT_BACK_DISK_H

#include <linux/blkdev.h>
#include <linux/workqueue.h>

#include "core/request.h"
#include "tenant.h"

struct moat_opened;

/**
 * struct moat_disk - an open block device
 * @bdev: the device; NULL: not open
 * @opened: what it is closed by
 * @readonly: the toolstack wants it not to be changed
 * @shared: others may have it open, whatever they do with it
 * @leaving: it is about to be closed
 * @claim: in the list of all open disks; like the four above guarded by a lock of
 *	all disks
 * @offer: what front ends are offered, and held to; its capacity, and whether it is
 *	read-only, may change while requests are being checked, all else is fixed
 * @seen_sectors: size of the device when it was last looked at
 * @seen_readonly: whether it could only be read then
 * @physical_block_size: in bytes
 * @discard_granularity: in bytes
 * @discard_alignment: in bytes
 * @info: VDISK_* flags for the front end
 * @nowait: can say "would block" instead of blocking its submitter
 * @nowait_flush: flushes too
 * @stable: data must not change while it is written
 * @forgets: it has a volatile cache that dies with this domain
 * @load: what is in flight
 * @done_ns: when the device did something last; whoever sees it, says so
 * @well_ns: when that was no error
 * @blocking: runs what may block its submitter
 */
struct moat_disk {
	struct block_device *bdev;
	struct moat_opened *opened;
	bool readonly;
	bool shared;
	bool leaving;
	struct list_head claim;
	struct moat_offer offer;
	u64 seen_sectors;
	bool seen_readonly;
	u32 physical_block_size;
	u32 discard_granularity;
	u32 discard_alignment;
	u32 info;
	bool nowait;
	bool nowait_flush;
	bool stable;
	bool forgets;
	struct moat_load load;
	u64 done_ns;
	u64 well_ns;
	struct workqueue_struct *blocking;
};

/**
 * struct moat_disk_wish - what the toolstack asked of a disk
 * @cdrom: it is to be a CD-ROM drive, which is more than a disk: its commands have
 *	no place in blkif. Then nothing else is said
 * @dev: device number
 * @readonly: must not be changed
 * @shared: others may have it open
 * @discard: may be discarded
 * @cache_inside: a volatile cache of it would be in this domain
 */
struct moat_disk_wish {
	bool cdrom;
	dev_t dev;
	bool readonly;
	bool shared;
	bool discard;
	bool cache_inside;
};

int moat_disk_open(struct moat_disk *disk, const struct moat_disk_wish *wish);
const char *moat_disk_open_error(int err);
void moat_disk_leave(struct moat_disk *disk);
void moat_disk_close(struct moat_disk *disk);
bool moat_disk_gone(const struct moat_disk *disk);
bool moat_disk_changed(const struct moat_disk *disk);
bool moat_disk_refresh(struct moat_disk *disk);

#endif
