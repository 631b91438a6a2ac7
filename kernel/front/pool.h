/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pool of bounce pages: memory that the back end may see.
 */
#ifndef MOAT_FRONT_POOL_H
#define MOAT_FRONT_POOL_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>

/* How who issues requests again allocates: without waiting, for memory may come free only by
 * what he does; nor from the reserves, which a disk's data would use up. What a pool has
 * set aside is enough to go on.
 */
#define MOAT_POOL_GFP (GFP_NOWAIT | __GFP_HIGH | __GFP_NOMEMALLOC)

/**
 * struct moat_purse - what the pools of one kind of a disk may hold together
 * @pools: these pools; the list stays as it is once the first of them is open
 * @pages: pages they have, in use or not
 * @limit: and may have; never less than @reserve
 * @reserve: so many stay, whatever is unused
 * @trim: work that gives back what is not used, while there may be something
 * @pause: jiffies until it looks again
 */
struct moat_purse {
	struct list_head pools;
	atomic_t pages;
	unsigned int limit;
	unsigned int reserve;
	struct delayed_work trim;
	unsigned long pause;
};

/**
 * struct moat_pool - the pages of one ring and one kind
 * @purse: of what it may have
 * @sibling: place among the pools of that
 * @lock: guards the following four
 * @free: pages not in use, hottest first, linked by page->lru
 * @count: number of them
 * @low: least number of them since the last look of the trim work
 * @generation: counts the connections; pages of an older one never come back
 * @peer: the domain they are granted to
 * @persistent: each page stays granted as long as it lives
 * @readonly: it is granted for reading only
 */
struct moat_pool {
	struct moat_purse *purse;
	struct list_head sibling;
	spinlock_t lock;
	struct list_head free;
	u32 count;
	u32 low;
	u32 generation;
	domid_t peer;
	bool persistent;
	bool readonly;
};

/* The grant of a page of a persistent pool. */
static inline grant_ref_t moat_pool_gref(const struct page *page)
{
	return (grant_ref_t)page_private(page);
}

void moat_purse_init(struct moat_purse *purse);
void moat_purse_deinit(struct moat_purse *purse);
void moat_purse_limit(struct moat_purse *purse, unsigned int limit);

void moat_pool_init(struct moat_pool *pool, struct moat_purse *purse);
void moat_pool_open(struct moat_pool *pool, domid_t peer, bool persistent, bool readonly);
int __must_check moat_pool_reserve(struct moat_pool *pool, unsigned int reserve);
void moat_pool_close(struct moat_pool *pool);
int __must_check moat_pool_get(struct moat_pool *pool, u32 n, gfp_t gfp,
			       struct list_head *pages, u32 *generation);
void moat_pool_put(struct moat_pool *pool, u32 generation, struct list_head *pages, u32 n);

#endif
