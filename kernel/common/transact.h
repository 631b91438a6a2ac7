/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several keys of xenstore at once, or none.
 */
#ifndef MOAT_TRANSACT_H
#define MOAT_TRANSACT_H

#include <xen/xenbus.h>

int moat_transact(int (*body)(struct xenbus_transaction t, void *data), void *data);
int __must_check moat_transact_exists(struct xenbus_transaction t,
				      const struct xenbus_device *dev);
int __must_check moat_transact_show(const struct xenbus_device *dev,
				    enum xenbus_state state);
int __must_check moat_transact_state(struct xenbus_device *dev, enum xenbus_state state);

#endif
