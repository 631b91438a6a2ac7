// SPDX-License-Identifier: GPL-2.0
/*
 * What the block layer is told a request of a disk may be.
 *
 * It is told anew with each connection, for back ends differ. What an
 * administrator has lowered in sysfs stays lowered, as far as the new back end
 * allows as much.
 */
#include "limits.h"

#include <linux/blkdev.h>
#include <xen/page.h>

#include "core/announce.h"
#include "core/wire.h"

/* As much as one bio can say. */
#define LIMITS_DISCARD_MAX (UINT_MAX >> SECTOR_SHIFT)

/**
 * moat_limits_set() - tell the block layer what a request may be
 * @limits: what it was told before
 * @gd: the disk, as it knows it
 * @t: what the back end of this connection announced
 * @max_segs: most pieces of a request
 *
 * Context: process, may sleep, but not for I/O; serialised by the caller.
 * Return: 0; -EBUSY if somebody else is about to change a limit, and waits for I/O to do so;
 * or what the block layer has against them.
 */
int moat_limits_set(struct moat_limits *limits, struct gendisk *gd, const struct moat_traits *t,
		    u32 max_segs)
{
	struct queue_limits lim;
	int err;

	might_sleep();
	set_disk_ro(gd, t->readonly);
	err = moat_limits_begin(gd->queue, &lim);
	if (err)
		return err;
	lim.logical_block_size = t->block_size;
	lim.physical_block_size = t->physical_size;
	/* A segment on the wire is a granted page or a part of one. */
	lim.max_segments = max_segs;
	lim.max_segment_size = XEN_PAGE_SIZE;
	lim.seg_boundary_mask = XEN_PAGE_SIZE - 1;
	lim.dma_alignment = MOAT_SECTOR_SIZE - 1;
	lim.max_hw_sectors = max_segs * MOAT_WIRE_SECTORS;
	lim.max_hw_discard_sectors = t->discard ? LIMITS_DISCARD_MAX : 0;
	lim.max_secure_erase_sectors = t->secure_discard ? LIMITS_DISCARD_MAX : 0;
	lim.discard_granularity = t->discard ? t->granularity : 0;
	lim.discard_alignment = t->discard ? t->alignment : 0;
	return moat_limits_commit(gd->queue, limits, &lim, t->flush != MOAT_FLUSH_NONE);
}

/**
 * moat_limits_without() - the back end does not do an operation after all
 * @limits: what the block layer was told
 * @queue: the disk's
 * @op: the operation
 *
 * It is switched off for this connection.
 *
 * Context: any.
 * Return: what to call it, or NULL for one that cannot be switched off.
 */
const char *moat_limits_without(struct moat_limits *limits, struct request_queue *queue,
				enum req_op op)
{
	switch (op) {
	case REQ_OP_FLUSH:
		moat_limits_without_cache(queue, limits);
		return "flush";
	case REQ_OP_SECURE_ERASE:
		moat_limits_without_secure_erase(queue);
		return "secure discard";
	case REQ_OP_DISCARD:
		moat_limits_without_discard(queue, limits);
		return "discard";
	default:
		return NULL;
	}
}
