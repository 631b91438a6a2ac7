// SPDX-License-Identifier: GPL-2.0
/* Who waits for a queue to be quiesced names the queue. */
#include <linux/blk-mq.h>

void (*const probe)(struct request_queue *) = blk_mq_wait_quiesce_done;
