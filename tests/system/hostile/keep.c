// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of the front end that a hostile back end maps, and keeps mapped.
 */
#include "keep.h"

#include <linux/mm.h>

static unsigned long keep_addr(struct page *page)
{
	return (unsigned long)pfn_to_kaddr(page_to_pfn(page));
}

/**
 * keep_map() - map a page of the front end's
 * @keep: the pages
 * @nr: which of ours is to be it; what it was before is let go
 * @gref: the front end's reference
 * @readonly: only to read it
 *
 * Return: whether Xen let us.
 */
bool keep_map(struct keep *keep, unsigned int nr, grant_ref_t gref, bool readonly)
{
	struct gnttab_map_grant_ref op;
	struct page *page;

	keep_let_go(keep, nr);
	if (gnttab_alloc_pages(1, &page))
		return false;
	gnttab_set_map_op(&op, keep_addr(page), GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
			  gref, keep->peer);
	if (gnttab_map_refs(&op, NULL, &page, 1) || op.status != GNTST_okay) {
		gnttab_free_pages(1, &page);
		return false;
	}
	keep->page[nr] = page;
	keep->handle[nr] = op.handle;
	return true;
}

/**
 * keep_let_go() - unmap a page
 * @keep: the pages
 * @nr: which; one that is not mapped will do
 */
void keep_let_go(struct keep *keep, unsigned int nr)
{
	struct gnttab_unmap_grant_ref op;
	struct page *page = keep->page[nr];

	if (!page)
		return;
	gnttab_set_unmap_op(&op, keep_addr(page), GNTMAP_host_map, keep->handle[nr]);
	if (!gnttab_unmap_refs(&op, NULL, &page, 1))
		gnttab_free_pages(1, &page);
	keep->page[nr] = NULL;
}

/* All of them. */
void keep_let_all_go(struct keep *keep)
{
	unsigned int i;

	for (i = 0; i < KEEP_PAGES; i++)
		keep_let_go(keep, i);
}
