/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen's watchdog for this domain.
 */
#ifndef MOAT_BACK_WATCHDOG_H
#define MOAT_BACK_WATCHDOG_H

int moat_watchdog_init(void);
void moat_watchdog_deinit(void);
void moat_watchdog_feed(void);

#endif
