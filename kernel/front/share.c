// SPDX-License-Identifier: GPL-2.0
/*
 * What one disk may have of the domain's pages and grants.
 *
 * A domain has so many grants and no more (Xen's max_grant_frames), for all its
 * devices; and a disk that may grow without bound takes the memory of those whom
 * it serves. So all disks together may have three quarters of the grants and an
 * eighth of the memory, and each as much as the others: who comes later finds
 * room, as those before it give back what is more than their share. What a disk
 * has for as long as it lives is less where little is left (core/fit.h). See
 * docs/memory.md.
 */
#include "share.h"

#include <linux/mm.h>
#include <linux/mutex.h>
#include <xen/grant_table.h>

/* In the layout of the table that Linux uses. */
#define GRANTS_PER_FRAME (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1))

static DEFINE_MUTEX(shares_lock);
static LIST_HEAD(shares);
static unsigned int shares_count;

static unsigned long shares_all(void)
{
	unsigned long grants = gnttab_max_grant_frames() * GRANTS_PER_FRAME / 4 * 3;

	return min(grants, totalram_pages() / 8);
}

/* Tell everybody. */
static void shares_divide(void)
{
	unsigned long pages = shares_all();
	struct moat_share *share;

	lockdep_assert_held(&shares_lock);
	list_for_each_entry(share, &shares, link) {
		WRITE_ONCE(share->pages, pages / shares_count);
		share->changed(share);
	}
}

/**
 * moat_share_join() - there is one disk more
 * @share: its share
 * @changed: see struct moat_share; called from here, too
 *
 * Context: process, may sleep.
 */
void moat_share_join(struct moat_share *share, void (*changed)(struct moat_share *share))
{
	share->changed = changed;
	share->taken = 0;
	mutex_lock(&shares_lock);
	list_add_tail(&share->link, &shares);
	shares_count++;
	shares_divide();
	mutex_unlock(&shares_lock);
}

/**
 * moat_share_leave() - there is one disk less
 * @share: its share
 *
 * Context: process, may sleep.
 */
void moat_share_leave(struct moat_share *share)
{
	mutex_lock(&shares_lock);
	list_del(&share->link);
	shares_count--;
	shares_divide();
	mutex_unlock(&shares_lock);
}

/**
 * moat_share_fit() - take some for as long as the disk lives, in place of what it has
 * @share: its share
 * @fit: what it wants; receives what it is to make do with
 *
 * Context: process, may sleep.
 * Return: whether it can be so; if not, it has taken nothing.
 */
bool moat_share_fit(struct moat_share *share, struct moat_fit *fit)
{
	const struct moat_share *other;
	u64 left = shares_all();
	bool fits;

	might_sleep();
	mutex_lock(&shares_lock);
	list_for_each_entry(other, &shares, link)
		if (other != share)
			left -= min(left, other->taken);
	fits = moat_fit_shrink(fit, left);
	share->taken = fits ? moat_fit_need(fit) : 0;
	mutex_unlock(&shares_lock);
	return fits;
}
