// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping the front end's pages, many to a hypercall.
 *
 * Operations are collected over all requests of a poller's turn and carried
 * out together. A mapping is made of a local page without memory of its own
 * (foreign.c) and a grant. Xen judges the grant: whoever asked for the mapping
 * looks at what has become of it behind moat_map_flush(). That Xen has no room, in
 * a table that all front ends share, is nobody's fault: it is to be tried again.
 *
 * One thing can make a mapping wait: a front end whose pages the toolstack has paged
 * out or shares with others. The kernel's helper then asks Xen again and again, up to
 * half a minute, and a module has nothing else that does its work. Such a toolstack
 * is served with data_path=copy.
 */
#include "map.h"

#include <linux/mm.h>
#include <linux/sched.h>

#include "foreign.h"
#include "kernel/common/stat.h"
#include "peer.h"

/* Whether somebody still holds a page is looked at so often. */
#define HELD_JIFFIES (HZ / 50 ? HZ / 50 : 1)

static unsigned long page_kaddr(struct page *page)
{
	return (unsigned long)pfn_to_kaddr(page_to_pfn(page));
}

/**
 * moat_map_add() - have a page mapped by the next flush, or now
 * @batch: the batch; flushed if it is full
 * @peer: whose front end granted the page
 * @mapping: the mapping to fill; must stay until the flush
 * @gref: the grant, the front end's word for it
 * @readonly: map it so
 *
 * Context: the poller.
 * Return: 0, or -ENOMEM if there is no page to map it to.
 */
int moat_map_add(struct moat_map_batch *batch, const struct moat_peer *peer,
		 struct moat_mapping *mapping, grant_ref_t gref, bool readonly)
{
	u32 flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0);
	struct page *page = moat_foreign_get(batch->foreign);
	unsigned int i = batch->count;

	if (!page)
		return -ENOMEM;
	gnttab_set_map_op(&batch->ops[i], page_kaddr(page), flags, gref, peer->domid);
	batch->pages[i] = page;
	batch->mappings[i] = mapping;
	batch->peers[i] = peer;
	mapping->page = page;
	mapping->state = MOAT_MAPPING_ASKED;
	if (++batch->count == MOAT_MAP_BATCH)
		moat_map_flush(batch);
	return 0;
}

static enum moat_mapping_state map_result(s16 status)
{
	switch (status) {
	case GNTST_okay:
		return MOAT_MAPPING_DONE;
	case GNTST_no_device_space:
	case GNTST_no_space:
		return MOAT_MAPPING_NO_ROOM;
	default:
		return MOAT_MAPPING_REFUSED;
	}
}

static void map_take_result(struct moat_map_batch *batch, unsigned int i)
{
	struct moat_mapping *mapping = batch->mappings[i];

	mapping->state = map_result(batch->ops[i].status);
	if (mapping->state == MOAT_MAPPING_DONE) {
		mapping->handle = batch->ops[i].handle;
		moat_stat_inc(batch->peers[i]->stat, MOAT_STAT_grant_maps);
		return;
	}
	moat_foreign_put(batch->foreign, &batch->pages[i], 1);
}

/**
 * moat_map_flush() - carry out what the batch holds
 * @batch: the batch; empty afterwards
 *
 * Context: the poller.
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
 * @peer: whose front end granted the page
 * @mapping: the mapping, if there is one; there is none afterwards
 *
 * Context: the poller, or whoever takes a ring down.
 */
void moat_unmap_add(struct moat_unmap_batch *batch, const struct moat_peer *peer,
		    struct moat_mapping *mapping)
{
	unsigned int i = batch->count;
	bool mapped = mapping->state == MOAT_MAPPING_DONE;

	mapping->state = MOAT_MAPPING_NONE;
	if (!mapped)
		return;
	gnttab_set_unmap_op(&batch->ops[i], page_kaddr(mapping->page), GNTMAP_host_map,
			    mapping->handle);
	batch->pages[i] = mapping->page;
	batch->peers[i] = peer;
	if (++batch->count == MOAT_MAP_BATCH)
		moat_unmap_flush(batch);
}

/**
 * moat_unmap_flush() - carry out what the batch holds
 * @batch: pages that nobody else holds; empty afterwards
 *
 * Context: as moat_unmap_add().
 */
void moat_unmap_flush(struct moat_unmap_batch *batch)
{
	unsigned int i;

	if (!batch->count)
		return;
	/* Our own handles and addresses: a failure is our own bug. */
	WARN_ON_ONCE(gnttab_unmap_refs(batch->ops, NULL, batch->pages, batch->count));
	for (i = 0; i < batch->count; i++)
		moat_stat_inc(batch->peers[i]->stat, MOAT_STAT_grant_unmaps);
	moat_foreign_put(batch->foreign, batch->pages, batch->count);
	batch->count = 0;
}

static bool batch_held(const struct moat_unmap_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++)
		if (page_count(batch->pages[i]) > 1)
			return true;
	return false;
}

/**
 * moat_unmap_flush_held() - carry out what the batch holds, even if held
 * @batch: pages that others may still hold (moat_mapping_held()); waits until
 *	they do not; empty afterwards
 *
 * Context: whoever takes a ring down; may sleep long, as no hung task.
 */
void moat_unmap_flush_held(struct moat_unmap_batch *batch)
{
	might_sleep();
	/* Nobody says when. */
	while (batch_held(batch))
		schedule_timeout_idle(HELD_JIFFIES);
	moat_unmap_flush(batch);
}

/**
 * moat_mapping_page() - the page of a mapping
 * @mapping: the mapping, the batch flushed
 * @page: the page; written only on success
 *
 * Context: any.
 * Return: 0; -EFAULT if Xen refused the grant; -ENOMEM if it had no room.
 */
int moat_mapping_page(const struct moat_mapping *mapping, struct page **page)
{
	switch (mapping->state) {
	case MOAT_MAPPING_DONE:
		*page = mapping->page;
		return 0;
	case MOAT_MAPPING_NO_ROOM:
		return -ENOMEM;
	default:
		return -EFAULT;
	}
}

/**
 * moat_mapping_held() - does somebody else still use the page?
 * @mapping: any mapping
 *
 * A network driver may hold a page for retransmission after the request it
 * was part of has been answered; unmapped under it, it would fault.
 *
 * Context: any.
 */
bool moat_mapping_held(const struct moat_mapping *mapping)
{
	return mapping->state == MOAT_MAPPING_DONE && page_count(mapping->page) > 1;
}
