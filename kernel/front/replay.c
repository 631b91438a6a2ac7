// SPDX-License-Identifier: GPL-2.0
/*
 * What a new connection has to do first, and what is to be seen to while it
 * lasts.
 *
 * Issued again is what the old connection may have lost (retained writes,
 * retain.c) and then what it left unanswered, by the plan of core/replay.h. The
 * latter keep their tags, so to the block layer they were in flight all the
 * time. Their data is still in their bios: they are mapped anew, on the pages
 * and grants of the new connection. Only then is the disk released, so that
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
#include <linux/gfp.h>

#include <moat/keys.h>

#include "disk.h"
#include "io.h"
#include "mq.h"
#include "queue.h"
#include "retain.h"

/* When a ring is full or memory short; each response would be too often. */
#define REPLAY_RETRY (HZ / 100)

/* Take the bios away from a request that is too large, and end it. */
static void replay_split(struct moat_disk *disk, struct request *rq)
{
	blk_steal_bios(&disk->split, rq);
	/* Without bios it ends without telling anyone. */
	rq->__data_len = 0;
	moat_io_of(rq)->status = BLK_STS_OK;
	blk_mq_complete_request(rq);
}

/* Issue a request of the waiting list, whose turn it is.
 * Return: 0, or -EAGAIN if it has to be later.
 */
static int replay_one(struct moat_disk *disk, struct moat_io *io, bool planned)
{
	struct request *rq = moat_io_request(io);
	struct moat_queue *q = moat_disk_queue(disk, rq->mq_hctx->queue_num);
	int err;

	err = moat_io_map(q, rq, GFP_NOIO);
	if (err && err != -E2BIG)
		return -EAGAIN;
	if (!err && !moat_queue_room(q)) {
		moat_io_drop(io);
		return -EAGAIN;
	}
	list_del_init(&io->link);
	if (err) {
		if (planned)
			moat_retained_skipped(disk, &io->item);
		moat_queue_count(q, MOAT_STAT_replays);
		replay_split(disk, rq);
		return 0;
	}
	/* The answer may be here before we are told that it was issued. */
	if (planned)
		moat_retained_issued(disk, &io->item);
	if (moat_queue_issue(q, rq, MOAT_ISSUE_PUSH | MOAT_ISSUE_REPLAY)) {
		/* Broken meanwhile: it waits for another connection. */
		moat_io_drop(io);
		moat_queue_keep(q, io);
	}
	return 0;
}

/* Issue what the plan allows now. Return: whether not to try again soon. */
static bool replay_plan(struct moat_disk *disk)
{
	struct moat_replay_item *item;
	int err;

	while ((item = moat_retained_next(disk))) {
		if (moat_retained_phase(disk) == MOAT_REPLAY_RETAINED)
			err = moat_retained_issue(disk, item);
		else
			err = replay_one(disk, container_of(item, struct moat_io, item), true);
		if (err)
			return false;
	}
	return true;
}

/* Those the data path has put off, for being too large, are cut. */
static bool replay_deferred(struct moat_disk *disk)
{
	struct moat_io *io, *next;
	unsigned int i;

	for (i = 0; i < disk->nr_rings; i++) {
		struct moat_queue *q = &disk->queue[i];

		spin_lock_irq(&q->lock);
		if (q->live)
			list_splice_tail_init(&q->held, &disk->waiting);
		spin_unlock_irq(&q->lock);
	}
	list_for_each_entry_safe(io, next, &disk->waiting, link)
		if (replay_one(disk, io, false))
			return false;
	return true;
}

/* No ring of this connection is looked at any more. */
static void replay_stop(struct moat_disk *disk)
{
	unsigned int i;

	moat_disk_hold(disk);
	for (i = 0; i < disk->nr_rings; i++)
		moat_queue_stop(&disk->queue[i]);
	xenbus_dev_error(disk->xdev, -EPROTO, "back end %s", disk->trouble.text);
}

/* The toolstack wants the disk at rest: let nothing new in, and wait until
 * nothing is under way or only in a cache.
 */
static void replay_drain(struct moat_disk *disk)
{
	moat_disk_hold(disk);
	disk->drained = !moat_disk_busy(disk) && moat_retained_empty(disk);
}

/* All has been issued again and answered: the disk is as it was. */
static void replay_live(struct moat_disk *disk)
{
	cancel_delayed_work(&disk->give_up);
	if (test_bit(MOAT_DISK_HOLDING, &disk->flags)) {
		replay_drain(disk);
	} else {
		disk->drained = false;
		moat_disk_release(disk);
	}
	if (!bio_list_empty(&disk->split))
		queue_work(moat_front_wq, &disk->life);
}

static void replay_up(struct moat_disk *disk)
{
	bool done = replay_plan(disk);

	if (moat_retained_phase(disk) == MOAT_REPLAY_LIVE) {
		done &= replay_deferred(disk);
		if (done)
			replay_live(disk);
	}
	done &= moat_retained_upkeep(disk);
	if (!done)
		queue_delayed_work(moat_front_wq, &disk->replay, REPLAY_RETRY);
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
}
