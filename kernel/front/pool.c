// SPDX-License-Identifier: GPL-2.0
/*
 * Pool of bounce pages.
 *
 * A page enters the pool zeroed and from then on holds data of this one disk
 * only, on its way to or from this one back end: what is left beyond the bytes
 * of a request is nothing the back end has not seen. When the connection ends
 * so do its pages; the next back end gets fresh ones. A request may outlive
 * the connection that carried it, so each request remembers which life of the
 * pool its pages are from.
 *
 * Where the back end keeps grants mapped (feature-persistent) a page is
 * granted once, when it enters, and its reference is kept in page->private.
 * Else the reference there is invalid and each request grants anew.
 *
 * The pool grows on demand up to what can be in flight. A reserve, filled when
 * the connection opens, is enough for one request of the largest size: so a
 * disk that is swapped to makes progress when memory is short.
 */
#include "pool.h"

#include <linux/gfp.h>
#include <xen/page.h>

/* End the page's life; if the peer still maps it, as soon as it does not. */
static void page_end(struct page *page)
{
	grant_ref_t gref = moat_pool_gref(page);

	set_page_private(page, 0);
	if (gref == INVALID_GRANT_REF)
		__free_page(page);
	else
		gnttab_end_foreign_access(gref, page);
}

static void pages_end(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		page_end(page);
	}
}

static struct page *page_begin(struct moat_pool *pool, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO | __GFP_NOWARN);
	int gref;

	if (!page)
		return NULL;
	set_page_private(page, INVALID_GRANT_REF);
	if (!pool->persistent)
		return page;
	gref = gnttab_grant_foreign_access(pool->peer, xen_page_to_gfn(page),
					   pool->readonly);
	if (gref < 0) {
		page_end(page);
		return NULL;
	}
	set_page_private(page, gref);
	return page;
}

/**
 * moat_pool_init() - an empty pool, not open
 * @pool: the pool
 */
void moat_pool_init(struct moat_pool *pool)
{
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->free);
	pool->life = 0;
}

/**
 * moat_pool_open() - begin a life, for a new connection
 * @pool: the pool, empty
 * @peer: the back end's domain
 * @persistent: grant pages once and for all
 * @readonly: if so, for reading only
 * @reserve: number of pages to have at hand
 *
 * Context: process, may sleep; nobody uses the pool yet.
 * Return: 0 or -ENOMEM, the pool then being closed.
 */
int moat_pool_open(struct moat_pool *pool, domid_t peer, bool persistent,
		   bool readonly, unsigned int reserve)
{
	struct page *page;

	pool->peer = peer;
	pool->persistent = persistent;
	pool->readonly = readonly;
	while (reserve--) {
		page = page_begin(pool, GFP_NOIO);
		if (!page) {
			moat_pool_close(pool);
			return -ENOMEM;
		}
		list_add(&page->lru, &pool->free);
	}
	return 0;
}

/**
 * moat_pool_close() - end the life: drop every page
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
	pool->life++;
	spin_unlock_irqrestore(&pool->lock, flags);
	pages_end(&pages);
}

/**
 * moat_pool_get() - take pages
 * @pool: the pool
 * @n: how many
 * @gfp: how to allocate those that are missing
 * @pages: empty list that receives them; on failure it is empty again
 * @life: receives the life they are from, for moat_pool_put()
 *
 * Context: any that @gfp allows.
 * Return: number of pages newly made, or -ENOMEM.
 */
int moat_pool_get(struct moat_pool *pool, unsigned int n, gfp_t gfp,
		  struct list_head *pages, u32 *life)
{
	struct list_head *last = &pool->free;
	struct page *page;
	unsigned long flags;
	int made = 0;

	spin_lock_irqsave(&pool->lock, flags);
	*life = pool->life;
	for (; n && !list_is_last(last, &pool->free); n--)
		last = last->next;
	list_cut_position(pages, &pool->free, last);
	spin_unlock_irqrestore(&pool->lock, flags);

	for (; n; n--, made++) {
		page = page_begin(pool, gfp);
		if (!page) {
			moat_pool_put(pool, *life, pages);
			return -ENOMEM;
		}
		list_add_tail(&page->lru, pages);
	}
	return made;
}

/**
 * moat_pool_put() - give pages back
 * @pool: the pool
 * @life: what moat_pool_get() said
 * @pages: the pages; the list is empty behind it
 *
 * Context: any.
 */
void moat_pool_put(struct moat_pool *pool, u32 life, struct list_head *pages)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	if (life == pool->life)
		list_splice_init(pages, &pool->free);
	spin_unlock_irqrestore(&pool->lock, flags);
	pages_end(pages);
}
