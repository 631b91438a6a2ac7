/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a poller gets at front ends' data with: operations that gather until they are
 * flushed, for all its rings together, and pages at hand.
 */
#ifndef MOAT_BACK_TRANSFER_H
#define MOAT_BACK_TRANSFER_H

#include "copy.h"
#include "foreign.h"
#include "map.h"
#include "pool.h"

/**
 * struct moat_transfer - what a poller gets at front ends' data with
 * @maps: mappings to be made
 * @unmaps: mappings to be ended
 * @copies: copies to be made
 * @foreign: pages to map to
 * @pool: pages to copy to
 */
struct moat_transfer {
	struct moat_map_batch maps;
	struct moat_unmap_batch unmaps;
	struct moat_copy_batch copies;
	struct moat_foreign foreign;
	struct moat_pool pool;
};

static inline void moat_transfer_init(struct moat_transfer *transfer)
{
	moat_foreign_init(&transfer->foreign);
	moat_pool_init(&transfer->pool);
	transfer->maps.foreign = &transfer->foreign;
	transfer->unmaps.foreign = &transfer->foreign;
}

static inline void moat_transfer_deinit(struct moat_transfer *transfer)
{
	moat_foreign_deinit(&transfer->foreign);
	moat_pool_deinit(&transfer->pool);
}

#endif
