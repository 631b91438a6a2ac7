// SPDX-License-Identifier: GPL-2.0
/*
 * What the block layer is told a request of a disk may be.
 *
 * It is told anew with each connection, for back ends differ. What an
 * administrator has lowered in sysfs stays lowered, as far as the new back end
 * allows as much; he is known by a value that is not the one told last.
 */
#include "limits.h"

#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <xen/page.h>

#include "core/announce.h"
#include "core/wire.h"

/* What a limit is to be: @most is what the back end allows, @now what stands. */
static unsigned int limit_value(struct moat_limit *limit, bool known, unsigned int now,
				unsigned int most)
{
	if (known && now != limit->told) {
		limit->his = now;
		limit->lowered = true;
	}
	return limit->lowered ? min(limit->his, most) : most;
}

static void limits_set_sectors(struct moat_limits *limits, struct request_queue *queue,
			       unsigned int most)
{
	struct moat_limit *limit = &limits->sectors;
	unsigned int value, now = queue_max_sectors(queue);

	value = limit_value(limit, limits->known, now, most);
	/* It chooses a value below the most. */
	blk_queue_max_hw_sectors(queue, most);
	if (limit->lowered) {
		queue->limits.max_sectors = value;
		queue->disk->bdi->io_pages = value >> (PAGE_SHIFT - SECTOR_SHIFT);
	}
	limit->told = queue_max_sectors(queue);
}

static void limits_set_discard(struct moat_limits *limits, struct request_queue *queue,
			       const struct moat_traits *t)
{
	struct moat_limit *limit = &limits->discard;
	unsigned int most = t->discard ? UINT_MAX >> SECTOR_SHIFT : 0;
	unsigned int value;

	value = limit_value(limit, limits->known, queue->limits.max_discard_sectors, most);
	blk_queue_max_discard_sectors(queue, most);
	queue->limits.max_discard_sectors = value;
	limit->told = value;
	blk_queue_max_secure_erase_sectors(queue, t->secure_discard ?
					   UINT_MAX >> SECTOR_SHIFT : 0);
	queue->limits.discard_granularity = t->discard ? t->granularity : 0;
	queue->limits.discard_alignment = t->discard ? t->alignment : 0;
}

static void limits_set_cache(struct moat_limits *limits, struct request_queue *queue,
			     const struct moat_traits *t)
{
	struct moat_limit *limit = &limits->cache;
	unsigned int now = test_bit(QUEUE_FLAG_WC, &queue->queue_flags);
	bool flush = t->flush != MOAT_FLUSH_NONE;

	limit->told = limit_value(limit, limits->known, now, flush);
	/* The wire has no FUA: the block layer flushes behind such a write. */
	blk_queue_write_cache(queue, limit->told, false);
}

/**
 * moat_limits_set() - tell the block layer what a request may be
 * @limits: what it was told before
 * @gd: the disk, as it knows it
 * @t: what the back end of this connection announced
 * @max_segs: most pieces of a request
 *
 * Context: process, may sleep; serialised by the caller.
 */
void moat_limits_set(struct moat_limits *limits, struct gendisk *gd,
		     const struct moat_traits *t, u32 max_segs)
{
	struct request_queue *queue = gd->queue;

	might_sleep();
	blk_queue_logical_block_size(queue, t->block_size);
	blk_queue_physical_block_size(queue, t->physical_size);
	/* A segment on the wire is a granted page or a part of one. */
	blk_queue_max_segments(queue, max_segs);
	blk_queue_max_segment_size(queue, XEN_PAGE_SIZE);
	blk_queue_segment_boundary(queue, XEN_PAGE_SIZE - 1);
	blk_queue_dma_alignment(queue, MOAT_SECTOR_SIZE - 1);
	limits_set_sectors(limits, queue, max_segs * MOAT_WIRE_SECTORS);
	limits_set_discard(limits, queue, t);
	limits_set_cache(limits, queue, t);
	set_disk_ro(gd, t->readonly);
	limits->known = true;
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
		blk_queue_write_cache(queue, false, false);
		limits->cache.told = false;
		return "flush";
	case REQ_OP_SECURE_ERASE:
		blk_queue_max_secure_erase_sectors(queue, 0);
		return "secure discard";
	case REQ_OP_DISCARD:
		blk_queue_max_discard_sectors(queue, 0);
		limits->discard.told = 0;
		return "discard";
	default:
		return NULL;
	}
}
