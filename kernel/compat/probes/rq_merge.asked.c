// SPDX-License-Identifier: GPL-2.0
/* A queue merges if its driver asks for it. */
#include <linux/blk-mq.h>

const unsigned int probe = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
