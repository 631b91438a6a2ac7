/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The front end's pages that stay mapped from request to request.
 */
#ifndef MOAT_BACK_PERSISTENT_H
#define MOAT_BACK_PERSISTENT_H

#include <linux/list.h>

#include "map.h"

/**
 * struct moat_grant - a grant that stays mapped
 * @node: in the table, by @gref
 * @age: in the list, least recently used first
 * @mapping: the page
 * @gref: the grant
 * @users: pieces of requests that use it now
 * @used: jiffies when it was last taken
 * @readonly: mapped so
 */
struct moat_grant {
	struct hlist_node node;
	struct list_head age;
	struct moat_mapping mapping;
	grant_ref_t gref;
	u32 users;
	unsigned long used;
	bool readonly;
};

/**
 * struct moat_persistent - the grants of a ring that stay mapped
 * @table: lists of grants, by hash; NULL: none may stay
 * @bits: size of the table, as a power of two
 * @count: number of grants
 * @limit: most of them
 * @max_age: jiffies after which an unused one goes; 0: never
 * @by_age: all of them, least recently used first
 *
 * Belongs to the ring's poller while the ring is served.
 */
struct moat_persistent {
	struct hlist_head *table;
	u32 bits;
	u32 count;
	u32 limit;
	unsigned long max_age;
	struct list_head by_age;
};

int moat_persistent_init(struct moat_persistent *set, u32 limit, unsigned long max_age);
void moat_persistent_deinit(struct moat_persistent *set, const struct moat_peer *peer,
			    struct moat_unmap_batch *batch);
int moat_persistent_get(struct moat_persistent *set, const struct moat_peer *peer,
			struct moat_map_batch *batch, grant_ref_t gref, bool readonly,
			struct moat_grant **grant);
void moat_persistent_put(struct moat_persistent *set, const struct moat_peer *peer,
			 struct moat_grant *grant);
void moat_persistent_trim(struct moat_persistent *set, const struct moat_peer *peer,
			  struct moat_unmap_batch *batch);

#endif
