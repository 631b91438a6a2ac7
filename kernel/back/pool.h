/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of our own, at hand for a poller to copy to.
 */
#ifndef MOAT_BACK_POOL_H
#define MOAT_BACK_POOL_H

#include <linux/types.h>
#include <xen/interface/xen.h>

struct page;

/**
 * struct moat_pool - pages of our own, at hand
 * @pages: the pages, last used first; each has in page_private() whose data it
 *	held last
 * @count: their number
 *
 * A poller's own.
 */
struct moat_pool {
	struct list_head pages;
	unsigned int count;
};

int moat_pools_init(void);
void moat_pools_deinit(void);
void moat_pool_init(struct moat_pool *pool);
void moat_pool_deinit(struct moat_pool *pool);
struct page *moat_pool_get(struct moat_pool *pool, domid_t domid);
void moat_pool_put(struct moat_pool *pool, struct page *page);

#endif
