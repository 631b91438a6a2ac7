// SPDX-License-Identifier: GPL-2.0
/* The node that a request is made on is an unsigned int. */
#include <linux/blk-mq.h>

int probe_init(struct blk_mq_tag_set *set, struct request *rq, unsigned int hctx,
	       unsigned int node);

const struct blk_mq_ops probe = { .init_request = probe_init };
