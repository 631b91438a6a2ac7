// SPDX-License-Identifier: GPL-2.0
/* Limits are changed all at once, under a lock; what an administrator lowered stays apart. */
#include <linux/blkdev.h>

int probe(struct request_queue *queue);

int probe(struct request_queue *queue)
{
	struct queue_limits lim;

	if (!mutex_trylock(&queue->limits_lock))
		return -EBUSY;
	lim = queue->limits;
	lim.features |= BLK_FEAT_WRITE_CACHE;
	lim.flags &= ~BLK_FLAG_WRITE_CACHE_DISABLED;
	lim.max_hw_discard_sectors = lim.max_user_discard_sectors;
	lim.max_hw_sectors = lim.max_user_sectors;
	lim.dma_alignment = 0;
	blk_queue_disable_discard(queue);
	blk_queue_disable_secure_erase(queue);
	return queue_limits_commit_update(queue, &lim);
}
