// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of the driver's own: flushes, and retained changes issued again.
 *
 * The block layer knows nothing of them. They take no tag, so that no scheduler
 * and no frozen queue is in their way; their memory is set aside when the disk
 * is made; and one that finds its ring full is put into it before anything new
 * is (MOAT_ISSUE_URGENT). All that they can run short of is a bounce page or a
 * grant for a write, which its connection has a reserve of.
 */
#include "own.h"

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "disk.h"
#include "io.h"
#include "queue.h"
#include "retain.h"
#include "traffic.h"

/* Retained changes that can be issued again at a time; the last one is for flushes. */
#define OWN_WRITES 16
#define OWN_COUNT (OWN_WRITES + 1)

/**
 * struct moat_own_io - one of them
 * @disk: the disk
 * @nr: its number there
 * @generation: the connection that it was issued on
 * @keep: the change that it is a part of; NULL: it is a flush
 * @io: the way through a ring
 */
struct moat_own_io {
	struct moat_disk *disk;
	unsigned int nr;
	u32 generation;
	struct moat_keep *keep;
	/* Its pieces are behind it. */
	struct moat_io io;
};

/**
 * struct moat_own - a disk's own requests
 * @busy: those in use, one bit each
 * @io: all of them; memory of the disk's, so that none is needed when they are
 */
struct moat_own {
	unsigned long busy;
	struct moat_own_io *io[OWN_COUNT];
};

static struct moat_own_io *own_of_io(struct moat_io *io)
{
	return container_of(io, struct moat_own_io, io);
}

static struct moat_own_io *own_get(struct moat_disk *disk, unsigned int nr)
{
	struct moat_own_io *own = disk->own->io[nr];

	if (test_and_set_bit(nr, &disk->own->busy))
		return NULL;
	own->generation = disk->plan.generation;
	own->io.issued_ns = ktime_get_ns();
	return own;
}

/* It may be taken again as soon as this is seen. */
static void own_put(struct moat_own_io *own)
{
	clear_bit_unlock(own->nr, &own->disk->own->busy);
}

/* Where it goes: over all rings that anybody looks at. */
static struct moat_queue *own_queue(const struct moat_own_io *own)
{
	struct moat_disk *disk = own->disk;
	unsigned int rings = min(disk->nr_rings, disk->nr_queues - disk->nr_polled);

	return &disk->queue[own->nr % rings];
}

/* ---- answers ---- */

/* Nothing of it is acknowledged to anybody. */
static void own_answered(struct moat_queue *q, struct moat_io *io)
{
	if (io->answer == MOAT_RSP_EOPNOTSUPP && !moat_io_has_data(io) &&
	    io->op != MOAT_OP_DISCARD)
		WRITE_ONCE(q->disk->retained.cached, false);
}

/* A flush: if it is not of an old connection, what it covers is safe. */
static void flush_end(struct moat_own_io *own)
{
	struct moat_disk *disk = own->disk;
	struct moat_plan *plan = &disk->plan;
	unsigned long flags;

	spin_lock_irqsave(&plan->lock, flags);
	if (own->generation == plan->generation)
		moat_retained_flush_end(&disk->retained,
					own->io.answer == MOAT_RSP_OKAY);
	spin_unlock_irqrestore(&plan->lock, flags);
	own_put(own);
	moat_disk_reap(disk);
}

/* A part of a change; of one of an old connection even the keep may be gone. */
static void write_end(struct moat_own_io *own)
{
	struct moat_disk *disk = own->disk;
	struct moat_plan *plan = &disk->plan;
	struct moat_keep *keep = own->keep;
	unsigned long flags;
	bool failed = false;

	spin_lock_irqsave(&plan->lock, flags);
	if (own->generation == plan->generation) {
		/* Of a discard that fails nothing is lost. */
		failed = keep->bytes && own->io.answer != MOAT_RSP_OKAY;
		keep->pending--;
		if (!keep->pending && keep->at == keep->bytes)
			moat_replay_answered(&plan->replay, &keep->entry.item);
	}
	spin_unlock_irqrestore(&plan->lock, flags);
	if (failed) {
		moat_retained_failed(&disk->retained);
		dev_err_ratelimited(&disk->xdev->dev,
				    "%s: write of sector %llu failed when issued again\n",
				    disk->name, own->io.sector);
	}
	moat_io_collect(&own->io);
	own_put(own);
}

static void own_end(struct moat_io *io, struct io_comp_batch *batch)
{
	struct moat_own_io *own = own_of_io(io);
	struct moat_disk *disk = own->disk;

	if (own->keep)
		write_end(own);
	else
		flush_end(own);
	moat_disk_wake(disk);
}

/**
 * moat_own_lost() - one will not be answered, its connection is gone
 * @io: the request, nothing of it mapped
 *
 * Context: process.
 */
void moat_own_lost(struct moat_io *io)
{
	own_put(own_of_io(io));
}

/* ---- issuing ---- */

/**
 * moat_own_flush() - flush
 * @disk: the disk, its connection up
 *
 * Context: process; the disk's lock held.
 * Return: MOAT_OWN_DONE if it is under way, or the connection is no good so that
 * it is wanted anew on another; MOAT_OWN_WAIT if one is still being ended.
 */
enum moat_own_result moat_own_flush(struct moat_disk *disk)
{
	struct moat_own_io *own;

	lockdep_assert_held(&disk->lock);
	own = own_get(disk, OWN_WRITES);
	if (!own)
		return MOAT_OWN_WAIT;
	own->keep = NULL;
	own->io.op = disk->traits.flush == MOAT_FLUSH_BARRIER ? MOAT_OP_BARRIER :
								 MOAT_OP_FLUSH;
	own->io.sector = 0;
	own->io.sectors = 0;
	moat_retained_flush_begin(&disk->retained);
	if (moat_traffic_issue(own_queue(own), &own->io,
			     MOAT_ISSUE_PUSH | MOAT_ISSUE_URGENT)) {
		moat_retained_flush_lost(&disk->retained);
		own_put(own);
	}
	return MOAT_OWN_DONE;
}

/* The page that holds byte @at of a change. */
static struct page *keep_page(const struct moat_keep *keep, u32 at)
{
	struct page *page;

	list_for_each_entry(page, &keep->pages, lru) {
		if (at < PAGE_SIZE)
			return page;
		at -= PAGE_SIZE;
	}
	return NULL;
}

/* The next part of a change, as much as a request takes. Return: its bytes. */
static u32 own_describe(struct moat_own_io *own, struct moat_keep *keep)
{
	u32 most = own->disk->max_segs * PAGE_SIZE;
	u32 part = min(keep->bytes - keep->at, most);
	struct moat_io *io = &own->io;

	own->keep = keep;
	io->op = keep->op;
	io->flag = keep->flag;
	io->sector = keep->entry.item.sector + (keep->at >> SECTOR_SHIFT);
	io->sectors = keep->bytes ? part >> SECTOR_SHIFT : keep->entry.item.sectors;
	io->data = keep->bytes ? keep_page(keep, keep->at) : NULL;
	return part;
}

/* The answer may be here before who issues it is told: account for it first.
 * One that cannot be issued is on a connection that is no good, where nothing
 * is accounted for any more.
 */
static void own_account(struct moat_own_io *own, u32 part)
{
	struct moat_plan *plan = &own->disk->plan;
	struct moat_keep *keep = own->keep;

	spin_lock_irq(&plan->lock);
	keep->at += part;
	keep->pending++;
	if (keep->at == keep->bytes)
		moat_replay_issued(&plan->replay, &keep->entry.item);
	spin_unlock_irq(&plan->lock);
}

/* One request of a retained change. */
static enum moat_own_result own_replay_part(struct moat_disk *disk, struct moat_keep *keep)
{
	struct moat_own_io *own = NULL;
	struct moat_queue *q;
	unsigned int nr;
	u32 part;

	for (nr = 0; nr < OWN_WRITES && !own; nr++)
		own = own_get(disk, nr);
	if (!own)
		return MOAT_OWN_WAIT;
	q = own_queue(own);
	part = own_describe(own, keep);
	if (moat_io_map(&own->io, &q->terms, moat_queue_pool(q, own->io.op),
			MOAT_POOL_GFP)) {
		own_put(own);
		return MOAT_OWN_RETRY;
	}
	own_account(own, part);
	if (moat_traffic_issue(q, &own->io, MOAT_ISSUE_PUSH | MOAT_ISSUE_REPLAY |
					  MOAT_ISSUE_URGENT)) {
		/* Not live any more: all begins again on another connection. */
		moat_io_drop(&own->io);
		own_put(own);
		return MOAT_OWN_WAIT;
	}
	return MOAT_OWN_DONE;
}

/**
 * moat_own_replay() - issue a retained change again
 * @disk: the disk, its connection up
 * @item: the change, next in the plan
 *
 * Context: process; the disk's lock held.
 * Return: what that found; if not all of it is under way, the plan says the same
 * change again.
 */
enum moat_own_result moat_own_replay(struct moat_disk *disk, struct moat_replay_item *item)
{
	struct moat_keep *keep = moat_keep_of(item);
	enum moat_own_result result;

	lockdep_assert_held(&disk->lock);
	do
		result = own_replay_part(disk, keep);
	while (result == MOAT_OWN_DONE && READ_ONCE(keep->at) < keep->bytes);
	return result;
}

/* ---- memory ---- */

static const struct moat_io_ops own_ops = {
	.answered = own_answered,
	.end = own_end,
};

/**
 * moat_own_create() - set memory aside
 * @disk: the disk, which knows how many pieces a request may have
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM; moat_own_destroy() is due in both cases.
 */
int moat_own_create(struct moat_disk *disk)
{
	struct moat_own_io *own;
	unsigned int nr;

	might_sleep();
	/* Of a first connection that came to nothing. */
	moat_own_destroy(disk);
	disk->own = kzalloc(sizeof(*disk->own), GFP_NOIO);
	if (!disk->own)
		return -ENOMEM;
	for (nr = 0; nr < OWN_COUNT; nr++) {
		own = kvzalloc(struct_size(own, io.piece, disk->room), GFP_NOIO);
		if (!own)
			return -ENOMEM;
		own->disk = disk;
		own->nr = nr;
		moat_io_init(&own->io, &own_ops);
		disk->own->io[nr] = own;
	}
	return 0;
}

/**
 * moat_own_destroy() - give it back
 * @disk: the disk, its connection closed
 *
 * Context: process, may sleep.
 */
void moat_own_destroy(struct moat_disk *disk)
{
	unsigned int nr;

	might_sleep();
	for (nr = 0; disk->own && nr < OWN_COUNT; nr++)
		kvfree(disk->own->io[nr]);
	kfree(disk->own);
	disk->own = NULL;
}
