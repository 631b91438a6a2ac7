/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one disk may have of the domain's pages and grants.
 */
#ifndef MOAT_FRONT_SHARE_H
#define MOAT_FRONT_SHARE_H

#include <linux/list.h>

struct moat_share;

/**
 * struct moat_share - a disk's share
 * @link: place among those of all disks
 * @pages: most pages it may have, each with a grant
 * @changed: called when that has changed; must not sleep
 */
struct moat_share {
	struct list_head link;
	unsigned int pages;
	void (*changed)(struct moat_share *share);
};

void moat_share_join(struct moat_share *share, void (*changed)(struct moat_share *share));
void moat_share_leave(struct moat_share *share);

#endif
