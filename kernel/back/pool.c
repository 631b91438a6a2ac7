// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of our own, at hand for a poller to copy to.
 *
 * What is not at hand is allocated, without waiting for it. Where there is no memory
 * the reserve of all pollers is used, which is enough for a request of any size: so
 * there is always one that can be carried out, and what it gives back goes to the
 * next.
 *
 * A page that held one domain's data is cleared before it holds another's: a driver
 * that says "done" and has done nothing shows nobody what is not his.
 */
#include "pool.h"

#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/mm.h>

#include "params.h"

/* Pages a poller keeps for the next request: a few large ones' worth. */
#define KEEP 1024u

/* No domain's data. */
#define NOBODY ((unsigned long)DOMID_INVALID)

static mempool_t *reserve;

/**
 * moat_pools_init() - make the reserve
 *
 * Return: 0 or -ENOMEM.
 */
int moat_pools_init(void)
{
	reserve = mempool_create_page_pool(MOAT_MAX_SEGS, 0);
	return reserve ? 0 : -ENOMEM;
}

/* Counterpart of moat_pools_init(). */
void moat_pools_deinit(void)
{
	mempool_destroy(reserve);
}

/**
 * moat_pool_init() - start with no pages
 * @pool: the pool
 */
void moat_pool_init(struct moat_pool *pool)
{
	INIT_LIST_HEAD(&pool->pages);
	pool->count = 0;
}

/**
 * moat_pool_deinit() - free the pages at hand
 * @pool: the pool
 */
void moat_pool_deinit(struct moat_pool *pool)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pool->pages, lru) {
		set_page_private(page, 0);
		mempool_free(page, reserve);
	}
	moat_pool_init(pool);
}

static struct page *pool_take(struct moat_pool *pool)
{
	struct page *page = list_first_entry_or_null(&pool->pages, struct page, lru);

	if (page) {
		list_del(&page->lru);
		pool->count--;
		return page;
	}
	page = mempool_alloc(reserve, GFP_NOWAIT | __GFP_NOWARN);
	if (page)
		set_page_private(page, NOBODY);
	return page;
}

/**
 * moat_pool_get() - take a page
 * @pool: the pool
 * @domid: whose data it is for
 *
 * Context: the poller; waits for nothing.
 * Return: the page, what it holds is that domain's or nothing; or NULL.
 */
struct page *moat_pool_get(struct moat_pool *pool, domid_t domid)
{
	struct page *page = pool_take(pool);

	if (page && page_private(page) != domid) {
		clear_highpage(page);
		set_page_private(page, domid);
	}
	return page;
}

/**
 * moat_pool_put() - give a page back
 * @pool: the pool
 * @page: the page
 *
 * One that a network driver still holds for retransmission must not be written
 * again: it is left to the driver.
 *
 * Context: the poller.
 */
void moat_pool_put(struct moat_pool *pool, struct page *page)
{
	if (page_count(page) > 1) {
		set_page_private(page, 0);
		put_page(page);
	} else if (pool->count >= KEEP) {
		set_page_private(page, 0);
		mempool_free(page, reserve);
	} else {
		list_add(&page->lru, &pool->pages);
		pool->count++;
	}
}
