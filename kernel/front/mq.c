// SPDX-License-Identifier: GPL-2.0
/*
 * The driver as blk-mq sees it.
 *
 * There are as many tags as the ring has slots, and a request takes one slot;
 * so it has to wait for room only behind requests of the driver's own, or where
 * a later back end offers fewer or smaller rings than the first.
 */
#include "mq.h"

#include <linux/ktime.h>

#include "kernel/compat/request.h"

#include "disk.h"
#include "queue.h"
#include "request.h"
#include "traffic.h"

/* So many requests of a list are taken to have come at once. */
#define CLOCK_EVERY 4u

/* Map a request and put it into the ring, with flags as for moat_traffic_issue(). */
static blk_status_t mq_issue(struct moat_queue *q, struct request *rq, u32 flags)
{
	struct moat_disk *disk = rq->q->queuedata;
	int err;

	if (test_bit(MOAT_DISK_DEAD, &disk->flags))
		return BLK_STS_IOERR;
	err = moat_rq_map(rq, q, GFP_ATOMIC);
	if (unlikely(err)) {
		if (err == -EOPNOTSUPP)
			return BLK_STS_NOTSUPP;
		if (err != -E2BIG)
			return BLK_STS_RESOURCE;
		/* Too many segments for this connection: the replay work cuts it. */
		blk_mq_start_request(rq);
		moat_queue_defer(q, &moat_rq_of(rq)->io);
		moat_disk_wake(disk);
		return BLK_STS_OK;
	}
	blk_mq_start_request(rq);
	if (moat_traffic_issue(q, &moat_rq_of(rq)->io, flags)) {
		moat_rq_drop(rq);
		return BLK_STS_RESOURCE;
	}
	return BLK_STS_OK;
}

static blk_status_t mq_queue_rq(struct blk_mq_hw_ctx *hctx,
				const struct blk_mq_queue_data *bd)
{
	struct moat_disk *disk = hctx->queue->queuedata;
	struct moat_queue *q = moat_disk_queue(disk, hctx->queue_num);

	moat_rq_of(bd->rq)->io.issued_ns = ktime_get_ns();
	return mq_issue(q, bd->rq, bd->last ? MOAT_ISSUE_PUSH : 0);
}

/* A request of a list could not be issued: it is left as it came; or, if it has been started
 * when the ring went out of use, the block layer comes with it anew.
 */
static void mq_refuse(struct request *rq, struct request **left)
{
	if (blk_mq_request_started(rq)) {
		blk_mq_requeue_request(rq, true);
	} else {
		rq->rq_next = *left;
		*left = rq;
	}
}

/* Put the requests of a chain into their rings. Return: those that are left, backwards. */
static struct request *mq_issue_list(struct request *list)
{
	struct request *rq, *next, *left = NULL;
	struct moat_queue *q = NULL, *its;
	u32 n = 0;
	u64 now = 0;

	for (rq = list; rq; rq = next) {
		next = rq->rq_next;
		its = moat_disk_queue(rq->q->queuedata, rq->mq_hctx->queue_num);
		if (q && q != its)
			moat_traffic_commit(q);
		q = its;
		if (n++ % CLOCK_EVERY == 0)
			now = ktime_get_ns();
		moat_rq_of(rq)->io.issued_ns = now;
		if (mq_issue(q, rq, 0))
			mq_refuse(rq, &left);
	}
	if (q)
		moat_traffic_commit(q);
	return left;
}

/*
 * All that a submitter has gathered, in one go. What cannot be issued goes back into the
 * list: the block layer then comes with it through mq_queue_rq(), and can be told why.
 */
static void mq_queue_rqs(MOAT_RQ_LIST *rqs)
{
	struct request *rq, *next;

	/* What is completed meanwhile may bring new ones. */
	for (rq = mq_issue_list(moat_rq_list_take(rqs)); rq; rq = next) {
		next = rq->rq_next;
		moat_rq_list_put(rqs, rq);
	}
}

static void mq_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	moat_traffic_commit(moat_disk_queue(hctx->queue->queuedata,
					  hctx->queue_num));
}

static int mq_init_request(struct blk_mq_tag_set *set, struct request *rq,
			   unsigned int hctx, MOAT_RQ_NODE node)
{
	moat_rq_init(rq);
	return 0;
}

static void mq_map_queues(struct blk_mq_tag_set *set)
{
	struct moat_disk *disk = set->driver_data;

	set->map[HCTX_TYPE_DEFAULT].nr_queues = disk->nr_queues - disk->nr_polled;
	set->map[HCTX_TYPE_DEFAULT].queue_offset = 0;
	blk_mq_map_queues(&set->map[HCTX_TYPE_DEFAULT]);
	if (set->nr_maps <= HCTX_TYPE_POLL)
		return;
	/* No map for reads of their own: they take the default one. */
	set->map[HCTX_TYPE_READ].nr_queues = 0;
	set->map[HCTX_TYPE_POLL].nr_queues = disk->nr_polled;
	set->map[HCTX_TYPE_POLL].queue_offset = disk->nr_queues - disk->nr_polled;
	blk_mq_map_queues(&set->map[HCTX_TYPE_POLL]);
}

static int mq_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *batch)
{
	struct moat_disk *disk = hctx->queue->queuedata;

	return moat_traffic_look(moat_disk_queue(disk, hctx->queue_num), batch);
}

/*
 * A request is old. That alone is no error: a slow device is not a dead one,
 * and while no back end is connected requests wait for the next. But look
 * once, in case an event was lost; and if the whole ring stands still, say so.
 */
static enum blk_eh_timer_return mq_timeout(struct request *rq)
{
	struct moat_disk *disk = rq->q->queuedata;
	struct moat_queue *q = moat_disk_queue(disk, rq->mq_hctx->queue_num);

	moat_traffic_look(q, NULL);
	if (blk_mq_request_completed(rq))
		return BLK_EH_DONE;
	if (moat_queue_stands(q, moat_disk_stall_ns(disk))) {
		moat_disk_stall(disk);
		moat_queue_tell(q);
	}
	return BLK_EH_RESET_TIMER;
}

const struct blk_mq_ops moat_mq_ops = {
	.queue_rq = mq_queue_rq,
	.queue_rqs = mq_queue_rqs,
	.commit_rqs = mq_commit_rqs,
	.complete = moat_rq_complete,
	.init_request = mq_init_request,
	.map_queues = mq_map_queues,
	.poll = mq_poll,
	.timeout = mq_timeout,
};
