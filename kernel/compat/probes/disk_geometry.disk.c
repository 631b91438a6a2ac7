// SPDX-License-Identifier: GPL-2.0
/* The geometry is that of a gendisk. */
#include <linux/blkdev.h>

int probe_getgeo(struct gendisk *gd, struct hd_geometry *geo);

const struct block_device_operations probe = { .getgeo = probe_getgeo };
