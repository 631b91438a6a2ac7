// SPDX-License-Identifier: GPL-2.0
/* A gendisk is made with its limits, and does not turn unless they say so. */
#include <linux/blk-mq.h>

struct gendisk *probe(struct blk_mq_tag_set *set, void *data);

struct gendisk *probe(struct blk_mq_tag_set *set, void *data)
{
	struct queue_limits *limits = NULL;
	bool turns = BLK_FEAT_ROTATIONAL;

	return turns ? blk_mq_alloc_disk(set, limits, data) : NULL;
}
