// SPDX-License-Identifier: GPL-2.0
/* A block device is opened by number; a mode says whether it is shared. */
#include <linux/blkdev.h>

struct block_device *probe(dev_t dev, void *holder);

struct block_device *probe(dev_t dev, void *holder)
{
	fmode_t mode = FMODE_READ | FMODE_WRITE | FMODE_EXCL;
	struct block_device *bdev = blkdev_get_by_dev(dev, mode, holder);

	if (!IS_ERR(bdev))
		blkdev_put(bdev, mode);
	return bdev;
}
