// SPDX-License-Identifier: GPL-2.0
/* Every queue merges. */
#include <linux/blk-mq.h>

/* The name is free. */
enum { BLK_MQ_F_SHOULD_MERGE = 1 };

const unsigned int probe = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
