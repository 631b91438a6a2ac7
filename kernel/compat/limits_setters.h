/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits on kernels where each has a setter, which overwrites what an administrator has
 * lowered in sysfs. He is known by a value that is not the one told last. See limits.h.
 */
#ifndef MOAT_COMPAT_LIMITS_SETTERS_H
#define MOAT_COMPAT_LIMITS_SETTERS_H

#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <linux/minmax.h>

#include "limits_kept.h"

static inline int moat_limits_begin(struct request_queue *queue, struct queue_limits *lim)
{
	*lim = queue->limits;
	return 0;
}

/* What a limit is to be: @most is what the back end allows, @now what stands. */
static inline unsigned int moat_limits_value(struct moat_lowered *limit, bool known,
					     unsigned int now, unsigned int most)
{
	if (known && now != limit->told) {
		limit->his = now;
		limit->lowered = true;
	}
	return limit->lowered ? min(limit->his, most) : most;
}

static inline void moat_limits_set_sectors(struct request_queue *queue, struct moat_limits *limits,
					   unsigned int most)
{
	struct moat_lowered *limit = &limits->sectors;
	unsigned int value = moat_limits_value(limit, limits->known, queue_max_sectors(queue),
					       most);

	/* It chooses a value below the most. */
	blk_queue_max_hw_sectors(queue, most);
	if (limit->lowered) {
		queue->limits.max_sectors = value;
		queue->disk->bdi->io_pages = value >> (PAGE_SHIFT - SECTOR_SHIFT);
	}
	limit->told = queue_max_sectors(queue);
}

static inline void moat_limits_set_discard(struct request_queue *queue, struct moat_limits *limits,
					   const struct queue_limits *lim)
{
	unsigned int most = lim->max_hw_discard_sectors;
	unsigned int now = queue->limits.max_discard_sectors;

	limits->discard.told = moat_limits_value(&limits->discard, limits->known, now, most);
	blk_queue_max_discard_sectors(queue, most);
	queue->limits.max_discard_sectors = limits->discard.told;
	blk_queue_max_secure_erase_sectors(queue, lim->max_secure_erase_sectors);
	queue->limits.discard_granularity = lim->discard_granularity;
	queue->limits.discard_alignment = lim->discard_alignment;
}

static inline void moat_limits_set_cache(struct request_queue *queue, struct moat_limits *limits,
					 bool cache)
{
	bool now = test_bit(QUEUE_FLAG_WC, &queue->queue_flags);

	limits->cache.told = moat_limits_value(&limits->cache, limits->known, now, cache);
	/* The wire has no FUA: the block layer flushes behind such a write. */
	blk_queue_write_cache(queue, limits->cache.told, false);
}

static inline int moat_limits_commit(struct request_queue *queue, struct moat_limits *limits,
				     struct queue_limits *lim, bool cache)
{
	blk_queue_logical_block_size(queue, lim->logical_block_size);
	blk_queue_physical_block_size(queue, lim->physical_block_size);
	blk_queue_max_segments(queue, lim->max_segments);
	blk_queue_max_segment_size(queue, lim->max_segment_size);
	blk_queue_segment_boundary(queue, lim->seg_boundary_mask);
	blk_queue_dma_alignment(queue, lim->dma_alignment);
	moat_limits_set_sectors(queue, limits, lim->max_hw_sectors);
	moat_limits_set_discard(queue, limits, lim);
	moat_limits_set_cache(queue, limits, cache);
	limits->known = true;
	return 0;
}

static inline void moat_limits_without_cache(struct request_queue *queue,
					     struct moat_limits *limits)
{
	blk_queue_write_cache(queue, false, false);
	limits->cache.told = false;
}

static inline void moat_limits_without_discard(struct request_queue *queue,
					       struct moat_limits *limits)
{
	blk_queue_max_discard_sectors(queue, 0);
	limits->discard.told = 0;
}

static inline void moat_limits_without_secure_erase(struct request_queue *queue)
{
	blk_queue_max_secure_erase_sectors(queue, 0);
}

#endif
