// SPDX-License-Identifier: GPL-2.0
/* The geometry is that of a block device. */
#include <linux/blkdev.h>

int probe_getgeo(struct block_device *bdev, struct hd_geometry *geo);

const struct block_device_operations probe = { .getgeo = probe_getgeo };
