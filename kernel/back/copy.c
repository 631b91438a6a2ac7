// SPDX-License-Identifier: GPL-2.0
/*
 * Having Xen copy to and from the front end's pages, many to a hypercall; and
 * the local pages for it.
 *
 * A copy that Xen refuses, for a grant that is not there or does not allow it,
 * marks the request it belongs to; whoever asked for it looks at the request
 * behind moat_copy_flush().
 */
#include "copy.h"

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <xen/page.h>

#include "job.h"
#include "queue.h"

/* Pages a queue keeps for the next request: a few large ones' worth. */
#define POOL_KEEP 1024u

static void copy_point_local(struct gnttab_copy_ptr *ptr, void *local)
{
	ptr->u.gmfn = virt_to_gfn(local);
	ptr->domid = DOMID_SELF;
	ptr->offset = offset_in_page(local);
}

static void copy_point_foreign(struct gnttab_copy_ptr *ptr, const struct moat_job *job,
			       const struct moat_copy_span *span)
{
	ptr->u.ref = span->gref;
	ptr->domid = job->queue->domid;
	ptr->offset = span->offset;
}

static struct gnttab_copy *copy_next(struct moat_copy_batch *batch, struct moat_job *job,
				     const struct moat_copy_span *span)
{
	struct gnttab_copy *op;

	if (batch->count == MOAT_COPY_BATCH)
		moat_copy_flush(batch);
	batch->jobs[batch->count] = job;
	op = &batch->ops[batch->count++];
	op->len = span->len;
	return op;
}

/**
 * moat_copy_from() - have data copied from the front end
 * @batch: the batch; flushed if it is full
 * @job: the request it is for
 * @span: what to copy
 *
 * Context: the poller, may sleep.
 */
void moat_copy_from(struct moat_copy_batch *batch, struct moat_job *job,
		    const struct moat_copy_span *span)
{
	struct gnttab_copy *op = copy_next(batch, job, span);

	op->flags = GNTCOPY_source_gref;
	copy_point_foreign(&op->source, job, span);
	copy_point_local(&op->dest, span->local);
}

/**
 * moat_copy_to() - have data copied to the front end
 * @batch: the batch; flushed if it is full
 * @job: the request it is for
 * @span: what to copy
 *
 * Context: the poller, may sleep.
 */
void moat_copy_to(struct moat_copy_batch *batch, struct moat_job *job,
		  const struct moat_copy_span *span)
{
	struct gnttab_copy *op = copy_next(batch, job, span);

	op->flags = GNTCOPY_dest_gref;
	copy_point_local(&op->source, span->local);
	copy_point_foreign(&op->dest, job, span);
}

/**
 * moat_copy_flush() - carry out what the batch holds
 * @batch: the batch; empty afterwards
 *
 * Context: the poller, may sleep.
 */
void moat_copy_flush(struct moat_copy_batch *batch)
{
	unsigned int i;

	if (!batch->count)
		return;
	gnttab_batch_copy(batch->ops, batch->count);
	for (i = 0; i < batch->count; i++) {
		struct moat_job *job = batch->jobs[i];
		struct moat_stat *stat = &job->queue->stat;

		moat_stat_inc(stat, MOAT_STAT_grant_copies);
		if (batch->ops[i].status == GNTST_okay)
			moat_stat_add(stat, MOAT_STAT_bytes_copied, batch->ops[i].len);
		else
			job->error = -EFAULT;
	}
	batch->count = 0;
}

/* ---- local pages ---- */

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

	list_for_each_entry_safe(page, next, &pool->pages, lru)
		__free_page(page);
	moat_pool_init(pool);
}

/**
 * moat_pool_get() - take a page
 * @pool: the pool
 *
 * Context: the poller, may sleep.
 * Return: the page, what it holds is stale; or NULL.
 */
struct page *moat_pool_get(struct moat_pool *pool)
{
	struct page *page;

	page = list_first_entry_or_null(&pool->pages, struct page, lru);
	if (!page)
		return alloc_page(GFP_NOIO | __GFP_NOWARN | __GFP_ZERO);
	list_del(&page->lru);
	pool->count--;
	return page;
}

/**
 * moat_pool_put() - give a page back
 * @pool: the pool
 * @page: the page
 *
 * One that a network driver still holds for retransmission must not be
 * written again: it is left to the driver.
 *
 * Context: the poller.
 */
void moat_pool_put(struct moat_pool *pool, struct page *page)
{
	if (pool->count >= POOL_KEEP || page_count(page) > 1) {
		__free_page(page);
		return;
	}
	list_add(&page->lru, &pool->pages);
	pool->count++;
}
