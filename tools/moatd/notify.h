/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a service tells systemd, over the socket of $NOTIFY_SOCKET; without one,
 * nothing.
 */
#ifndef MOATD_NOTIFY_H
#define MOATD_NOTIFY_H

/* "READY=1", "WATCHDOG=1", "STOPPING=1" or the like. */
void moat_notify(const char *text);

#endif
