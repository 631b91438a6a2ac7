/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver as blk-mq sees it.
 */
#ifndef MOAT_FRONT_MQ_H
#define MOAT_FRONT_MQ_H

#include <linux/blk-mq.h>

struct moat_disk;

extern const struct blk_mq_ops moat_mq_ops;

blk_status_t moat_mq_status(struct request *rq, s16 status);
void moat_mq_complete(struct request *rq, struct io_comp_batch *batch);
void moat_mq_fail(struct request *rq);

#endif
