/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pool of bounce pages: memory that the back end may see.
 */
#ifndef MOAT_FRONT_POOL_H
#define MOAT_FRONT_POOL_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <xen/grant_table.h>

/**
 * struct moat_pool - the pages of one ring and one kind
 * @lock: guards @free and @life
 * @free: pages not in use, hottest first, linked by page->lru
 * @life: counts the connections; pages of an older one never come back
 * @peer: the domain they are granted to
 * @persistent: each page stays granted as long as it lives
 * @readonly: it is granted for reading only
 */
struct moat_pool {
	spinlock_t lock;
	struct list_head free;
	u32 life;
	domid_t peer;
	bool persistent;
	bool readonly;
};

/* The grant of a page of a persistent pool. */
static inline grant_ref_t moat_pool_gref(const struct page *page)
{
	return (grant_ref_t)page_private(page);
}

void moat_pool_init(struct moat_pool *pool);
int moat_pool_open(struct moat_pool *pool, domid_t peer, bool persistent,
		   bool readonly, unsigned int reserve);
void moat_pool_close(struct moat_pool *pool);
int moat_pool_get(struct moat_pool *pool, unsigned int n, gfp_t gfp,
		  struct list_head *pages, u32 *life);
void moat_pool_put(struct moat_pool *pool, u32 life, struct list_head *pages);

#endif
