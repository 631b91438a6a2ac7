/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver as blk-mq sees it.
 */
#ifndef MOAT_FRONT_MQ_H
#define MOAT_FRONT_MQ_H

#include <linux/blk-mq.h>

extern const struct blk_mq_ops moat_mq_ops;

#endif
