/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a poller has of a tenant: its rings that want requests to be taken, and its
 * requests that came back from their disks. Tenants are served by turns, and of a
 * tenant its rings.
 */
#ifndef MOAT_BACK_SHARE_H
#define MOAT_BACK_SHARE_H

#include <linux/list.h>
#include <xen/interface/xen.h>

#include "round.h"

/**
 * struct moat_share - what a poller has of a tenant
 * @link: in the poller's list of all
 * @users: clients; under the pollers' mutex, like the list
 * @domid: the tenant
 * @asks: in the round of those with requests to take, by @rings
 * @rings: the round of its clients that have some
 * @ends: in the round of those with errands that came back, @done
 * @done: those, first come first
 */
struct moat_share {
	struct list_head link;
	unsigned int users;
	domid_t domid;
	struct moat_flow asks;
	struct moat_round rings;
	struct moat_flow ends;
	struct list_head done;
};

struct moat_share *moat_share_get(struct list_head *shares, domid_t domid);
void moat_share_put(struct moat_share *share);

#endif
