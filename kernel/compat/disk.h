/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a gendisk is made, and what the block layer calls of it.
 *
 * A driver says what it does with a gendisk; the functions with the arguments that this
 * kernel wants are made of that.
 */
#ifndef MOAT_COMPAT_DISK_H
#define MOAT_COMPAT_DISK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/hdreg.h>

#include "config.h"

#ifdef MOAT_COMPAT_RQ_MERGE_ALWAYS
#define MOAT_MQ_F_MERGE 0
#else
#define MOAT_MQ_F_MERGE BLK_MQ_F_SHOULD_MERGE
#endif

/* @name is .open and calls int func(struct gendisk *). */
#ifdef MOAT_COMPAT_DISK_OPEN_DISK
#define MOAT_DEFINE_OPEN(name, func)					\
static int name(struct gendisk *gd, blk_mode_t mode)			\
{									\
	return func(gd);						\
}
#else
#define MOAT_DEFINE_OPEN(name, func)					\
static int name(struct block_device *bdev, fmode_t mode)		\
{									\
	return func(bdev->bd_disk);					\
}
#endif

/* @name is .release and calls void func(struct gendisk *). */
#ifdef MOAT_COMPAT_DISK_OPEN_DISK
#define MOAT_DEFINE_RELEASE(name, func)					\
static void name(struct gendisk *gd)					\
{									\
	func(gd);							\
}
#else
#define MOAT_DEFINE_RELEASE(name, func)					\
static void name(struct gendisk *gd, fmode_t mode)			\
{									\
	func(gd);							\
}
#endif

/* @name is .getgeo and calls void func(struct gendisk *, struct hd_geometry *). */
#ifdef MOAT_COMPAT_DISK_GEOMETRY_DISK
#define MOAT_DEFINE_GETGEO(name, func)					\
static int name(struct gendisk *gd, struct hd_geometry *geo)		\
{									\
	func(gd, geo);							\
	return 0;							\
}
#else
#define MOAT_DEFINE_GETGEO(name, func)					\
static int name(struct block_device *bdev, struct hd_geometry *geo)	\
{									\
	func(bdev->bd_disk, geo);					\
	return 0;							\
}
#endif

/* A gendisk with a queue, of a disk that does not turn; or an error pointer. */
static inline struct gendisk *moat_gendisk_alloc(struct blk_mq_tag_set *set, void *data)
{
#ifdef MOAT_COMPAT_DISK_ALLOC_LIMITS
	return blk_mq_alloc_disk(set, NULL, data);
#else
	struct gendisk *gd = blk_mq_alloc_disk(set, data);

	if (!IS_ERR(gd))
		blk_queue_flag_set(QUEUE_FLAG_NONROT, gd->queue);
	return gd;
#endif
}

/* Wait for those that were on their way into a queue that has been quiesced. */
static inline void moat_gendisk_quiesce_wait(struct gendisk *gd)
{
#ifdef MOAT_COMPAT_QUIESCE_WAIT_SET
	blk_mq_wait_quiesce_done(gd->queue->tag_set);
#else
	blk_mq_wait_quiesce_done(gd->queue);
#endif
}

#endif
