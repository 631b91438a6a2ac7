// SPDX-License-Identifier: GPL-2.0
/*
 * Pool of bounce pages.
 *
 * A page enters the pool zeroed and from then on holds data of this one disk
 * only, on its way to or from this one back end: what is left beyond the bytes
 * of a request is nothing the back end has not seen. When the connection ends
 * so do its pages; the next back end gets fresh ones. A request may outlive
 * the connection that carried it, so each request remembers which generation of
 * the pool its pages are from.
 *
 * Where the back end keeps grants mapped (feature-persistent) a page is
 * granted once, when it enters, and its reference is kept in page->private.
 * Else the reference there is invalid and each request grants anew.
 *
 * Each ring has a pool of its own, so that rings do not meet here; what they may
 * have together is the disk's (struct moat_purse). A pool grows on demand, until
 * the purse is empty, or memory, or the grants of the domain; from then on it
 * takes what the others have and do not use. A reserve, filled when a connection
 * begins, is enough for one request of the largest size: so a disk that is
 * swapped to makes progress when memory is short. Retained writes may hold it,
 * too; who then finds nothing has them flushed (request.c), which takes no page.
 *
 * What was not used for some seconds is given back, as far as the back end lets
 * go of it: one that keeps grants mapped does so in its own time.
 */
#include "pool.h"

#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <xen/page.h>

/* How long a page is unused before it goes; where nothing can go, longer and longer. */
#define TRIM_PAUSE (5 * HZ)
#define TRIM_PAUSE_MAX (300 * HZ)

/* ---- pages ---- */

/* End the page's life; if the peer still maps it, as soon as it does not. */
static void page_end(struct moat_purse *purse, struct page *page)
{
	grant_ref_t gref = moat_pool_gref(page);

	set_page_private(page, 0);
	if (gref == INVALID_GRANT_REF)
		__free_page(page);
	else
		gnttab_end_foreign_access(gref, page);
	atomic_dec(&purse->pages);
}

static void pages_end(struct moat_purse *purse, struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		page_end(purse, page);
	}
}

/* May there be one page more? It is counted. */
static bool page_allowed(struct moat_purse *purse)
{
	if (atomic_inc_return(&purse->pages) <= READ_ONCE(purse->limit))
		return true;
	atomic_dec(&purse->pages);
	return false;
}

/* A new page, which has been counted. */
static struct page *page_begin(struct moat_pool *pool, gfp_t gfp)
{
	struct moat_purse *purse = pool->purse;
	struct page *page = alloc_page(gfp | __GFP_ZERO | __GFP_NOWARN);
	int gref;

	if (!page) {
		atomic_dec(&purse->pages);
		return NULL;
	}
	set_page_private(page, INVALID_GRANT_REF);
	if (!pool->persistent)
		return page;
	gref = gnttab_grant_foreign_access(pool->peer, xen_page_to_gfn(page),
					   pool->readonly);
	if (gref < 0) {
		page_end(purse, page);
		return NULL;
	}
	set_page_private(page, gref);
	return page;
}

/* ---- the pool ---- */

/**
 * moat_pool_init() - an empty pool, not open
 * @pool: the pool
 * @purse: of what it may have
 */
void moat_pool_init(struct moat_pool *pool, struct moat_purse *purse)
{
	pool->purse = purse;
	list_add_tail(&pool->sibling, &purse->pools);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	pool->count = 0;
	pool->low = 0;
	pool->generation = 0;
}

/**
 * moat_pool_open() - begin a generation, for a new connection
 * @pool: the pool, empty
 * @peer: the back end's domain
 * @persistent: grant pages once and for all
 * @readonly: if so, for reading only
 *
 * Context: process; nobody uses the pool yet.
 */
void moat_pool_open(struct moat_pool *pool, domid_t peer, bool persistent, bool readonly)
{
	pool->peer = peer;
	pool->persistent = persistent;
	pool->readonly = readonly;
}

/**
 * moat_pool_reserve() - have pages at hand, for this pool and its siblings
 * @pool: the pool, just opened
 * @reserve: number of pages
 *
 * Context: process, may sleep; nobody uses the pool yet.
 * Return: 0 or -ENOMEM; moat_pool_close() is due in both cases.
 */
int moat_pool_reserve(struct moat_pool *pool, unsigned int reserve)
{
	struct moat_purse *purse = pool->purse;
	struct page *page;

	might_sleep();
	purse->reserve = reserve;
	WRITE_ONCE(purse->limit, max(purse->limit, reserve));
	while (pool->count < reserve) {
		/* Though retained pages of the connections before have used it up. */
		atomic_inc(&purse->pages);
		page = page_begin(pool, GFP_NOIO);
		if (!page)
			return -ENOMEM;
		list_add(&page->lru, &pool->free);
		pool->count++;
	}
	return 0;
}

/**
 * moat_pool_close() - end the generation: drop every page
 * @pool: the pool
 *
 * Pages that requests still hold go when they are put.
 *
 * Context: any.
 */
void moat_pool_close(struct moat_pool *pool)
{
	unsigned long flags;
	LIST_HEAD(pages);

	spin_lock_irqsave(&pool->lock, flags);
	list_splice_init(&pool->free, &pages);
	pool->count = 0;
	pool->low = 0;
	pool->generation++;
	spin_unlock_irqrestore(&pool->lock, flags);
	pages_end(pool->purse, &pages);
}

/* Take up to @n pages that others of the same connection do not use. Return: how many. */
static u32 pool_borrow(struct moat_pool *pool, u32 n, struct list_head *pages)
{
	struct moat_pool *other;
	unsigned long flags;
	u32 got = 0;

	list_for_each_entry(other, &pool->purse->pools, sibling) {
		if (other == pool)
			continue;
		spin_lock_irqsave(&other->lock, flags);
		while (got < n && !list_empty(&other->free)) {
			list_move_tail(other->free.prev, pages);
			other->count--;
			got++;
		}
		other->low = min(other->low, other->count);
		spin_unlock_irqrestore(&other->lock, flags);
		if (got == n)
			break;
	}
	return got;
}

/* Get the @missing of @n pages, the others being there. Return: number made, or -ENOMEM. */
static int pool_grow(struct moat_pool *pool, u32 n, u32 missing, gfp_t gfp,
		     struct list_head *pages, u32 generation)
{
	struct page *page;
	u32 made = 0;

	while (made < missing && page_allowed(pool->purse)) {
		page = page_begin(pool, gfp);
		if (!page)
			break;
		list_add_tail(&page->lru, pages);
		made++;
	}
	if (made)
		schedule_delayed_work(&pool->purse->trim, TRIM_PAUSE);
	missing -= made;
	if (missing)
		missing -= pool_borrow(pool, missing, pages);
	if (!missing)
		return made;
	moat_pool_put(pool, generation, pages, n - missing);
	return -ENOMEM;
}

/**
 * moat_pool_get() - take pages
 * @pool: the pool
 * @n: how many
 * @gfp: how to allocate those that are missing
 * @pages: empty list that receives them; on failure it is empty again
 * @generation: receives the one they are from, for moat_pool_put()
 *
 * Context: any that @gfp allows.
 * Return: number of pages newly made, or -ENOMEM.
 */
int moat_pool_get(struct moat_pool *pool, u32 n, gfp_t gfp,
		  struct list_head *pages, u32 *generation)
{
	struct list_head *last = &pool->free;
	unsigned long flags;
	u32 left = n;

	spin_lock_irqsave(&pool->lock, flags);
	*generation = pool->generation;
	for (; left && !list_is_last(last, &pool->free); left--)
		last = last->next;
	list_cut_position(pages, &pool->free, last);
	pool->count -= n - left;
	if (pool->count < pool->low)
		pool->low = pool->count;
	spin_unlock_irqrestore(&pool->lock, flags);
	return likely(!left) ? 0 : pool_grow(pool, n, left, gfp, pages, *generation);
}

/**
 * moat_pool_put() - give pages back
 * @pool: the pool
 * @generation: what moat_pool_get() said
 * @pages: the pages; the list is empty behind it
 * @n: number of them
 *
 * Context: any.
 */
void moat_pool_put(struct moat_pool *pool, u32 generation, struct list_head *pages, u32 n)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (generation == pool->generation) {
		list_splice_init(pages, &pool->free);
		pool->count += n;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (!list_empty(pages))
		pages_end(pool->purse, pages);
}

/* ---- giving back ---- */

/* Take the pages that went unused, or are too many. Return: how many. */
static u32 trim_begin(struct moat_pool *pool, struct list_head *cold, u32 *generation)
{
	struct moat_purse *purse = pool->purse;
	int pages = atomic_read(&purse->pages), spare = pages - (int)purse->reserve;
	u32 n, taken;

	spin_lock_irq(&pool->lock);
	*generation = pool->generation;
	n = pages > READ_ONCE(purse->limit) ? pool->count : pool->low;
	n = min_t(u32, n, max(spare, 0));
	for (taken = 0; taken < n; taken++)
		list_move(pool->free.prev, cold);
	pool->count -= n;
	pool->low = pool->count;
	spin_unlock_irq(&pool->lock);
	return n;
}

/* Free what the back end does not map, the coldest first. Return: how many are left. */
static u32 trim_pages(struct moat_purse *purse, struct list_head *cold, u32 n)
{
	struct page *page;

	while (n) {
		page = list_last_entry(cold, struct page, lru);
		if (moat_pool_gref(page) != INVALID_GRANT_REF) {
			if (!gnttab_try_end_foreign_access(moat_pool_gref(page)))
				break;
			set_page_private(page, INVALID_GRANT_REF);
		}
		list_del(&page->lru);
		page_end(purse, page);
		n--;
	}
	return n;
}

/* Return: number of pages freed. */
static u32 pool_trim(struct moat_pool *pool)
{
	u32 n, left, generation;
	LIST_HEAD(cold);

	n = trim_begin(pool, &cold, &generation);
	left = trim_pages(pool->purse, &cold, n);
	if (left) {
		spin_lock_irq(&pool->lock);
		if (generation == pool->generation) {
			list_splice_tail_init(&cold, &pool->free);
			pool->count += left;
		}
		spin_unlock_irq(&pool->lock);
		pages_end(pool->purse, &cold);
	}
	return n - left;
}

static void purse_trim(struct work_struct *work)
{
	struct moat_purse *purse = container_of(to_delayed_work(work), struct moat_purse,
						trim);
	struct moat_pool *pool;
	u32 freed = 0;

	list_for_each_entry(pool, &purse->pools, sibling)
		freed += pool_trim(pool);
	purse->pause = freed ? TRIM_PAUSE : min(2 * purse->pause, (unsigned long)TRIM_PAUSE_MAX);
	if (atomic_read(&purse->pages) > purse->reserve)
		schedule_delayed_work(&purse->trim, purse->pause);
}

/**
 * moat_purse_init() - one without pools
 * @purse: the purse
 */
void moat_purse_init(struct moat_purse *purse)
{
	INIT_LIST_HEAD(&purse->pools);
	atomic_set(&purse->pages, 0);
	purse->limit = 0;
	purse->reserve = 0;
	purse->pause = TRIM_PAUSE;
	INIT_DELAYED_WORK(&purse->trim, purse_trim);
}

/**
 * moat_purse_deinit() - end what it does by itself
 * @purse: the purse, its pools closed
 *
 * Context: process, may sleep.
 */
void moat_purse_deinit(struct moat_purse *purse)
{
	cancel_delayed_work_sync(&purse->trim);
}

/**
 * moat_purse_limit() - how much its pools may have
 * @purse: the purse
 * @limit: pages; what is above it goes when it is not used
 *
 * Context: any.
 */
void moat_purse_limit(struct moat_purse *purse, unsigned int limit)
{
	WRITE_ONCE(purse->limit, max(limit, purse->reserve));
}
