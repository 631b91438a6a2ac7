/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that are wrong, or right, or both by turns.
 */
#ifndef MOAT_HOSTILE_CRAFT_H
#define MOAT_HOSTILE_CRAFT_H

#include <linux/types.h>
#include <xen/interface/io/blkif.h>

#include "bait.h"
#include "chance.h"

/**
 * struct craft - what is known to who makes requests
 * @bait: pages
 * @capacity: sectors of the disk
 * @wild: one request in so many is nothing but random bytes
 * @wrong: one field in so many is wrong
 * @spoilt: in the request that is being made, one was
 */
struct craft {
	const struct bait *bait;
	u64 capacity;
	u32 wild;
	u32 wrong;
	bool spoilt;
};

bool craft_request(struct craft *craft, struct chance *chance, struct blkif_request *req,
		   u64 id);
void craft_flip(const struct craft *craft, struct chance *chance,
		struct blkif_request *req);
void craft_flip_table(const struct craft *craft, struct chance *chance);

#endif
