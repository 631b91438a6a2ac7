/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the block layer is told a request of a disk may be.
 */
#ifndef MOAT_FRONT_LIMITS_H
#define MOAT_FRONT_LIMITS_H

#include <linux/blk-mq.h>
#include <linux/types.h>

#include "kernel/compat/limits.h"

struct moat_traits;

int __must_check moat_limits_set(struct moat_limits *limits, struct gendisk *gd,
				 const struct moat_traits *t, u32 max_segs);
const char *moat_limits_without(struct moat_limits *limits, struct request_queue *queue,
				enum req_op op);

#endif
