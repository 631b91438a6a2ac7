// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that are acknowledged but not flushed: keeping them, and issuing them
 * again on a new connection.
 *
 * What is kept when, and what may be issued when, is core/retain.h and
 * core/replay.h; here are the pages. A kept write holds the bounce pages that
 * it was carried in, so nothing is copied for it. They stay granted while the
 * connection lasts, and are taken back when it ends; to be issued again, the
 * data is copied into bounce pages of the new one.
 *
 * What is issued again has no request of the block layer's any more: it has
 * been completed. It gets one of a few reserved tags, as do flushes of our own,
 * and is issued by the driver directly, whether or not the queue is quiesced.
 */
#include "retain.h"

#include <linux/bio.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <xen/grant_table.h>

#include "disk.h"
#include "io.h"
#include "pool.h"
#include "queue.h"

/**
 * struct moat_keep - a change of the disk that is, or may have to be, retained
 * @entry: its place among those that are
 * @pages: its data, by page->lru
 * @pool: the pool they are from, NULL while there are none
 * @life: and the life of that
 * @bytes: of data
 * @op: REQ_OP_WRITE, REQ_OP_DISCARD or REQ_OP_SECURE_ERASE
 * @at: bytes that have been issued again on this connection
 * @pending: requests for it that are unanswered
 */
struct moat_keep {
	struct moat_retain_entry entry;
	struct list_head pages;
	struct moat_pool *pool;
	u32 life;
	u32 bytes;
	enum req_op op;
	u32 at;
	u32 pending;
};

static struct kmem_cache *keeps;

static struct moat_keep *keep_of(struct moat_replay_item *item)
{
	return container_of(item, struct moat_keep, entry.item);
}

/* ---- keeping ---- */

static bool retained_wanted(const struct moat_disk *disk, struct request *rq)
{
	if (disk->traits.flush == MOAT_FLUSH_NONE || !READ_ONCE(disk->tune.retain_kib))
		return false;
	if (blk_mq_is_reserved_rq(rq))
		return false;
	switch (req_op(rq)) {
	case REQ_OP_WRITE:
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return true;
	default:
		return false;
	}
}

static struct moat_keep *keep_create(struct request *rq, gfp_t gfp)
{
	struct moat_keep *keep = kmem_cache_zalloc(keeps, gfp | __GFP_NOWARN);

	if (!keep)
		return NULL;
	INIT_LIST_HEAD(&keep->pages);
	keep->op = req_op(rq);
	keep->bytes = keep->op == REQ_OP_WRITE ? blk_rq_bytes(rq) : 0;
	keep->entry.item.kind = MOAT_REPLAY_CHANGE;
	keep->entry.item.sector = blk_rq_pos(rq);
	keep->entry.item.sectors = blk_rq_sectors(rq);
	return keep;
}

static void keep_destroy(struct moat_keep *keep)
{
	if (keep->pool)
		moat_pool_put(keep->pool, keep->life, &keep->pages);
	kmem_cache_free(keeps, keep);
}

/**
 * moat_retained_prepare() - a request is about to be issued
 * @disk: the disk
 * @rq: the request, its moat_io.keep NULL
 * @gfp: how to allocate memory
 *
 * A change is given room to be retained; a flush notes what it covers.
 *
 * Context: any that @gfp allows.
 * Return: 0; -ENOMEM; -ENOSPC if it has to wait until others are flushed.
 */
int moat_retained_prepare(struct moat_disk *disk, struct request *rq, gfp_t gfp)
{
	struct moat_retained *r = &disk->retained;
	struct moat_io *io = moat_io_of(rq);
	struct moat_keep *keep = NULL;
	unsigned long flags;
	bool room = true;

	if (retained_wanted(disk, rq)) {
		keep = keep_create(rq, gfp);
		if (!keep)
			return -ENOMEM;
	} else if (req_op(rq) != REQ_OP_FLUSH) {
		return 0;
	}
	spin_lock_irqsave(&r->lock, flags);
	if (keep)
		room = moat_retain_reserve(&r->retain, keep->bytes);
	else
		moat_retain_flush_begin(&r->retain, &io->mark);
	spin_unlock_irqrestore(&r->lock, flags);
	if (!room) {
		keep_destroy(keep);
		moat_disk_wake(disk);
		return -ENOSPC;
	}
	io->keep = keep;
	return 0;
}

/**
 * moat_retained_cancel() - a request is not issued after all, or to be anew
 * @disk: the disk
 * @io: the request
 *
 * Context: any.
 */
void moat_retained_cancel(struct moat_disk *disk, struct moat_io *io)
{
	struct moat_retained *r = &disk->retained;
	struct moat_keep *keep = io->keep;
	unsigned long flags;

	if (!keep)
		return;
	io->keep = NULL;
	spin_lock_irqsave(&r->lock, flags);
	moat_retain_release(&r->retain, keep->bytes);
	spin_unlock_irqrestore(&r->lock, flags);
	keep_destroy(keep);
}

/* ---- answers ---- */

static void retained_drop_list(struct moat_retained *r, struct moat_retain_entry *list)
{
	struct moat_retain_entry *last = list;

	if (!list)
		return;
	while (last->item.next)
		last = moat_retain_entry_of(last->item.next);
	if (r->dropped)
		last->item.next = &r->dropped->item;
	r->dropped = list;
}

/* A change: it is retained, or was in vain. Lock held. */
static void retained_changed(struct moat_disk *disk, struct moat_io *io)
{
	struct moat_retain *retain = &disk->retained.retain;
	struct moat_keep *keep = io->keep;

	if (io->status != BLK_STS_OK)
		return; /* moat_io_collect() lets go of it */
	io->keep = NULL;
	if (io->queue) {
		keep->pool = &io->queue->pool[io->pool];
		keep->life = io->life;
		moat_io_give(io, &keep->pages);
	}
	moat_retain_ack(retain, &keep->entry, keep->bytes);
}

/* A flush of the block layer's: what it covers is safe. Lock held. */
static void retained_flushed(struct moat_disk *disk, struct moat_io *io)
{
	struct moat_retained *r = &disk->retained;

	if (io->status != BLK_STS_OK)
		return;
	retained_drop_list(r, moat_retain_flush_end(&r->retain, &io->mark));
	/* The writers have been told that all is well: who flushes next hears. */
	if (moat_retain_take_error(&r->retain))
		io->status = BLK_STS_IOERR;
}

/**
 * moat_retained_answer() - a request has been answered
 * @disk: the disk
 * @rq: the request, its moat_io.status set and its grants revoked
 *
 * Context: any; the queue's lock held, which makes this the moment of the
 * acknowledgement.
 */
void moat_retained_answer(struct moat_disk *disk, struct request *rq)
{
	struct moat_retained *r = &disk->retained;
	struct moat_io *io = moat_io_of(rq);
	bool replaying, wake;

	/* It becomes live only by an answer, and something else only while no
	 * ring is.
	 */
	replaying = READ_ONCE(r->plan.phase) != MOAT_REPLAY_LIVE;
	if (blk_mq_is_reserved_rq(rq))
		return;
	if (!io->keep && !replaying && req_op(rq) != REQ_OP_FLUSH)
		return;
	spin_lock(&r->lock);
	if (replaying)
		moat_replay_answered(&r->plan, &io->item);
	if (io->keep)
		retained_changed(disk, io);
	else if (req_op(rq) == REQ_OP_FLUSH)
		retained_flushed(disk, io);
	wake = replaying || moat_retain_want_flush(&r->retain);
	spin_unlock(&r->lock);
	if (wake)
		moat_disk_wake(disk);
}

/**
 * moat_retained_reap() - free what is not needed any more
 * @disk: the disk
 *
 * Context: any; no lock of a queue held.
 */
void moat_retained_reap(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;
	struct moat_replay_item *item, *next;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	item = r->dropped ? &r->dropped->item : NULL;
	r->dropped = NULL;
	spin_unlock_irqrestore(&r->lock, flags);
	if (!item)
		return;
	for (; item; item = next) {
		next = item->next;
		keep_destroy(keep_of(item));
	}
	/* Who found no room may find it now. */
	blk_mq_run_hw_queues(disk->gd->queue, true);
}

/* ---- requests of our own ---- */

static struct request *own_request(struct moat_disk *disk, enum req_op op,
				   rq_end_io_fn *end, void *data)
{
	struct request *rq = blk_mq_alloc_request(disk->gd->queue, op,
						  BLK_MQ_REQ_RESERVED | BLK_MQ_REQ_NOWAIT);

	if (IS_ERR(rq))
		return rq;
	/* It is no I/O of the application's, nor was it begun as one. */
	rq->rq_flags &= ~RQF_IO_STAT;
	/* What is wrong with it is said here. */
	rq->rq_flags |= RQF_QUIET;
	rq->end_io = end;
	rq->end_io_data = data;
	moat_io_of(rq)->issued_ns = ktime_get_ns();
	moat_io_of(rq)->keep = NULL;
	moat_io_of(rq)->life_own = disk->retained.life;
	return rq;
}

static void own_free(struct request *rq)
{
	if (rq->bio)
		bio_put(rq->bio);
	rq->bio = NULL;
	blk_mq_free_request(rq);
}

/**
 * moat_retained_abandon() - a request of our own will not be answered
 * @rq: the request, whose connection is gone: moat_retained_unanswered()
 *
 * Context: process.
 */
void moat_retained_abandon(struct request *rq)
{
	blk_mq_end_request(rq, BLK_STS_AGAIN);
}

/* Map and issue it. Return: 0, or -EAGAIN, the request being unissued. */
static int own_issue(struct moat_disk *disk, struct request *rq)
{
	struct moat_queue *q = moat_disk_queue(disk, rq->mq_hctx->queue_num);

	if (moat_io_map(q, rq, GFP_NOIO))
		return -EAGAIN;
	blk_mq_start_request(rq);
	if (!moat_queue_issue(q, rq, MOAT_ISSUE_PUSH | MOAT_ISSUE_REPLAY))
		return 0;
	moat_io_drop(moat_io_of(rq));
	return -EAGAIN;
}

/* Is this the answer of a request that still counts? Lock held. */
static bool own_current(const struct moat_retained *r, struct request *rq)
{
	return moat_io_of(rq)->life_own == r->life;
}

static enum rq_end_io_ret flush_end(struct request *rq, blk_status_t status)
{
	struct moat_disk *disk = moat_disk_of(rq);
	struct moat_retained *r = &disk->retained;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	if (own_current(r, rq))
		retained_drop_list(r, moat_retain_own_end(&r->retain, &r->mark,
							  status == BLK_STS_OK));
	spin_unlock_irqrestore(&r->lock, flags);
	moat_retained_reap(disk);
	moat_disk_wake(disk);
	return RQ_END_IO_FREE;
}

/* Flush for ourselves. Return: whether it is under way. */
static bool retained_flush(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;
	struct request *rq = own_request(disk, REQ_OP_FLUSH, flush_end, NULL);

	if (IS_ERR(rq))
		return false;
	spin_lock_irq(&r->lock);
	moat_retain_own_begin(&r->retain, &r->mark);
	spin_unlock_irq(&r->lock);
	if (!own_issue(disk, rq))
		return true;
	spin_lock_irq(&r->lock);
	moat_retain_disconnect(&r->retain);
	spin_unlock_irq(&r->lock);
	own_free(rq);
	return false;
}

/* The queue is frozen, so that no tag is to be had for a flush, and may wait
 * for the very writes that wait for the flush. Nothing new comes to a frozen
 * queue: let those through that are there.
 */
static void retained_overdraw(struct moat_disk *disk)
{
	spin_lock_irq(&disk->retained.lock);
	disk->retained.retain.budget = U64_MAX;
	spin_unlock_irq(&disk->retained.lock);
	blk_mq_run_hw_queues(disk->gd->queue, true);
}

/**
 * moat_retained_upkeep() - flush where that is due
 * @disk: the disk, its connection up
 *
 * Context: the replay work; the disk's lock held.
 * Return: whether all is done that can be done now; if not, try again.
 */
bool moat_retained_upkeep(struct moat_disk *disk)
{
	bool volatile_cache = disk->traits.flush != MOAT_FLUSH_NONE;
	struct moat_retained *r = &disk->retained;
	struct moat_retain_mark mark;
	bool want;

	spin_lock_irq(&r->lock);
	if (r->plan.phase < MOAT_REPLAY_INFLIGHT) {
		want = false;
	} else if (!volatile_cache) {
		/* What the last back end may have lost has been written anew. */
		moat_retain_flush_begin(&r->retain, &mark);
		retained_drop_list(r, moat_retain_flush_end(&r->retain, &mark));
		want = false;
	} else {
		want = moat_retain_want_flush(&r->retain) ||
		       (test_bit(MOAT_DISK_HOLDING, &disk->flags) &&
			r->retain.first && !r->retain.own);
	}
	spin_unlock_irq(&r->lock);
	moat_retained_reap(disk);
	if (!want || retained_flush(disk)) {
		moat_retained_budget(disk);
		return true;
	}
	retained_overdraw(disk);
	return false;
}

/* ---- issuing again ---- */

static enum rq_end_io_ret keep_end(struct request *rq, blk_status_t status)
{
	struct moat_disk *disk = moat_disk_of(rq);
	struct moat_retained *r = &disk->retained;
	struct moat_keep *keep = rq->end_io_data;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	/* Of an old connection: the entry may be gone by now. */
	if (own_current(r, rq)) {
		if (status) {
			moat_retain_fail(&r->retain);
			dev_err_ratelimited(&disk->xdev->dev,
					    "%s: write of sector %llu failed when issued again\n",
					    disk->name, keep->entry.item.sector);
		}
		keep->pending--;
		if (!keep->pending && (keep->at == keep->bytes))
			moat_replay_answered(&r->plan, &keep->entry.item);
	}
	spin_unlock_irqrestore(&r->lock, flags);
	moat_disk_wake(disk);
	return RQ_END_IO_FREE;
}

static void keep_bio_end(struct bio *bio)
{
	bio_put(bio);
}

/* A bio of the kept pages from byte @at on, as many as a request takes. */
static struct bio *keep_bio(struct moat_disk *disk, const struct moat_keep *keep)
{
	u32 left = keep->bytes - keep->at, skip = keep->at / PAGE_SIZE;
	unsigned int room = min_t(u32, disk->max_segs, DIV_ROUND_UP(left, PAGE_SIZE));
	struct page *page;
	struct bio *bio;

	bio = bio_alloc(disk->gd->part0, room, keep->op, GFP_NOIO);
	bio->bi_end_io = keep_bio_end;
	bio->bi_iter.bi_sector = keep->entry.item.sector + (keep->at >> SECTOR_SHIFT);
	if (!keep->bytes) {
		bio->bi_iter.bi_size = keep->entry.item.sectors << SECTOR_SHIFT;
		return bio;
	}
	list_for_each_entry(page, &keep->pages, lru) {
		u32 len = min_t(u32, left, PAGE_SIZE);

		if (skip) {
			skip--;
			continue;
		}
		if (!room--)
			break;
		__bio_add_page(bio, page, len, 0);
		left -= len;
	}
	return bio;
}

/* One request of a kept change. Return: 0 or -EAGAIN. */
static int keep_issue(struct moat_disk *disk, struct moat_keep *keep)
{
	struct moat_retained *r = &disk->retained;
	struct request *rq = own_request(disk, keep->op, keep_end, keep);
	u32 bytes = 0;

	if (IS_ERR(rq))
		return -EAGAIN;
	rq->bio = keep_bio(disk, keep);
	rq->biotail = rq->bio;
	rq->__sector = rq->bio->bi_iter.bi_sector;
	rq->__data_len = rq->bio->bi_iter.bi_size;
	rq->nr_phys_segments = bio_segments(rq->bio);
	if (keep->bytes)
		bytes = rq->__data_len;

	/* The answer may be here before we are told that it was issued. */
	spin_lock_irq(&r->lock);
	keep->at += bytes;
	keep->pending++;
	if (keep->at == keep->bytes)
		moat_replay_issued(&r->plan, &keep->entry.item);
	spin_unlock_irq(&r->lock);
	if (!own_issue(disk, rq))
		return 0;
	own_free(rq);
	return -EIO;
}

/**
 * moat_retained_issue() - issue a retained change again
 * @disk: the disk
 * @item: the change, next in the plan
 *
 * Context: the replay work; the disk's lock held.
 * Return: 0; -EAGAIN if it has to wait for others; -EIO if the connection is
 * no good, so that everything begins again on another.
 */
int moat_retained_issue(struct moat_disk *disk, struct moat_replay_item *item)
{
	struct moat_keep *keep = keep_of(item);
	int err;

	do
		err = keep_issue(disk, keep);
	while (!err && keep->at < keep->bytes);
	return err;
}

/* ---- the plan ---- */

/**
 * moat_retained_phase() - how far is the replay?
 * @disk: the disk
 *
 * Context: any.
 */
enum moat_replay_phase moat_retained_phase(struct moat_disk *disk)
{
	return READ_ONCE(disk->retained.plan.phase);
}

/**
 * moat_retained_next() - what is to be issued again now?
 * @disk: the disk
 *
 * Context: the replay work.
 * Return: the item, or NULL.
 */
struct moat_replay_item *moat_retained_next(struct moat_disk *disk)
{
	struct moat_replay_item *item;

	spin_lock_irq(&disk->retained.lock);
	item = moat_replay_next(&disk->retained.plan);
	spin_unlock_irq(&disk->retained.lock);
	return item;
}

/**
 * moat_retained_issued() - a request that was in flight is being issued again
 * @disk: the disk
 * @item: what moat_retained_next() said
 *
 * Context: the replay work.
 */
void moat_retained_issued(struct moat_disk *disk, struct moat_replay_item *item)
{
	spin_lock_irq(&disk->retained.lock);
	moat_replay_issued(&disk->retained.plan, item);
	spin_unlock_irq(&disk->retained.lock);
}

/**
 * moat_retained_skipped() - it is given back to the block layer instead
 * @disk: the disk
 * @item: what moat_retained_next() said
 *
 * Context: the replay work.
 */
void moat_retained_skipped(struct moat_disk *disk, struct moat_replay_item *item)
{
	spin_lock_irq(&disk->retained.lock);
	moat_replay_issued(&disk->retained.plan, item);
	moat_replay_answered(&disk->retained.plan, item);
	spin_unlock_irq(&disk->retained.lock);
}

/**
 * moat_retained_empty() - is nothing retained?
 * @disk: the disk
 *
 * Context: process.
 */
bool moat_retained_empty(struct moat_disk *disk)
{
	bool empty;

	spin_lock_irq(&disk->retained.lock);
	empty = !disk->retained.retain.first;
	spin_unlock_irq(&disk->retained.lock);
	return empty;
}

/* ---- connections ---- */

/* Take a kept page back from a back end that is gone, or nearly. */
static void page_recall(struct page *page)
{
	grant_ref_t gref = moat_pool_gref(page);
	struct page *copy;

	if (gref == INVALID_GRANT_REF)
		return;
	if (gnttab_try_end_foreign_access(gref)) {
		set_page_private(page, INVALID_GRANT_REF);
		return;
	}
	/* Still mapped: it goes when it is not, and may be written until then. */
	copy = alloc_page(GFP_NOIO | __GFP_NOFAIL);
	copy_page(page_address(copy), page_address(page));
	set_page_private(copy, INVALID_GRANT_REF);
	list_replace_init(&page->lru, &copy->lru);
	set_page_private(page, 0);
	gnttab_end_foreign_access(gref, page);
}

/**
 * moat_retained_unanswered() - the connection is gone
 * @disk: the disk, held, its rings and pools closed
 *
 * Takes back what the back end could see of what is retained.
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_retained_unanswered(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;
	struct moat_replay_item *item;
	struct page *page, *next;

	spin_lock_irq(&r->lock);
	r->life++;
	moat_replay_hold(&r->plan);
	moat_retain_disconnect(&r->retain);
	item = moat_retain_first(&r->retain);
	spin_unlock_irq(&r->lock);
	/* The list stays as it is: nothing is answered or flushed now. */
	for (; item; item = item->next) {
		struct moat_keep *keep = keep_of(item);

		keep->at = 0;
		keep->pending = 0;
		list_for_each_entry_safe(page, next, &keep->pages, lru)
			page_recall(page);
	}
}

/**
 * moat_retained_begin() - a connection is up: plan what is issued on it
 * @disk: the disk, with all that was unanswered in moat_disk.waiting
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_retained_begin(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;
	struct moat_io *io;

	spin_lock_irq(&r->lock);
	moat_replay_hold(&r->plan);
	list_for_each_entry(io, &disk->waiting, link) {
		struct request *rq = moat_io_request(io);

		io->item.sector = blk_rq_pos(rq);
		io->item.sectors = blk_rq_sectors(rq);
		io->item.kind = req_op(rq) == REQ_OP_READ ? MOAT_REPLAY_READ :
				req_op(rq) == REQ_OP_FLUSH ? MOAT_REPLAY_FLUSH :
				MOAT_REPLAY_CHANGE;
		moat_replay_add(&r->plan, &io->item);
	}
	moat_replay_begin(&r->plan, moat_retain_first(&r->retain));
	spin_unlock_irq(&r->lock);
}

/**
 * moat_retained_drop() - there will be no connection any more
 * @disk: the disk, its connection closed
 *
 * Context: process; the disk's lock held.
 */
void moat_retained_drop(struct moat_disk *disk)
{
	struct moat_retained *r = &disk->retained;
	struct moat_retain_mark mark;

	spin_lock_irq(&r->lock);
	moat_retain_flush_begin(&r->retain, &mark);
	retained_drop_list(r, moat_retain_flush_end(&r->retain, &mark));
	spin_unlock_irq(&r->lock);
	moat_retained_reap(disk);
}

/**
 * moat_retained_budget() - the setting may have changed
 * @disk: the disk
 *
 * Context: process.
 */
void moat_retained_budget(struct moat_disk *disk)
{
	spin_lock_irq(&disk->retained.lock);
	disk->retained.retain.budget = (u64)READ_ONCE(disk->tune.retain_kib) << 10;
	spin_unlock_irq(&disk->retained.lock);
}

/**
 * moat_retained_init() - nothing retained, no connection
 * @r: memory for it
 */
void moat_retained_init(struct moat_retained *r)
{
	spin_lock_init(&r->lock);
	moat_retain_init(&r->retain, 0);
	moat_replay_hold(&r->plan);
	r->life = 0;
	r->dropped = NULL;
}

/**
 * moat_retained_setup() - at module load
 *
 * Return: 0 or -ENOMEM.
 */
int moat_retained_setup(void)
{
	keeps = KMEM_CACHE(moat_keep, 0);
	return keeps ? 0 : -ENOMEM;
}

/**
 * moat_retained_exit() - at module unload
 */
void moat_retained_exit(void)
{
	kmem_cache_destroy(keeps);
}
