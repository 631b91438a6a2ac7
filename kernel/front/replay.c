// SPDX-License-Identifier: GPL-2.0
/*
 * What a new connection has to do first, and what is to be seen to while it
 * lasts.
 *
 * Issued again is what the old connection may have lost (retained writes, by
 * own.c) and then what it left unanswered, by the plan of core/replay.h. The
 * latter keep their tags, so to the block layer they were in flight all the
 * time. Their data is still in their bios: they are mapped anew, on the pages
 * and grants of the new connection. Only then is the queue unquiesced, so that
 * nothing newer can overtake them.
 *
 * A request that has more segments than the new back end takes is given back:
 * its bios are submitted again, by the life work because that may wait for
 * I/O, and the block layer cuts them to size.
 *
 * All of it is one work, run whenever something may have changed: it looks at
 * how things stand and does what is due.
 */
#include "replay.h"

#include <linux/blk-mq.h>
#include <linux/sched/mm.h>

#include <moat/keys.h>

#include "disk.h"
#include "gendisk.h"
#include "own.h"
#include "queue.h"
#include "report.h"
#include "request.h"
#include "traffic.h"

/* When a ring is full or memory short; each response would be too often. */
#define REPLAY_RETRY (HZ / 100)

/* What a step found. */
enum step {
	STEP_DONE,	/* nothing to do is left in it */
	STEP_WAIT,	/* an answer has to come first, which wakes the disk */
	STEP_RETRY,	/* something is short that nobody tells of */
};

/* Of two steps' findings, what the work has to do. */
static enum step both(enum step a, enum step b)
{
	return max(a, b);
}

/* Take the bios away from a request that is too large, and end it. */
static void replay_split(struct moat_disk *disk, struct request *rq)
{
	struct bio *bio;

	/* They wait for their turn, whatever their submitter wished then. */
	for (bio = rq->bio; bio; bio = bio->bi_next) {
		bio->bi_opf &= ~REQ_NOWAIT;
		bio_clear_polled(bio);
	}
	blk_steal_bios(&disk->split, rq);
	/* Without bios it ends without telling anyone. */
	rq->__data_len = 0;
	moat_rq_of(rq)->status = BLK_STS_OK;
	blk_mq_complete_request(rq);
}

/* Issue a request of the waiting list, whose turn it is. */
static enum step replay_one(struct moat_disk *disk, struct moat_rq *mine, bool planned)
{
	struct request *rq = mine->io.rq;
	struct moat_queue *q = moat_disk_queue(disk, rq->mq_hctx->queue_num);
	int err;

	err = moat_rq_map(rq, q, MOAT_POOL_GFP);
	if (err && err != -E2BIG)
		return STEP_RETRY;
	if (!err && !moat_queue_room(q)) {
		moat_rq_drop(rq);
		return STEP_RETRY;
	}
	list_del_init(&mine->io.link);
	/* The answer may be here before we are told that it was issued. */
	if (planned)
		moat_plan_issued(&disk->plan, &mine->item);
	if (err) {
		if (planned)
			moat_plan_answered(&disk->plan, &mine->item);
		moat_queue_count(q, MOAT_STAT_replays);
		replay_split(disk, rq);
		return STEP_DONE;
	}
	if (moat_traffic_issue(q, &mine->io, MOAT_ISSUE_PUSH | MOAT_ISSUE_REPLAY)) {
		/* Broken meanwhile: it waits for another connection. */
		moat_rq_drop(rq);
		moat_queue_defer(q, &mine->io);
	}
	return STEP_DONE;
}

/* Issue a retained change again. */
static enum step replay_retained(struct moat_disk *disk, struct moat_replay_item *item)
{
	switch (moat_own_replay(disk, item)) {
	case MOAT_OWN_DONE:
		return STEP_DONE;
	case MOAT_OWN_WAIT:
		return STEP_WAIT;
	default:
		return STEP_RETRY;
	}
}

/* Issue what the plan allows now. */
static enum step replay_plan(struct moat_disk *disk)
{
	struct moat_replay_item *item;
	enum step step;

	while ((item = moat_plan_next(&disk->plan))) {
		if (moat_plan_phase(&disk->plan) == MOAT_REPLAY_RETAINED)
			step = replay_retained(disk, item);
		else
			step = replay_one(disk, container_of(item, struct moat_rq, item), true);
		if (step != STEP_DONE)
			return step;
	}
	return STEP_DONE;
}

/* Those the data path has put off, for being too large, are cut. */
static enum step replay_deferred(struct moat_disk *disk)
{
	struct moat_io *io, *next;
	unsigned int i;
	enum step step;

	for (i = 0; i < disk->nr_rings; i++)
		moat_queue_undefer(&disk->queue[i], &disk->waiting);
	list_for_each_entry_safe(io, next, &disk->waiting, link) {
		step = replay_one(disk, moat_rq_of_io(io), false);
		if (step != STEP_DONE)
			return step;
	}
	return STEP_DONE;
}

/* Flush where that is due. */
static enum step replay_flush(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;

	if (moat_plan_phase(&disk->plan) < MOAT_REPLAY_INFLIGHT)
		return STEP_DONE;
	if (!READ_ONCE(r->cached)) {
		/* What the last back end may have lost has been written anew. */
		moat_retained_drop(r);
		moat_disk_reap(disk);
		return STEP_DONE;
	}
	if (!moat_retained_want_flush(r, test_bit(MOAT_DISK_HOLDING, &disk->flags)))
		return STEP_DONE;
	return moat_own_flush(disk) == MOAT_OWN_DONE ? STEP_DONE : STEP_WAIT;
}

/* No ring of this connection is looked at any more. */
static void replay_stop(struct moat_disk *disk)
{
	unsigned int i;

	moat_disk_quiesce(disk);
	for (i = 0; i < disk->nr_rings; i++)
		moat_queue_stop(&disk->queue[i]);
}

/* The toolstack wants the disk at rest: let nothing new in, and wait until
 * nothing is under way or only in a cache.
 */
static void replay_drain(struct moat_disk *disk)
{
	moat_disk_quiesce(disk);
	disk->drained = !moat_disk_busy(disk) && !moat_retained_first(&disk->retained);
}

/* All has been issued again and answered: the disk is as it was. */
static void replay_live(struct moat_disk *disk)
{
	unsigned int i;

	/* Until now nobody may have polled, with only old requests in flight. */
	for (i = 0; i < disk->nr_rings; i++)
		if (moat_disk_ring_polled(disk, i))
			moat_traffic_poll(&disk->queue[i], true);
	moat_disk_find(disk);
	if (test_bit(MOAT_DISK_HOLDING, &disk->flags)) {
		replay_drain(disk);
	} else {
		disk->drained = false;
		moat_disk_unquiesce(disk);
	}
	if (!bio_list_empty(&disk->split))
		queue_work(moat_front_life_wq, &disk->life);
}

static void replay_up(struct moat_disk *disk)
{
	enum step step = replay_plan(disk);

	if (moat_plan_phase(&disk->plan) == MOAT_REPLAY_LIVE) {
		step = both(step, replay_deferred(disk));
		if (step == STEP_DONE)
			replay_live(disk);
		if (disk->limits_due && !moat_gendisk_limit(disk))
			step = STEP_RETRY;
	}
	step = both(step, replay_flush(disk));
	if (step == STEP_RETRY)
		queue_delayed_work(moat_front_wq, &disk->replay, REPLAY_RETRY);
}

/* Add what was in flight to the plan, in its order. */
static void replay_add(struct moat_plan *plan, struct moat_rq *mine)
{
	struct moat_replay_item *item = &mine->item;

	lockdep_assert_held(&plan->lock);
	item->sector = blk_rq_pos(mine->io.rq);
	item->sectors = blk_rq_sectors(mine->io.rq);
	switch (req_op(mine->io.rq)) {
	case REQ_OP_READ:
		item->kind = MOAT_REPLAY_READ;
		break;
	case REQ_OP_FLUSH:
		item->kind = MOAT_REPLAY_FLUSH;
		break;
	default:
		item->kind = MOAT_REPLAY_CHANGE;
	}
	moat_replay_add(&plan->replay, item);
}

/**
 * moat_replay_start() - a connection is up: plan what is issued on it
 * @disk: the disk, with all that was unanswered in moat_disk.waiting
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_replay_start(struct moat_disk *disk)
{
	struct moat_replay_item *retained = moat_retained_first(&disk->retained);
	struct moat_plan *plan = &disk->plan;
	struct moat_io *io;

	lockdep_assert_held(&disk->lock);
	spin_lock_irq(&plan->lock);
	moat_replay_hold(&plan->replay);
	list_for_each_entry(io, &disk->waiting, link)
		replay_add(plan, moat_rq_of_io(io));
	moat_replay_begin(&plan->replay, retained);
	spin_unlock_irq(&plan->lock);
}

/**
 * moat_replay_gather() - a connection is gone: keep what it leaves for the next
 * @disk: the disk, its queue quiesced, its rings closed
 * @unanswered: what these have left, in order; nothing of it mapped
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_replay_gather(struct moat_disk *disk, struct list_head *unanswered)
{
	struct moat_io *io, *next;

	lockdep_assert_held(&disk->lock);
	moat_plan_hold(&disk->plan);
	moat_retained_flush_lost(&disk->retained);
	list_for_each_entry_safe(io, next, unanswered, link) {
		if (io->rq) {
			moat_rq_drop(io->rq);
		} else {
			list_del_init(&io->link);
			moat_own_lost(io);
		}
	}
	moat_retained_recall(&disk->retained);
	/* Behind a replay that was cut short, others still wait their turn. */
	list_splice(unanswered, &disk->waiting);
}

/**
 * moat_replay_run() - the replay work
 * @work: moat_disk.replay
 *
 * Context: process; never waits for I/O.
 */
void moat_replay_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(to_delayed_work(work),
					      struct moat_disk, replay);
	/* Nobody who has the disk's lock waits for memory, which may wait for this disk. */
	unsigned int scope = memalloc_noreclaim_save();

	mutex_lock(&disk->lock);
	if (disk->link == MOAT_LINK_UP) {
		if (test_bit(MOAT_DISK_BROKEN, &disk->flags))
			replay_stop(disk);
		else
			replay_up(disk);
	}
	if (disk->link != MOAT_LINK_CLOSED)
		moat_report_update(disk);
	mutex_unlock(&disk->lock);
	memalloc_noreclaim_restore(scope);
}
