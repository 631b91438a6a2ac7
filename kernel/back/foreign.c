// SPDX-License-Identifier: GPL-2.0
/*
 * Pages without memory of their own, at hand for a poller to map to.
 *
 * To get more of them may take long: the kernel makes room for them with a lock
 * held and memory allocated. So a poller takes what is at hand, and a work sees to
 * it that there is some. It is enough for the largest requests when the first ring
 * joins the poller; what a burst needs beyond it waits until the work has been.
 *
 * The kernel's cache allocates where it is empty. The poller alone takes from it,
 * and looks first; the work takes from it only down to KEEP, so that what the
 * poller has seen there stays.
 */
#include "foreign.h"

#include <linux/kernel.h>
#include <linux/sched.h>

#include "kernel/compat/workqueue.h"

#include "params.h"

/* With fewer at hand the work is asked for more; two of the largest requests. */
#define LOW (2 * MOAT_MAX_SEGS)
/* So many it gets. */
#define FULL (2 * LOW)
/* Beyond so many, those above KEEP go back. */
#define MOST (8 * LOW)
#define KEEP (4 * LOW)

/* Pages that are got in one go. */
#define BATCH 64

static unsigned int foreign_count(const struct moat_foreign *foreign)
{
	return READ_ONCE(foreign->cache.num_pages);
}

/**
 * moat_foreign_fill() - have enough at hand to begin with
 * @foreign: the pages
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int moat_foreign_fill(struct moat_foreign *foreign)
{
	struct page *pages[BATCH];

	might_sleep();
	while (foreign_count(foreign) < FULL) {
		if (gnttab_alloc_pages(BATCH, pages))
			return -ENOMEM;
		gnttab_page_cache_put(&foreign->cache, pages, BATCH);
		cond_resched();
	}
	return 0;
}

static void foreign_tend(struct work_struct *work)
{
	struct moat_foreign *foreign = container_of(work, struct moat_foreign, tend);

	/* Where there are none, who lacks them asks again. */
	moat_foreign_fill(foreign);
	if (foreign_count(foreign) > MOST)
		gnttab_page_cache_shrink(&foreign->cache, KEEP);
}

/**
 * moat_foreign_init() - start with none
 * @foreign: the pages
 */
void moat_foreign_init(struct moat_foreign *foreign)
{
	gnttab_page_cache_init(&foreign->cache);
	INIT_WORK(&foreign->tend, foreign_tend);
}

/**
 * moat_foreign_deinit() - give them all back
 * @foreign: the pages, of which none is in use
 *
 * Context: process, may sleep.
 */
void moat_foreign_deinit(struct moat_foreign *foreign)
{
	might_sleep();
	cancel_work_sync(&foreign->tend);
	gnttab_page_cache_shrink(&foreign->cache, 0);
}

/**
 * moat_foreign_get() - take a page
 * @foreign: the pages
 *
 * Context: the poller; waits for nothing.
 * Return: the page, or NULL: there will be some soon.
 */
struct page *moat_foreign_get(struct moat_foreign *foreign)
{
	unsigned int count = foreign_count(foreign);
	struct page *page;

	if (count < LOW)
		queue_work(moat_unbound_wq, &foreign->tend);
	if (!count || gnttab_page_cache_get(&foreign->cache, &page))
		return NULL;
	return page;
}

/**
 * moat_foreign_put() - give pages back
 * @foreign: the pages
 * @pages: those, with nothing mapped to them
 * @count: their number
 *
 * Context: any.
 */
void moat_foreign_put(struct moat_foreign *foreign, struct page **pages,
		      unsigned int count)
{
	gnttab_page_cache_put(&foreign->cache, pages, count);
	if (foreign_count(foreign) > MOST)
		queue_work(moat_unbound_wq, &foreign->tend);
}
