// SPDX-License-Identifier: GPL-2.0
/* Who waits for a queue to be quiesced names the tag set. */
#include <linux/blk-mq.h>

void (*const probe)(struct blk_mq_tag_set *) = blk_mq_wait_quiesce_done;
