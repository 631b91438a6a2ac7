/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request of the block layer's.
 */
#ifndef MOAT_FRONT_REQUEST_H
#define MOAT_FRONT_REQUEST_H

#include <linux/blk-mq.h>

#include "core/replay.h"

#include "io.h"
#include "retain.h"

struct moat_queue;

/**
 * struct moat_rq - what the driver knows of a block request
 * @retaining: what is to be retained of it, while it is mapped
 * @item: its place in the plan of a replay, while it waits in moat_disk.waiting
 * @status: how it ended
 * @io: the way through a ring
 */
struct moat_rq {
	struct moat_retaining retaining;
	struct moat_replay_item item;
	blk_status_t status;
	/* Its pieces are behind it. */
	struct moat_io io;
};

static inline struct moat_rq *moat_rq_of(struct request *rq)
{
	return blk_mq_rq_to_pdu(rq);
}

static inline struct moat_rq *moat_rq_of_io(struct moat_io *io)
{
	return container_of(io, struct moat_rq, io);
}

void moat_rq_init(struct request *rq);
int __must_check moat_rq_map(struct request *rq, struct moat_queue *q, gfp_t gfp);
void moat_rq_drop(struct request *rq);
void moat_rq_complete(struct request *rq);
void moat_rq_fail(struct request *rq);

#endif
