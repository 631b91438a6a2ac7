/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel exports for xenbus drivers but declares in a header of its
 * own only.
 */
#ifndef MOAT_COMPAT_XENBUS_H
#define MOAT_COMPAT_XENBUS_H

#include <linux/device.h>

#include "config.h"

#ifdef MOAT_COMPAT_XENBUS_RESTORE_RESTORE
int xenbus_dev_restore(struct device *dev);
#else
int xenbus_dev_resume(struct device *dev);
#endif

/* Read the back end's path anew, have the driver begin again (.resume), and
 * watch that back end from then on. Not reentrant: the device's lock is held,
 * as the core of power management holds it.
 */
static inline int moat_xenbus_restore(struct device *dev)
{
#ifdef MOAT_COMPAT_XENBUS_RESTORE_RESTORE
	return xenbus_dev_restore(dev);
#else
	return xenbus_dev_resume(dev);
#endif
}

#endif
