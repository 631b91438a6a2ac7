/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The moat/ directory of a disk in sysfs, the same for both halves.
 */
#ifndef MOAT_SYSFS_H
#define MOAT_SYSFS_H

#include <linux/device.h>
#include <linux/kobject.h>

#include "stat.h"
#include "tune.h"

struct moat_sysfs;
struct xenbus_device;

/**
 * struct moat_sysfs_ops - what differs between the halves
 * @data_paths: names of the data paths, ends with NULL
 * @recovers: it has the settings of recovery: a front end
 * @changed: a setting was written; called in process context after the store
 */
struct moat_sysfs_ops {
	const char *const *data_paths;
	bool recovers;
	void (*changed)(struct device *dev);
};

struct moat_sysfs *moat_sysfs_create(struct device *dev, struct moat_tune *tune,
				     const struct moat_sysfs_ops *ops);
void moat_sysfs_destroy(struct moat_sysfs *sysfs);
int moat_sysfs_add_ring(struct moat_sysfs *sysfs, unsigned int nr,
			struct moat_stat *stat);
void moat_sysfs_remove_rings(struct moat_sysfs *sysfs);
void moat_sysfs_sum(struct moat_sysfs *sysfs, struct moat_stat *sum);
void moat_sysfs_lock_mode(struct moat_sysfs *sysfs);
void moat_sysfs_unlock_mode(struct moat_sysfs *sysfs);
int moat_sysfs_set_mode(struct moat_sysfs *sysfs, const char *mode);
void moat_sysfs_tell_mode(struct moat_sysfs *sysfs);
void moat_sysfs_later(struct moat_sysfs *sysfs,
		      void (*again)(struct moat_sysfs *sysfs, struct xenbus_device *dev));

#endif
