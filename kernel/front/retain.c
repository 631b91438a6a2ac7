// SPDX-License-Identifier: GPL-2.0
/*
 * Writes that are acknowledged but not flushed: their pages.
 *
 * What is kept for how long is core/retain.h. A kept write holds the bounce
 * pages that it was carried in, so nothing is copied for it. They stay granted
 * while the connection lasts, and are taken back when it ends, or, where the back
 * end still maps them then, when they are freed; to be issued again (own.c), the data
 * is copied into bounce pages of the new connection.
 */
#include "retain.h"

#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <xen/grant_table.h>

#include "io.h"
#include "pool.h"

/* So many changes of all disks can be issued however short memory is. Who finds
 * none waits for a flush, which gives them back.
 */
#define KEEPS_MIN 64

static struct kmem_cache *keep_cache;
static mempool_t *keeps;

/* ---- requests in flight ---- */

static bool retained_wanted(const struct moat_retained *r, u8 op)
{
	if (op != MOAT_OP_WRITE && op != MOAT_OP_DISCARD)
		return false;
	return READ_ONCE(r->cached) && READ_ONCE(r->tune->retain_kib);
}

static struct moat_keep *keep_create(const struct moat_io *io, gfp_t gfp)
{
	/* A mempool waits for ever where it may wait at all. */
	struct moat_keep *keep = mempool_alloc(keeps, (gfp & ~__GFP_DIRECT_RECLAIM) |
						      __GFP_NOWARN);

	if (!keep)
		return NULL;
	memset(keep, 0, sizeof(*keep));
	INIT_LIST_HEAD(&keep->pages);
	keep->op = io->op;
	keep->flag = io->flag;
	keep->bytes = moat_io_has_data(io) ? moat_io_bytes(io) : 0;
	keep->entry.item.kind = MOAT_REPLAY_CHANGE;
	keep->entry.item.sector = io->sector;
	keep->entry.item.sectors = io->sectors;
	return keep;
}

static void keep_destroy(struct moat_keep *keep)
{
	if (keep->pool)
		moat_pool_put(keep->pool, keep->generation, &keep->pages,
			      DIV_ROUND_UP(keep->bytes, PAGE_SIZE));
	mempool_free(keep, keeps);
}

/**
 * moat_retained_prepare() - a request is about to be issued
 * @r: what is retained
 * @io: the request
 * @what: for what is to be remembered of it; its keep is NULL
 * @gfp: how to allocate memory
 *
 * A change is given room to be retained; a flush notes what it covers.
 *
 * Context: any that @gfp allows.
 * Return: 0; -ENOMEM; -ENOSPC if it has to wait until others are flushed.
 */
int moat_retained_prepare(struct moat_retained *r, const struct moat_io *io,
			  struct moat_retaining *what, gfp_t gfp)
{
	struct moat_keep *keep = NULL;
	unsigned long flags;
	bool room = true;

	if (retained_wanted(r, io->op)) {
		keep = keep_create(io, gfp);
		if (!keep)
			return -ENOMEM;
	} else if (io->op != MOAT_OP_FLUSH && io->op != MOAT_OP_BARRIER) {
		return 0;
	}
	spin_lock_irqsave(&r->lock, flags);
	if (keep)
		room = moat_retain_reserve(&r->retain, keep->bytes);
	else
		moat_retain_flush_begin(&r->retain, &what->mark);
	spin_unlock_irqrestore(&r->lock, flags);
	if (!room) {
		keep_destroy(keep);
		return -ENOSPC;
	}
	what->keep = keep;
	return 0;
}

/**
 * moat_retained_starve() - a request found no pages, or the like
 * @r: what is retained
 *
 * Context: any.
 * Return: whether a flush of our own would help, and is due.
 */
bool moat_retained_starve(struct moat_retained *r)
{
	unsigned long flags;
	bool want;

	spin_lock_irqsave(&r->lock, flags);
	moat_retain_starve(&r->retain);
	want = moat_retain_want_flush(&r->retain);
	spin_unlock_irqrestore(&r->lock, flags);
	return want;
}

/**
 * moat_retained_cancel() - it is not issued after all, or to be anew, or failed
 * @r: what is retained
 * @what: what was remembered of it
 *
 * Context: any.
 */
void moat_retained_cancel(struct moat_retained *r, struct moat_retaining *what)
{
	struct moat_keep *keep = what->keep;
	unsigned long flags;

	if (!keep)
		return;
	what->keep = NULL;
	spin_lock_irqsave(&r->lock, flags);
	moat_retain_release(&r->retain, keep->bytes);
	spin_unlock_irqrestore(&r->lock, flags);
	keep_destroy(keep);
}

/* ---- answers ---- */

static void retained_drop_list(struct moat_retained *r, struct moat_retain_entry *list)
{
	struct moat_retain_entry *last = list;

	lockdep_assert_held(&r->lock);
	if (!list)
		return;
	while (last->item.next)
		last = moat_retain_entry_of(last->item.next);
	if (r->dropped)
		last->item.next = &r->dropped->item;
	r->dropped = list;
}

/**
 * moat_retained_keep() - a change is being acknowledged: retain it
 * @r: what is retained
 * @io: the change, whose pages are taken
 * @what: what was remembered of it, with a keep
 *
 * Context: any; the queue's lock held, which makes this the moment of the
 * acknowledgement.
 * Return: whether a flush of our own is due.
 */
bool moat_retained_keep(struct moat_retained *r, struct moat_io *io,
			struct moat_retaining *what)
{
	struct moat_keep *keep = what->keep;
	unsigned long flags;
	bool want;

	what->keep = NULL;
	if (io->map.pool) {
		keep->pool = io->map.pool;
		keep->generation = io->map.generation;
		moat_io_give(io, &keep->pages);
	}
	spin_lock_irqsave(&r->lock, flags);
	moat_retain_ack(&r->retain, &keep->entry, keep->bytes);
	want = moat_retain_want_flush(&r->retain);
	spin_unlock_irqrestore(&r->lock, flags);
	return want;
}

/**
 * moat_retained_flushed() - a flush is being acknowledged: what it covers is safe
 * @r: what is retained
 * @what: what was remembered of it
 *
 * Context: as moat_retained_keep().
 * Return: whether it has to fail: the writers of something that was lost since
 * have been told that all is well, and who flushes next hears.
 */
bool moat_retained_flushed(struct moat_retained *r, struct moat_retaining *what)
{
	unsigned long flags;
	bool lost;

	spin_lock_irqsave(&r->lock, flags);
	retained_drop_list(r, moat_retain_flush_end(&r->retain, &what->mark));
	lost = moat_retain_take_error(&r->retain);
	spin_unlock_irqrestore(&r->lock, flags);
	return lost;
}

/**
 * moat_retained_reap() - free what is not needed any more
 * @r: what is retained
 *
 * Context: any; no lock of a queue held.
 * Return: whether there was anything, so that who found no room may find it now.
 */
bool moat_retained_reap(struct moat_retained *r)
{
	struct moat_replay_item *item, *next;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	item = r->dropped ? &r->dropped->item : NULL;
	r->dropped = NULL;
	spin_unlock_irqrestore(&r->lock, flags);
	if (!item)
		return false;
	for (; item; item = next) {
		next = item->next;
		keep_destroy(moat_keep_of(item));
	}
	return true;
}

/* ---- the flush of our own ---- */

/**
 * moat_retained_want_flush() - is a flush of our own due?
 * @r: what is retained
 * @all: nothing at all is to stay retained
 *
 * Context: process.
 */
bool moat_retained_want_flush(struct moat_retained *r, bool all)
{
	bool want;

	spin_lock_irq(&r->lock);
	want = moat_retain_want_flush(&r->retain) ||
	       (all && r->retain.first && !r->retain.own);
	spin_unlock_irq(&r->lock);
	return want;
}

/**
 * moat_retained_flush_begin() - it is going out
 * @r: what is retained
 *
 * Context: process.
 */
void moat_retained_flush_begin(struct moat_retained *r)
{
	spin_lock_irq(&r->lock);
	moat_retain_own_begin(&r->retain, &r->mark);
	spin_unlock_irq(&r->lock);
}

/**
 * moat_retained_flush_end() - it has been answered
 * @r: what is retained
 * @ok: without an error
 *
 * Context: any.
 */
void moat_retained_flush_end(struct moat_retained *r, bool ok)
{
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	retained_drop_list(r, moat_retain_own_end(&r->retain, &r->mark, ok));
	spin_unlock_irqrestore(&r->lock, flags);
}

/**
 * moat_retained_flush_lost() - it will not be answered
 * @r: what is retained
 *
 * Context: process.
 */
void moat_retained_flush_lost(struct moat_retained *r)
{
	spin_lock_irq(&r->lock);
	moat_retain_disconnect(&r->retain);
	spin_unlock_irq(&r->lock);
}

/* ---- connections ---- */

/**
 * moat_retained_first() - the oldest change that is retained, or NULL
 * @r: what is retained
 *
 * Context: process.
 */
struct moat_replay_item *moat_retained_first(struct moat_retained *r)
{
	struct moat_replay_item *item;

	spin_lock_irq(&r->lock);
	item = moat_retain_first(&r->retain);
	spin_unlock_irq(&r->lock);
	return item;
}

/**
 * moat_retained_failed() - a retained write failed when it was issued again
 * @r: what is retained
 *
 * Context: any.
 */
void moat_retained_failed(struct moat_retained *r)
{
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	moat_retain_fail(&r->retain);
	spin_unlock_irqrestore(&r->lock, flags);
}

/* Take a kept page back from a back end that is gone, or nearly. */
static void page_recall(struct page *page)
{
	grant_ref_t gref = moat_pool_gref(page);

	/* One that is still mapped is taken back when it is freed. A copy would need memory,
	 * which may wait for this very disk.
	 */
	if (gref != INVALID_GRANT_REF && gnttab_try_end_foreign_access(gref))
		set_page_private(page, INVALID_GRANT_REF);
}

/**
 * moat_retained_recall() - the connection is gone: take back what is retained
 * @r: what is retained; the disk's queue is quiesced, its rings and pools are closed
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_retained_recall(struct moat_retained *r)
{
	struct moat_replay_item *item = moat_retained_first(r);
	struct page *page;

	might_sleep();
	/* The list stays as it is: nothing is answered or flushed now. */
	for (; item; item = item->next) {
		struct moat_keep *keep = moat_keep_of(item);

		keep->at = 0;
		keep->pending = 0;
		list_for_each_entry(page, &keep->pages, lru)
			page_recall(page);
	}
}

/**
 * moat_retained_drop() - all of it is safe, or for nothing
 * @r: what is retained
 *
 * moat_retained_reap() is due.
 *
 * Context: process.
 */
void moat_retained_drop(struct moat_retained *r)
{
	struct moat_retain_mark mark;

	spin_lock_irq(&r->lock);
	moat_retain_flush_begin(&r->retain, &mark);
	retained_drop_list(r, moat_retain_flush_end(&r->retain, &mark));
	spin_unlock_irq(&r->lock);
}

/**
 * moat_retained_budget() - the setting, or what there is, may have changed
 * @r: what is retained
 *
 * Context: any.
 */
void moat_retained_budget(struct moat_retained *r)
{
	unsigned long flags;
	u64 most = READ_ONCE(r->most);

	spin_lock_irqsave(&r->lock, flags);
	r->retain.budget = min(most, (u64)READ_ONCE(r->tune->retain_kib) << 10);
	spin_unlock_irqrestore(&r->lock, flags);
}

/**
 * moat_retained_init() - nothing retained
 * @r: memory for it
 * @tune: settings of the disk
 */
void moat_retained_init(struct moat_retained *r, const struct moat_tune *tune)
{
	r->tune = tune;
	r->cached = false;
	r->most = U64_MAX;
	spin_lock_init(&r->lock);
	moat_retain_init(&r->retain, 0);
	r->dropped = NULL;
}

/**
 * moat_retained_setup() - at module load
 *
 * Return: 0 or -ENOMEM.
 */
int moat_retained_setup(void)
{
	keep_cache = KMEM_CACHE(moat_keep, 0);
	if (!keep_cache)
		return -ENOMEM;
	keeps = mempool_create_slab_pool(KEEPS_MIN, keep_cache);
	if (!keeps) {
		kmem_cache_destroy(keep_cache);
		return -ENOMEM;
	}
	return 0;
}

/**
 * moat_retained_exit() - at module unload
 */
void moat_retained_exit(void)
{
	mempool_destroy(keeps);
	kmem_cache_destroy(keep_cache);
}
