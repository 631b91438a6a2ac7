// SPDX-License-Identifier: GPL-2.0
/* A list of requests is a pointer to the first. */
#include <linux/blk-mq.h>

void probe_queue(struct request **rqs);
void probe_back(struct request **rqs, struct request *rq);

const struct blk_mq_ops probe = { .queue_rqs = probe_queue };

void probe_back(struct request **rqs, struct request *rq)
{
	rq->rq_next = *rqs;
	rq_list_add(rqs, rq);
}
