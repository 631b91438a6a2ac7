/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the block layer is told a request of a disk may be.
 */
#ifndef MOAT_FRONT_LIMITS_H
#define MOAT_FRONT_LIMITS_H

#include <linux/blk-mq.h>
#include <linux/types.h>

struct moat_traits;

/**
 * struct moat_limit - a limit that an administrator can lower, in sysfs
 * @told: what was set here last; what else is found there is his
 * @his: what he has set, if @lowered
 * @lowered: he has
 */
struct moat_limit {
	unsigned int told;
	unsigned int his;
	bool lowered;
};

/**
 * struct moat_limits - those of a disk
 * @known: they were set before
 * @sectors: max_sectors_kb, in sectors
 * @discard: discard_max_bytes, in sectors
 * @cache: write_cache, 1 for "write back"
 */
struct moat_limits {
	bool known;
	struct moat_limit sectors;
	struct moat_limit discard;
	struct moat_limit cache;
};

void moat_limits_set(struct moat_limits *limits, struct gendisk *gd,
		     const struct moat_traits *t, u32 max_segs);
const char *moat_limits_without(struct moat_limits *limits, struct request_queue *queue,
				enum req_op op);

#endif
