// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping the front end's pages, many to a hypercall.
 *
 * Operations are collected over all requests of a poller's turn and carried
 * out together. A mapping is made of a local page without memory of its own
 * (from the queue's gnttab_page_cache) and a grant. Xen judges the grant: what
 * it refuses leaves the mapping without a page, which its user must look for
 * behind moat_map_flush().
 */
#include "map.h"

#include <linux/mm.h>
#include <linux/string.h>

#include "queue.h"

static unsigned long page_kaddr(struct page *page)
{
	return (unsigned long)pfn_to_kaddr(page_to_pfn(page));
}

/**
 * moat_map_add() - have a page mapped by the next flush, or now
 * @batch: the batch; flushed if it is full
 * @queue: whose front end granted the page
 * @mapping: the mapping to fill; must stay until the flush
 * @gref: the grant, the front end's word for it
 * @readonly: map it so
 *
 * Context: the poller, may sleep.
 * Return: 0, or -ENOMEM if there is no page to map it to.
 */
int moat_map_add(struct moat_map_batch *batch, struct moat_queue *queue,
		 struct moat_mapping *mapping, grant_ref_t gref, bool readonly)
{
	u32 flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0);
	unsigned int i = batch->count;
	struct page *page;

	if (gnttab_page_cache_get(&queue->foreign, &page))
		return -ENOMEM;
	gnttab_set_map_op(&batch->ops[i], page_kaddr(page), flags, gref, queue->domid);
	batch->pages[i] = page;
	batch->mappings[i] = mapping;
	batch->queues[i] = queue;
	mapping->page = page;
	mapping->handle = INVALID_GRANT_HANDLE;
	if (++batch->count == MOAT_MAP_BATCH)
		moat_map_flush(batch);
	return 0;
}

static void map_take_result(struct moat_map_batch *batch, unsigned int i)
{
	struct moat_mapping *mapping = batch->mappings[i];
	struct moat_queue *queue = batch->queues[i];

	if (batch->ops[i].status == GNTST_okay) {
		mapping->handle = batch->ops[i].handle;
		moat_stat_inc(&queue->stat, MOAT_STAT_grant_maps);
		return;
	}
	mapping->page = NULL;
	gnttab_page_cache_put(&queue->foreign, &batch->pages[i], 1);
}

/**
 * moat_map_flush() - carry out what the batch holds
 * @batch: the batch; empty afterwards
 *
 * Context: the poller, may sleep.
 */
void moat_map_flush(struct moat_map_batch *batch)
{
	unsigned int i;

	if (!batch->count)
		return;
	/* A failure as a whole shows in each status too. */
	gnttab_map_refs(batch->ops, NULL, batch->pages, batch->count);
	for (i = 0; i < batch->count; i++)
		map_take_result(batch, i);
	batch->count = 0;
}

/**
 * moat_unmap_add() - have a page unmapped by the next flush, or now
 * @batch: the batch; flushed if it is full
 * @queue: whose front end granted the page
 * @mapping: the mapping, in place; without a page afterwards
 *
 * Context: the poller, or whoever takes a queue down; may sleep.
 */
void moat_unmap_add(struct moat_unmap_batch *batch, struct moat_queue *queue,
		    struct moat_mapping *mapping)
{
	unsigned int i = batch->count;

	gnttab_set_unmap_op(&batch->ops[i], page_kaddr(mapping->page), GNTMAP_host_map,
			    mapping->handle);
	batch->pages[i] = mapping->page;
	batch->queues[i] = queue;
	mapping->page = NULL;
	if (++batch->count == MOAT_MAP_BATCH)
		moat_unmap_flush(batch);
}

static void unmap_give_back(struct moat_unmap_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++) {
		struct moat_queue *queue = batch->queues[i];

		gnttab_page_cache_put(&queue->foreign, &batch->pages[i], 1);
		moat_stat_inc(&queue->stat, MOAT_STAT_grant_unmaps);
	}
	batch->count = 0;
}

/**
 * moat_unmap_flush() - carry out what the batch holds
 * @batch: pages that nobody else holds; empty afterwards
 *
 * Context: as moat_unmap_add().
 */
void moat_unmap_flush(struct moat_unmap_batch *batch)
{
	if (!batch->count)
		return;
	/* Our own handles and addresses: a failure is our own bug. */
	WARN_ON_ONCE(gnttab_unmap_refs(batch->ops, NULL, batch->pages, batch->count));
	unmap_give_back(batch);
}

/**
 * moat_unmap_flush_held() - carry out what the batch holds, even if held
 * @batch: pages that others may still hold (moat_mapping_held()); waits until
 *	they do not; empty afterwards
 *
 * Context: whoever takes a queue down; may sleep long.
 */
void moat_unmap_flush_held(struct moat_unmap_batch *batch)
{
	struct gntab_unmap_queue_data data = {
		.unmap_ops = batch->ops,
		.pages = batch->pages,
		.count = batch->count,
	};

	if (!batch->count)
		return;
	WARN_ON_ONCE(gnttab_unmap_refs_sync(&data));
	unmap_give_back(batch);
}

/**
 * moat_mapping_held() - does somebody else still use the page?
 * @mapping: a mapping, in place
 *
 * A network driver may hold a page for retransmission after the request it
 * was part of has been answered; unmapped under it, it would fault.
 *
 * Context: any.
 */
bool moat_mapping_held(const struct moat_mapping *mapping)
{
	return page_count(mapping->page) > 1;
}
