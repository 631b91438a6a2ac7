/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver as xenbus sees it.
 */
#ifndef MOAT_FRONT_XENBUS_H
#define MOAT_FRONT_XENBUS_H

int moat_xenbus_register(void);
void moat_xenbus_unregister(void);

#endif
