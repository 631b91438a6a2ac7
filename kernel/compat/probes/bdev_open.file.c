// SPDX-License-Identifier: GPL-2.0
/* A block device is opened as a file; without a holder it is shared. */
#include <linux/blkdev.h>

struct block_device *probe(dev_t dev, void *holder);

struct block_device *probe(dev_t dev, void *holder)
{
	struct file *file = bdev_file_open_by_dev(dev, BLK_OPEN_READ | BLK_OPEN_WRITE,
						  holder, NULL);

	if (IS_ERR(file))
		return NULL;
	bdev_fput(file);
	return file_bdev(file);
}
