// SPDX-License-Identifier: GPL-2.0
/*
 * The front end's pages that stay mapped from request to request.
 *
 * The front end promises to use the same grants again and again; each is
 * mapped when first seen. There is a limit, or a front end could have us map
 * without end: a grant beyond it is mapped for its one request. One that went
 * unused for long is given up, looked at only in turns that the ring has anyway:
 * with requests, and when the poller is pinged.
 *
 * A grant is found in the table from the moment its mapping is asked for; if
 * Xen then does not map it, it has no page, all its users fail, and the last of
 * them removes it.
 */
#include "persistent.h"

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "peer.h"
#include "tenant.h"

/* Grants given up in one go. */
#define TRIM_MAX 32

/**
 * moat_persistent_init() - start with nothing mapped
 * @set: the set
 * @limit: most grants that may stay; 0: none
 * @max_age: jiffies after which an unused one goes; 0: never
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int moat_persistent_init(struct moat_persistent *set, u32 limit, unsigned long max_age)
{
	set->count = 0;
	set->limit = limit;
	set->max_age = max_age;
	INIT_LIST_HEAD(&set->by_age);
	set->table = NULL;
	if (!limit)
		return 0;
	/* Two to a list when full. */
	set->bits = max(ilog2(limit), 1);
	set->table = kvcalloc(1u << set->bits, sizeof(*set->table), GFP_KERNEL);
	return set->table ? 0 : -ENOMEM;
}

static void persistent_remove(struct moat_persistent *set, const struct moat_peer *peer,
			      struct moat_grant *grant)
{
	hlist_del(&grant->node);
	list_del(&grant->age);
	set->count--;
	moat_tenant_unkeep(peer->tenant);
	kfree(grant);
}

/* Add a grant to what will be unmapped, and forget it. */
static void persistent_unmap(struct moat_persistent *set, const struct moat_peer *peer,
			     struct moat_unmap_batch *batch, struct moat_grant *grant)
{
	moat_unmap_add(batch, peer, &grant->mapping);
	persistent_remove(set, peer, grant);
}

/**
 * moat_persistent_deinit() - unmap all
 * @set: the set; no request uses it, and no poller serves its ring any more
 * @peer: whose they are
 * @batch: the caller's own
 *
 * Waits until nobody else holds any of the pages (moat_mapping_held()).
 *
 * Context: process, may sleep long.
 */
void moat_persistent_deinit(struct moat_persistent *set, const struct moat_peer *peer,
			    struct moat_unmap_batch *batch)
{
	struct moat_grant *grant, *next;

	might_sleep();
	if (!set->table)
		return;
	list_for_each_entry_safe(grant, next, &set->by_age, age) {
		/* Before the batch is full, or it would not wait. */
		if (batch->count == MOAT_MAP_BATCH - 1)
			moat_unmap_flush_held(batch);
		persistent_unmap(set, peer, batch, grant);
	}
	moat_unmap_flush_held(batch);
	kvfree(set->table);
	set->table = NULL;
}

static struct moat_grant *persistent_find(struct moat_persistent *set, grant_ref_t gref)
{
	struct moat_grant *grant;

	hlist_for_each_entry(grant, &set->table[hash_32(gref, set->bits)], node)
		if (grant->gref == gref)
			return grant;
	return NULL;
}

static int persistent_add(struct moat_persistent *set, const struct moat_peer *peer,
			  struct moat_map_batch *batch, grant_ref_t gref, bool readonly,
			  struct moat_grant **result)
{
	struct moat_grant *grant;
	int err;

	/* Where it may not stay, it is mapped for its request. */
	if (!moat_tenant_keep(peer->tenant))
		return -ENOSPC;
	err = -ENOSPC;
	grant = kzalloc(sizeof(*grant), GFP_NOWAIT | __GFP_NOWARN);
	if (!grant)
		goto err_unkeep;
	grant->gref = gref;
	grant->readonly = readonly;
	err = moat_map_add(batch, peer, &grant->mapping, gref, readonly);
	if (err)
		goto err_free;
	hlist_add_head(&grant->node, &set->table[hash_32(gref, set->bits)]);
	list_add_tail(&grant->age, &set->by_age);
	set->count++;
	*result = grant;
	return 0;

err_free:
	kfree(grant);
err_unkeep:
	moat_tenant_unkeep(peer->tenant);
	return err;
}

/**
 * moat_persistent_get() - take a grant, mapped or to be mapped by the batch
 * @set: the set
 * @peer: whose it is
 * @batch: for a mapping that has to be made
 * @gref: the grant, the front end's word for it
 * @readonly: if it is seen first, map it so
 * @grant: the grant, to be given back with moat_persistent_put(); look for its
 *	page behind the batch's flush; written only on success
 *
 * Context: the poller.
 * Return: 0; -ENOSPC if no more may stay mapped; -ENOMEM.
 */
int moat_persistent_get(struct moat_persistent *set, const struct moat_peer *peer,
			struct moat_map_batch *batch, grant_ref_t gref, bool readonly,
			struct moat_grant **grant)
{
	struct moat_grant *found = persistent_find(set, gref);
	int err;

	if (!found) {
		if (set->count >= set->limit)
			return -ENOSPC;
		err = persistent_add(set, peer, batch, gref, readonly, &found);
		if (err)
			return err;
	} else {
		list_move_tail(&found->age, &set->by_age);
	}
	found->users++;
	found->used = jiffies;
	*grant = found;
	return 0;
}

/**
 * moat_persistent_put() - give a grant back
 * @set: the set
 * @peer: whose it is
 * @grant: from moat_persistent_get()
 *
 * Context: the poller.
 */
void moat_persistent_put(struct moat_persistent *set, const struct moat_peer *peer,
			 struct moat_grant *grant)
{
	grant->users--;
	if (!grant->users && grant->mapping.state != MOAT_MAPPING_DONE)
		persistent_remove(set, peer, grant);
}

/**
 * moat_persistent_trim() - give up some of what went unused for long
 * @set: the set
 * @peer: whose it is
 * @batch: takes them; the caller flushes it
 *
 * Context: the poller.
 */
void moat_persistent_trim(struct moat_persistent *set, const struct moat_peer *peer,
			  struct moat_unmap_batch *batch)
{
	struct moat_grant *grant, *next;
	int left = TRIM_MAX;

	if (!set->table || !set->max_age)
		return;
	list_for_each_entry_safe(grant, next, &set->by_age, age) {
		if (!left-- || time_before(jiffies, grant->used + set->max_age))
			return;
		if (grant->users || moat_mapping_held(&grant->mapping))
			continue;
		persistent_unmap(set, peer, batch, grant);
	}
}
