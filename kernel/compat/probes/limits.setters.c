// SPDX-License-Identifier: GPL-2.0
/* Each limit has a function that sets it, over what an administrator lowered. */
#include <linux/backing-dev.h>
#include <linux/blkdev.h>

void probe(struct request_queue *queue, struct queue_limits *lim);

void probe(struct request_queue *queue, struct queue_limits *lim)
{
	blk_queue_logical_block_size(queue, lim->logical_block_size);
	blk_queue_physical_block_size(queue, lim->physical_block_size);
	blk_queue_max_segments(queue, lim->max_segments);
	blk_queue_max_segment_size(queue, lim->max_segment_size);
	blk_queue_segment_boundary(queue, lim->seg_boundary_mask);
	blk_queue_dma_alignment(queue, 0);
	blk_queue_max_hw_sectors(queue, lim->max_hw_sectors);
	blk_queue_max_discard_sectors(queue, lim->max_hw_discard_sectors);
	blk_queue_max_secure_erase_sectors(queue, lim->max_secure_erase_sectors);
	blk_queue_write_cache(queue, test_bit(QUEUE_FLAG_WC, &queue->queue_flags), false);
	queue->disk->bdi->io_pages = 0;
}
