// SPDX-License-Identifier: GPL-2.0
/* A block device is opened, a gendisk is released. */
#include <linux/blkdev.h>

int probe_open(struct block_device *bdev, fmode_t mode);
void probe_release(struct gendisk *gd, fmode_t mode);

const struct block_device_operations probe = {
	.open = probe_open,
	.release = probe_release,
};
