/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages without memory of their own, at hand for a poller to map to.
 */
#ifndef MOAT_BACK_FOREIGN_H
#define MOAT_BACK_FOREIGN_H

#include <linux/workqueue.h>
#include <xen/grant_table.h>

/**
 * struct moat_foreign - pages without memory, at hand
 * @cache: the pages; its lock lets anybody put
 * @tend: brings their number to where it should be
 */
struct moat_foreign {
	struct gnttab_page_cache cache;
	struct work_struct tend;
};

void moat_foreign_init(struct moat_foreign *foreign);
void moat_foreign_deinit(struct moat_foreign *foreign);
int moat_foreign_fill(struct moat_foreign *foreign);
struct page *moat_foreign_get(struct moat_foreign *foreign);
void moat_foreign_put(struct moat_foreign *foreign, struct page **pages,
		      unsigned int count);

#endif
