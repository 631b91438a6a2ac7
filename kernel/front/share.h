/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one disk may have of the domain's pages and grants.
 */
#ifndef MOAT_FRONT_SHARE_H
#define MOAT_FRONT_SHARE_H

#include <linux/list.h>

#include "core/fit.h"

struct moat_share;

/**
 * struct moat_share - a disk's share
 * @link: place among those of all disks
 * @pages: most pages it may have, each with a grant
 * @taken: how many of them it has for as long as it lives
 * @changed: called when that has changed; must not sleep
 */
struct moat_share {
	struct list_head link;
	unsigned int pages;
	u64 taken;
	void (*changed)(struct moat_share *share);
};

void moat_share_join(struct moat_share *share, void (*changed)(struct moat_share *share));
void moat_share_leave(struct moat_share *share);
bool __must_check moat_share_fit(struct moat_share *share, struct moat_fit *fit);

#endif
