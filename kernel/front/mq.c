// SPDX-License-Identifier: GPL-2.0
/*
 * The driver as blk-mq sees it: the way in, and the way out.
 *
 * There are as many tags as the ring has slots, and a request takes one slot,
 * so the ring cannot overflow. Only where a later back end offers fewer or
 * smaller rings than the first must a request wait for room.
 */
#include "mq.h"

#include <linux/ktime.h>
#include <linux/ratelimit.h>

#include "core/wire.h"

#include "disk.h"
#include "io.h"
#include "queue.h"

/* So many requests of a list are taken to have come at once. */
#define CLOCK_EVERY 4u

/* ---- in ---- */

/* Too many segments for this connection: to be cut anew, by the replay work. */
static blk_status_t mq_defer(struct moat_queue *q, struct request *rq)
{
	unsigned long irq;

	blk_mq_start_request(rq);
	spin_lock_irqsave(&q->lock, irq);
	list_add_tail(&moat_io_of(rq)->link, &q->held);
	spin_unlock_irqrestore(&q->lock, irq);
	moat_disk_wake(q->disk);
	return BLK_STS_OK;
}

static bool mq_known(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_FLUSH:
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return true;
	default:
		return false;
	}
}

/* Map a request and put it into the ring, with flags as for moat_queue_issue(). */
static blk_status_t mq_issue(struct moat_queue *q, struct request *rq, u32 flags)
{
	struct moat_disk *disk = q->disk;
	int err;

	if (test_bit(MOAT_DISK_DEAD, &disk->flags))
		return BLK_STS_IOERR;
	if (!mq_known(rq))
		return BLK_STS_NOTSUPP;

	err = moat_io_map(q, rq, GFP_ATOMIC);
	if (err == -E2BIG)
		return mq_defer(q, rq);
	if (err)
		return BLK_STS_RESOURCE;
	blk_mq_start_request(rq);
	if (moat_queue_issue(q, rq, flags)) {
		moat_io_drop(moat_io_of(rq));
		return BLK_STS_RESOURCE;
	}
	return BLK_STS_OK;
}

static blk_status_t mq_queue_rq(struct blk_mq_hw_ctx *hctx,
				const struct blk_mq_queue_data *bd)
{
	struct moat_disk *disk = hctx->queue->queuedata;
	struct moat_queue *q = moat_disk_queue(disk, hctx->queue_num);

	moat_io_of(bd->rq)->issued_ns = ktime_get_ns();
	return mq_issue(q, bd->rq, bd->last ? MOAT_ISSUE_PUSH : 0);
}

/* A request of a list could not be issued: it is left as it came; or, if it has been started
 * when the ring went out of use, the block layer comes with it anew.
 */
static void mq_refuse(struct request *rq, struct request **left)
{
	if (blk_mq_request_started(rq))
		blk_mq_requeue_request(rq, true);
	else
		rq_list_add(left, rq);
}

/* Put the requests of a list into their rings. Return: those that are left. */
static struct request *mq_issue_list(struct request *list)
{
	struct request *rq, *next, *left = NULL;
	struct moat_queue *q = NULL, *its;
	u32 n = 0;
	u64 now = 0;

	for (rq = list; rq; rq = next) {
		next = rq_list_next(rq);
		its = moat_disk_queue(rq->q->queuedata, rq->mq_hctx->queue_num);
		if (q && q != its)
			moat_queue_commit(q);
		q = its;
		if (n++ % CLOCK_EVERY == 0)
			now = ktime_get_ns();
		moat_io_of(rq)->issued_ns = now;
		if (mq_issue(q, rq, 0))
			mq_refuse(rq, &left);
	}
	if (q)
		moat_queue_commit(q);
	return left;
}

/*
 * All that a submitter has gathered, in one go. What cannot be issued goes back into the
 * list: the block layer then comes with it through mq_queue_rq(), and can be told why.
 */
static void mq_queue_rqs(struct request **rqs)
{
	struct request *rq, *next, *list = *rqs;

	/* What is completed meanwhile may bring new ones. */
	*rqs = NULL;
	for (rq = mq_issue_list(list); rq; rq = next) {
		next = rq_list_next(rq);
		rq_list_add(rqs, rq);
	}
}

static void mq_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	moat_queue_commit(moat_disk_queue(hctx->queue->queuedata,
					  hctx->queue_num));
}

static int mq_init_request(struct blk_mq_tag_set *set, struct request *rq,
			   unsigned int hctx, unsigned int node)
{
	moat_io_init(moat_io_of(rq));
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

	return moat_queue_look(moat_disk_queue(disk, hctx->queue_num), batch);
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
	u64 stall_s = READ_ONCE(disk->tune.stall_s);

	moat_queue_look(q, NULL);
	if (blk_mq_request_completed(rq))
		return BLK_EH_DONE;
	if (stall_s && moat_queue_stands(q, stall_s * NSEC_PER_SEC))
		moat_disk_stall(disk);
	return BLK_EH_RESET_TIMER;
}

/* ---- out ---- */

static blk_status_t mq_unsupported(struct request *rq)
{
	struct request_queue *queue = rq->q;
	const char *what;
	blk_status_t status = BLK_STS_NOTSUPP;

	switch (req_op(rq)) {
	case REQ_OP_FLUSH:
		/* As on a disk without a cache: a flush has nothing to do. */
		blk_queue_write_cache(queue, false, false);
		what = "flush";
		status = BLK_STS_OK;
		break;
	case REQ_OP_SECURE_ERASE:
		blk_queue_max_secure_erase_sectors(queue, 0);
		what = "secure discard";
		break;
	case REQ_OP_DISCARD:
		blk_queue_max_discard_sectors(queue, 0);
		what = "discard";
		break;
	default:
		return BLK_STS_NOTSUPP;
	}
	dev_warn_ratelimited(disk_to_dev(queue->disk),
			     "the back end does not do %s after all: switched off\n",
			     what);
	return status;
}

/**
 * moat_mq_status() - what a response means to the block layer
 * @rq: the request it answers
 * @status: enum moat_status, as the back end wrote it
 *
 * An operation that turns out not to be supported is switched off.
 *
 * Context: any.
 */
blk_status_t moat_mq_status(struct request *rq, s16 status)
{
	switch (status) {
	case MOAT_RSP_OKAY:
		return BLK_STS_OK;
	case MOAT_RSP_EOPNOTSUPP:
		return mq_unsupported(rq);
	default:
		return BLK_STS_IOERR;
	}
}

static void mq_complete(struct request *rq)
{
	struct moat_io *io = moat_io_of(rq);

	if (req_op(rq) == REQ_OP_FLUSH)
		moat_retained_reap(moat_disk_of(rq));
	moat_io_collect(io);
	blk_mq_end_request(rq, io->status);
}

static void mq_complete_batch(struct io_comp_batch *batch)
{
	struct request *rq;

	rq_list_for_each(&batch->req_list, rq)
		moat_io_collect(moat_io_of(rq));
	blk_mq_end_request_batch(batch);
}

/**
 * moat_mq_complete() - a request has been answered
 * @rq: the request, its moat_io.status set
 * @batch: collects it for the caller to end, or NULL
 *
 * The data is brought home where the block layer wants the request completed,
 * which is most often the vCPU that waits for it.
 *
 * Context: any.
 */
void moat_mq_complete(struct request *rq, struct io_comp_batch *batch)
{
	if (blk_mq_complete_request_remote(rq))
		return;
	if (!blk_mq_add_to_batch(rq, batch, (__force int)moat_io_of(rq)->status,
				 mq_complete_batch))
		mq_complete(rq);
}

/**
 * moat_mq_fail() - there will be no answer
 * @rq: the request, holding no pages
 *
 * Context: any.
 */
void moat_mq_fail(struct request *rq)
{
	moat_io_of(rq)->status = BLK_STS_IOERR;
	blk_mq_complete_request(rq);
}

const struct blk_mq_ops moat_mq_ops = {
	.queue_rq = mq_queue_rq,
	.queue_rqs = mq_queue_rqs,
	.commit_rqs = mq_commit_rqs,
	.complete = mq_complete,
	.init_request = mq_init_request,
	.map_queues = mq_map_queues,
	.poll = mq_poll,
	.timeout = mq_timeout,
};
