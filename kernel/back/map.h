/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mapping the front end's pages, many to a hypercall.
 */
#ifndef MOAT_BACK_MAP_H
#define MOAT_BACK_MAP_H

#include <linux/mm_types.h>
#include <xen/grant_table.h>

struct moat_queue;

/* Grants per hypercall: Xen may be preempted between them, we may not. */
#define MOAT_MAP_BATCH 64

/**
 * struct moat_mapping - a page of the front end, mapped
 * @page: the local page it appears as; NULL: not mapped, or it failed
 * @handle: Xen's name for it
 */
struct moat_mapping {
	struct page *page;
	grant_handle_t handle;
};

/**
 * struct moat_map_batch - mappings to be made
 * @count: their number
 * @ops: what Xen is asked
 * @pages: the local pages
 * @mappings: where the results go
 * @queues: whose they are
 *
 * Belongs to a poller; may mix the queues it serves.
 */
struct moat_map_batch {
	unsigned int count;
	struct gnttab_map_grant_ref ops[MOAT_MAP_BATCH];
	struct page *pages[MOAT_MAP_BATCH];
	struct moat_mapping *mappings[MOAT_MAP_BATCH];
	struct moat_queue *queues[MOAT_MAP_BATCH];
};

/**
 * struct moat_unmap_batch - mappings to be ended
 * @count: their number
 * @ops: what Xen is asked
 * @pages: the local pages
 * @queues: whose they are
 *
 * Belongs to a poller, or to whoever takes a queue down.
 */
struct moat_unmap_batch {
	unsigned int count;
	struct gnttab_unmap_grant_ref ops[MOAT_MAP_BATCH];
	struct page *pages[MOAT_MAP_BATCH];
	struct moat_queue *queues[MOAT_MAP_BATCH];
};

int moat_map_add(struct moat_map_batch *batch, struct moat_queue *queue,
		 struct moat_mapping *mapping, grant_ref_t gref, bool readonly);
void moat_map_flush(struct moat_map_batch *batch);
void moat_unmap_add(struct moat_unmap_batch *batch, struct moat_queue *queue,
		    struct moat_mapping *mapping);
void moat_unmap_flush(struct moat_unmap_batch *batch);
void moat_unmap_flush_held(struct moat_unmap_batch *batch);
bool moat_mapping_held(const struct moat_mapping *mapping);

#endif
