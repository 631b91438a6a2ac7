/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of the front end that a hostile back end maps, and keeps mapped.
 */
#ifndef MOAT_HOSTILE_KEEP_H
#define MOAT_HOSTILE_KEEP_H

#include <linux/mm_types.h>
#include <xen/grant_table.h>

#define KEEP_PAGES 32

/**
 * struct keep - the pages
 * @peer: whose
 * @page: our pages that they are mapped at; NULL: not mapped
 * @handle: of each mapping
 */
struct keep {
	domid_t peer;
	struct page *page[KEEP_PAGES];
	grant_handle_t handle[KEEP_PAGES];
};

bool keep_map(struct keep *keep, unsigned int nr, grant_ref_t gref, bool readonly);
void keep_let_go(struct keep *keep, unsigned int nr);
void keep_let_all_go(struct keep *keep);

#endif
