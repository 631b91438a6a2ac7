/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Having Xen copy to and from the front end's pages, many to a hypercall; and
 * the local pages for it.
 */
#ifndef MOAT_BACK_COPY_H
#define MOAT_BACK_COPY_H

#include <linux/mm_types.h>
#include <xen/grant_table.h>

struct moat_job;
struct moat_queue;

#define MOAT_COPY_BATCH 64

/**
 * struct moat_copy_batch - copies to be made
 * @count: their number
 * @ops: what Xen is asked
 * @jobs: the requests they are for
 *
 * Belongs to a poller; may mix the queues it serves.
 */
struct moat_copy_batch {
	unsigned int count;
	struct gnttab_copy ops[MOAT_COPY_BATCH];
	struct moat_job *jobs[MOAT_COPY_BATCH];
};

/**
 * struct moat_copy_span - what to copy
 * @gref: page of the front end, its word for it
 * @local: our memory, within one page
 * @offset: within the front end's page
 * @len: bytes, within both pages
 */
struct moat_copy_span {
	grant_ref_t gref;
	void *local;
	u16 offset;
	u16 len;
};

/**
 * struct moat_pool - local pages at hand
 * @pages: the pages
 * @count: their number
 */
struct moat_pool {
	struct list_head pages;
	unsigned int count;
};

void moat_copy_from(struct moat_copy_batch *batch, struct moat_job *job,
		    const struct moat_copy_span *span);
void moat_copy_to(struct moat_copy_batch *batch, struct moat_job *job,
		  const struct moat_copy_span *span);
void moat_copy_flush(struct moat_copy_batch *batch);

void moat_pool_init(struct moat_pool *pool);
void moat_pool_deinit(struct moat_pool *pool);
struct page *moat_pool_get(struct moat_pool *pool);
void moat_pool_put(struct moat_pool *pool, struct page *page);

#endif
