/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the toolstack may ask of a disk through xenstore, the same for both
 * halves.
 */
#ifndef MOAT_CONTROL_H
#define MOAT_CONTROL_H

#include <linux/types.h>
#include <xen/xenbus.h>

struct moat_sysfs;

bool moat_control_changed(struct moat_sysfs *sysfs, struct xenbus_device *dev,
			  const char *path);

#endif
