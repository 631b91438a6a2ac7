// SPDX-License-Identifier: GPL-2.0
/*
 * A request of the block layer's: what it asks of the back end, and what its
 * answer means.
 */
#include "request.h"

#include <linux/ratelimit.h>

#include "disk.h"
#include "queue.h"

/* ---- in ---- */

/* Say what is asked. Return: whether there is a word for it on the wire. */
static bool rq_describe(const struct moat_disk *disk, struct request *rq, struct moat_io *io)
{
	io->sector = blk_rq_pos(rq);
	io->sectors = blk_rq_sectors(rq);
	switch (req_op(rq)) {
	case REQ_OP_READ:
		io->op = MOAT_OP_READ;
		return true;
	case REQ_OP_WRITE:
		io->op = MOAT_OP_WRITE;
		return true;
	case REQ_OP_FLUSH:
		io->op = disk->traits.flush == MOAT_FLUSH_BARRIER ?
			 MOAT_OP_BARRIER : MOAT_OP_FLUSH;
		io->sector = 0;
		io->sectors = 0;
		return true;
	case REQ_OP_DISCARD:
		io->op = MOAT_OP_DISCARD;
		io->flag = 0;
		return true;
	case REQ_OP_SECURE_ERASE:
		io->op = MOAT_OP_DISCARD;
		io->flag = MOAT_DISCARD_SECURE;
		return true;
	default:
		return false;
	}
}

/* A request cannot be mapped: perhaps retained writes hold what it lacks. */
static int rq_short(struct moat_disk *disk, int err)
{
	if (err != -E2BIG && moat_retained_starve(&disk->retained))
		moat_disk_wake(disk);
	return err;
}

/**
 * moat_rq_map() - make a request ready to be issued
 * @rq: the request, nothing of it mapped
 * @q: the queue that will carry it
 * @gfp: how to allocate memory
 *
 * Context: any that @gfp allows, the connection being held open.
 * Return: 0; -ENOMEM or -ENOSPC when pages, grants, or room to retain it are
 * short for now; -E2BIG if it has more segments than the connection takes;
 * -EOPNOTSUPP if it is of an unknown kind.
 */
int moat_rq_map(struct request *rq, struct moat_queue *q, gfp_t gfp)
{
	struct moat_disk *disk = moat_disk_of(rq);
	struct moat_rq *mine = moat_rq_of(rq);
	int err;

	if (unlikely(!rq_describe(disk, rq, &mine->io)))
		return -EOPNOTSUPP;
	err = moat_retained_prepare(&disk->retained, &mine->io, &mine->retaining, gfp);
	if (unlikely(err))
		return rq_short(disk, err);
	mine->io.direct = !mine->retaining.keep &&
			  READ_ONCE(disk->tune.data_path) == MOAT_PATH_GRANT;
	err = moat_io_map(&mine->io, &q->terms, moat_queue_pool(q, mine->io.op), gfp);
	if (likely(!err))
		return 0;
	moat_retained_cancel(&disk->retained, &mine->retaining);
	return rq_short(disk, err);
}

/**
 * moat_rq_drop() - forget that a request was mapped
 * @rq: the request, not issued, or its connection gone: it can be mapped anew
 *
 * Context: any.
 */
void moat_rq_drop(struct request *rq)
{
	struct moat_rq *mine = moat_rq_of(rq);

	moat_retained_cancel(&moat_disk_of(rq)->retained, &mine->retaining);
	moat_io_drop(&mine->io);
}

/* ---- out ---- */

/* An operation turns out not to be supported: do without. */
static blk_status_t rq_unsupported(struct request *rq)
{
	struct moat_disk *disk = moat_disk_of(rq);
	const char *what = moat_limits_without(&disk->limits, rq->q, req_op(rq));

	if (!what)
		return BLK_STS_NOTSUPP;
	dev_warn_ratelimited(disk_to_dev(disk->gd),
			     "the back end does not do %s after all: switched off\n",
			     what);
	if (req_op(rq) != REQ_OP_FLUSH)
		return BLK_STS_NOTSUPP;
	/* As on a disk without a cache: there is nothing that a flush makes safe, so
	 * nothing is kept until one either.
	 */
	WRITE_ONCE(disk->retained.cached, false);
	moat_disk_wake(disk);
	return BLK_STS_OK;
}

static blk_status_t rq_status(struct request *rq, s16 answer)
{
	if (likely(answer == MOAT_RSP_OKAY))
		return BLK_STS_OK;
	return answer == MOAT_RSP_EOPNOTSUPP ? rq_unsupported(rq) : BLK_STS_IOERR;
}

/* It has been answered; the queue's lock is held. */
static void rq_answered(struct moat_queue *q, struct moat_io *io)
{
	struct moat_rq *mine = moat_rq_of_io(io);
	struct moat_disk *disk = q->disk;
	bool wake = false;

	mine->status = rq_status(io->rq, io->answer);
	if (unlikely(moat_plan_phase(&disk->plan) != MOAT_REPLAY_LIVE)) {
		/* Before the change becomes retained. */
		moat_plan_answered(&disk->plan, &mine->item);
		wake = true;
	}
	if (mine->retaining.keep) {
		if (mine->status == BLK_STS_OK) {
			moat_stat_inc(&q->stat, MOAT_STAT_retained);
			wake |= moat_retained_keep(&disk->retained, io, &mine->retaining);
		}
	} else if (req_op(io->rq) == REQ_OP_FLUSH && io->answer == MOAT_RSP_OKAY) {
		if (moat_retained_flushed(&disk->retained, &mine->retaining))
			mine->status = BLK_STS_IOERR;
	}
	if (wake)
		moat_disk_wake(disk);
}

/* Nobody polls while another back end comes, and an interrupt may end what is polled for.
 * The bios of pollers are kept for the next of their CPU, which only a task may do.
 */
static void rq_end_polling(const struct request *rq)
{
	struct bio *bio;

	for (bio = rq->bio; bio; bio = bio->bi_next)
		bio_clear_polled(bio);
}

/* Bring its data home, and let go of what it holds. */
static void rq_collect(struct request *rq)
{
	struct moat_rq *mine = moat_rq_of(rq);

	if (rq->cmd_flags & REQ_POLLED && in_interrupt())
		rq_end_polling(rq);
	moat_retained_cancel(&moat_disk_of(rq)->retained, &mine->retaining);
	moat_io_collect(&mine->io);
}

static void rq_complete_batch(struct io_comp_batch *batch)
{
	struct request *rq;

	rq_list_for_each(&batch->req_list, rq)
		rq_collect(rq);
	blk_mq_end_request_batch(batch);
}

/* The data is brought home where the block layer wants the request completed,
 * which is most often the vCPU that waits for it.
 */
static void rq_end(struct moat_io *io, struct io_comp_batch *batch)
{
	struct request *rq = io->rq;

	if (blk_mq_complete_request_remote(rq))
		return;
	if (!blk_mq_add_to_batch(rq, batch, moat_rq_of(rq)->status != BLK_STS_OK,
				 rq_complete_batch))
		moat_rq_complete(rq);
}

/**
 * moat_rq_complete() - end a request that has been answered
 * @rq: the request, started
 *
 * Context: any.
 */
void moat_rq_complete(struct request *rq)
{
	if (req_op(rq) == REQ_OP_FLUSH)
		moat_disk_reap(moat_disk_of(rq));
	rq_collect(rq);
	blk_mq_end_request(rq, moat_rq_of(rq)->status);
}

/**
 * moat_rq_fail() - there will be no answer
 * @rq: the request, nothing of it mapped
 *
 * Context: any.
 */
void moat_rq_fail(struct request *rq)
{
	moat_rq_of(rq)->status = BLK_STS_IOERR;
	blk_mq_complete_request(rq);
}

static const struct moat_io_ops rq_ops = {
	.answered = rq_answered,
	.end = rq_end,
};

/**
 * moat_rq_init() - a request of which nothing is mapped
 * @rq: the request
 */
void moat_rq_init(struct request *rq)
{
	struct moat_rq *mine = moat_rq_of(rq);

	mine->retaining.keep = NULL;
	moat_io_init(&mine->io, &rq_ops);
	mine->io.rq = rq;
}
