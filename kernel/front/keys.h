/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keys that a front end writes into its own directory of xenstore.
 */
#ifndef MOAT_FRONT_KEYS_H
#define MOAT_FRONT_KEYS_H

#include <linux/compiler.h>

struct moat_disk;
struct xenbus_device;

int __must_check moat_keys_publish(struct moat_disk *disk);
int __must_check moat_keys_withdraw(struct xenbus_device *xdev);
void moat_keys_remove(struct xenbus_device *xdev);

#endif
