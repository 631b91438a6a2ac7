/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a block device is opened by its number.
 */
#ifndef MOAT_COMPAT_BDEV_H
#define MOAT_COMPAT_BDEV_H

#include <linux/blkdev.h>
#include <linux/types.h>

#include "config.h"

/* What the kernel gave who opened a device: a file, or the device itself. */
struct moat_opened;

#ifdef MOAT_COMPAT_BDEV_OPEN_FILE
static inline struct moat_opened *moat_bdev_open(dev_t dev, bool readonly, void *holder)
{
	blk_mode_t mode = BLK_OPEN_READ | (readonly ? 0 : BLK_OPEN_WRITE);

	return (struct moat_opened *)bdev_file_open_by_dev(dev, mode, holder, NULL);
}

static inline struct block_device *moat_bdev_of(struct moat_opened *opened)
{
	return file_bdev((struct file *)opened);
}

static inline void moat_bdev_close(struct moat_opened *opened, bool readonly, void *holder)
{
	bdev_fput((struct file *)opened);
}
#else
static inline fmode_t moat_bdev_mode(bool readonly, void *holder)
{
	return FMODE_READ | (readonly ? 0 : FMODE_WRITE) | (holder ? FMODE_EXCL : 0);
}

/* With a holder nobody else's exclusive opening is let in beside it. Return: or an error. */
static inline struct moat_opened *moat_bdev_open(dev_t dev, bool readonly, void *holder)
{
	return (struct moat_opened *)blkdev_get_by_dev(dev, moat_bdev_mode(readonly, holder),
						       holder);
}

static inline struct block_device *moat_bdev_of(struct moat_opened *opened)
{
	return (struct block_device *)opened;
}

/* As it was opened. */
static inline void moat_bdev_close(struct moat_opened *opened, bool readonly, void *holder)
{
	blkdev_put((struct block_device *)opened, moat_bdev_mode(readonly, holder));
}
#endif

#endif
