/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mapping the front end's pages, many to a hypercall.
 */
#ifndef MOAT_BACK_MAP_H
#define MOAT_BACK_MAP_H

#include <linux/types.h>
#include <xen/grant_table.h>

struct moat_foreign;
struct moat_peer;

/* Grants per hypercall: Xen may be preempted between them, we may not. */
#define MOAT_MAP_BATCH 64

/* What has become of a mapping. */
enum moat_mapping_state {
	MOAT_MAPPING_NONE,	/* there is none */
	MOAT_MAPPING_ASKED,	/* the batch will make it */
	MOAT_MAPPING_DONE,	/* there it is */
	MOAT_MAPPING_REFUSED,	/* the grant does not allow it */
	MOAT_MAPPING_NO_ROOM,	/* Xen has no room for it now */
};

/**
 * struct moat_mapping - a page of the front end, mapped
 * @page: DONE: the local page it appears as
 * @handle: DONE: Xen's name for it
 * @state: enum moat_mapping_state
 */
struct moat_mapping {
	struct page *page;
	grant_handle_t handle;
	u32 state;
};

/**
 * struct moat_map_batch - mappings to be made
 * @foreign: where local pages come from
 * @count: their number
 * @ops: what Xen is asked
 * @pages: the local pages
 * @mappings: where the results go
 * @peers: whose they are
 *
 * Belongs to a poller; may mix the rings it serves.
 */
struct moat_map_batch {
	struct moat_foreign *foreign;
	unsigned int count;
	struct gnttab_map_grant_ref ops[MOAT_MAP_BATCH];
	struct page *pages[MOAT_MAP_BATCH];
	struct moat_mapping *mappings[MOAT_MAP_BATCH];
	const struct moat_peer *peers[MOAT_MAP_BATCH];
};

/**
 * struct moat_unmap_batch - mappings to be ended
 * @foreign: where the local pages go
 * @count: their number
 * @ops: what Xen is asked
 * @pages: the local pages
 * @peers: whose they are
 *
 * Belongs to a poller, or to whoever takes a ring down.
 */
struct moat_unmap_batch {
	struct moat_foreign *foreign;
	unsigned int count;
	struct gnttab_unmap_grant_ref ops[MOAT_MAP_BATCH];
	struct page *pages[MOAT_MAP_BATCH];
	const struct moat_peer *peers[MOAT_MAP_BATCH];
};

int moat_map_add(struct moat_map_batch *batch, const struct moat_peer *peer,
		 struct moat_mapping *mapping, grant_ref_t gref, bool readonly);
void moat_map_flush(struct moat_map_batch *batch);
void moat_unmap_add(struct moat_unmap_batch *batch, const struct moat_peer *peer,
		    struct moat_mapping *mapping);
void moat_unmap_flush(struct moat_unmap_batch *batch);
void moat_unmap_flush_held(struct moat_unmap_batch *batch);
int __must_check moat_mapping_page(const struct moat_mapping *mapping, struct page **page);
bool moat_mapping_held(const struct moat_mapping *mapping);

#endif
