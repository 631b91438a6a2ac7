// SPDX-License-Identifier: GPL-2.0
/* A gendisk is made without limits; that it does not turn is a flag of its queue. */
#include <linux/blk-mq.h>

struct gendisk *probe(struct blk_mq_tag_set *set, void *data);

struct gendisk *probe(struct blk_mq_tag_set *set, void *data)
{
	struct gendisk *gd = blk_mq_alloc_disk(set, data);

	blk_queue_flag_set(QUEUE_FLAG_NONROT, gd->queue);
	return gd;
}
