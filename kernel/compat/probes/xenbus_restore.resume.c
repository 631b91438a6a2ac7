// SPDX-License-Identifier: GPL-2.0
/* What xenbus does behind a suspension is xenbus_dev_resume(). */
/* exported: xenbus_dev_resume */
struct device;

int xenbus_dev_resume(struct device *dev);

int (*const probe)(struct device *) = xenbus_dev_resume;
