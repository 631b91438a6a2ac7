// SPDX-License-Identifier: GPL-2.0
/* A gendisk is opened and released, as a whole. */
#include <linux/blkdev.h>

int probe_open(struct gendisk *gd, blk_mode_t mode);
void probe_release(struct gendisk *gd);

const struct block_device_operations probe = {
	.open = probe_open,
	.release = probe_release,
};
