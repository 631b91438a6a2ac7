// SPDX-License-Identifier: GPL-2.0
/*
 * What a poller has of a tenant.
 */
#include "share.h"

#include <linux/slab.h>

/**
 * moat_share_get() - a client more of a tenant
 * @shares: a poller's
 * @domid: the tenant
 *
 * Context: process, under the pollers' mutex.
 * Return: the share, or NULL: no memory.
 */
struct moat_share *moat_share_get(struct list_head *shares, domid_t domid)
{
	struct moat_share *share;

	list_for_each_entry(share, shares, link)
		if (share->domid == domid)
			goto found;
	share = kzalloc(sizeof(*share), GFP_KERNEL);
	if (!share)
		return NULL;
	share->domid = domid;
	moat_flow_init(&share->asks);
	moat_round_init(&share->rings);
	moat_flow_init(&share->ends);
	INIT_LIST_HEAD(&share->done);
	list_add(&share->link, shares);
found:
	share->users++;
	return share;
}

/**
 * moat_share_put() - a client less of a tenant
 * @share: from moat_share_get(); it wants nothing for this client any more
 *
 * Context: process, under the pollers' mutex.
 */
void moat_share_put(struct moat_share *share)
{
	if (--share->users)
		return;
	WARN_ON_ONCE(share->rings.count || !list_empty(&share->done));
	list_del(&share->link);
	kfree(share);
}
