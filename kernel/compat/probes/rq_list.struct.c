// SPDX-License-Identifier: GPL-2.0
/* A list of requests is a structure of its own. */
#include <linux/blk-mq.h>

void probe_queue(struct rq_list *rqs);
void probe_back(struct rq_list *rqs, struct request *rq);

const struct blk_mq_ops probe = { .queue_rqs = probe_queue };

void probe_back(struct rq_list *rqs, struct request *rq)
{
	rq->rq_next = rqs->head;
	rq_list_init(rqs);
	rq_list_add_head(rqs, rq);
}
