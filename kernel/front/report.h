/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a disk tells the control domain about itself.
 */
#ifndef MOAT_FRONT_REPORT_H
#define MOAT_FRONT_REPORT_H

#include <linux/compiler.h>
#include <xen/xenbus.h>

struct moat_disk;

int __must_check moat_report_stands(struct xenbus_device *xdev, const char *peer,
				    struct xenbus_transaction t);
void moat_report_init(struct moat_disk *disk);
void moat_report_stop(struct moat_disk *disk);
void moat_report_anew(struct moat_disk *disk);
void moat_report_update(struct moat_disk *disk);

#endif
