// SPDX-License-Identifier: GPL-2.0
/*
 * Issuing requests again that a connection has left unanswered.
 *
 * They keep their tags, so to the block layer they were in flight all the time.
 * Their data is still in their bios: they are mapped anew, on the pages and
 * grants of the new connection, and issued in their old order before the disk
 * is released and anything newer can overtake them.
 *
 * A request that has more segments than the new back end takes is given back:
 * its bios are submitted again, by the life work because that may wait for
 * I/O, and the block layer cuts them to size.
 */
#include "replay.h"

#include <linux/blk-mq.h>
#include <linux/gfp.h>

#include "disk.h"
#include "io.h"
#include "mq.h"
#include "queue.h"

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

/* Issue one request. Return: 0, or -EAGAIN if it has to be later. */
static int replay_one(struct moat_disk *disk, struct moat_io *io)
{
	struct request *rq = moat_io_request(io);
	struct moat_queue *q = moat_disk_queue(disk, rq->mq_hctx->queue_num);
	int err;

	err = moat_io_map(q, rq, GFP_NOIO);
	if (err && err != -E2BIG)
		return -EAGAIN;
	list_del_init(&io->link);
	if (err) {
		moat_queue_count(q, MOAT_STAT_replays);
		replay_split(disk, rq);
		return 0;
	}
	err = moat_queue_issue(q, rq, MOAT_ISSUE_PUSH | MOAT_ISSUE_REPLAY);
	if (err) {
		moat_io_drop(io);
		list_add(&io->link, &disk->waiting);
	}
	return err;
}

/* Issue all that waits. Return: whether nothing waits any more. */
static bool replay_all(struct moat_disk *disk)
{
	struct moat_io *io, *next;
	unsigned int i;

	/* Those the data path has deferred, for being too large. */
	for (i = 0; i < disk->nr_rings; i++) {
		struct moat_queue *q = &disk->queue[i];

		spin_lock_irq(&q->lock);
		if (q->live)
			list_splice_tail_init(&q->held, &disk->waiting);
		spin_unlock_irq(&q->lock);
	}
	list_for_each_entry_safe(io, next, &disk->waiting, link)
		if (replay_one(disk, io))
			return false;
	return true;
}

/* The protocol was broken: no ring of this connection is looked at any more. */
static void replay_stop(struct moat_disk *disk)
{
	unsigned int i;

	moat_disk_hold(disk);
	for (i = 0; i < disk->nr_rings; i++)
		moat_queue_stop(&disk->queue[i]);
	xenbus_dev_error(disk->xdev, -EPROTO, "back end broke the protocol");
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
		if (test_bit(MOAT_DISK_BROKEN, &disk->flags)) {
			replay_stop(disk);
		} else if (replay_all(disk)) {
			moat_disk_release(disk);
			if (!bio_list_empty(&disk->split))
				queue_work(moat_front_wq, &disk->life);
		} else {
			queue_delayed_work(moat_front_wq, &disk->replay,
					   REPLAY_RETRY);
		}
	}
	mutex_unlock(&disk->lock);
}
