/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When systemd is told that moatd is ready: what is ordered behind it at boot uses the
 * disks of storage domains, and does not try twice.
 */
#ifndef MOATD_READY_H
#define MOATD_READY_H

#include "unit.h"

/**
 * moat_ready_tell() - say READY=1 once, when it is time; until then, how far it is
 * @daemon: has been looked at
 *
 * It is time when every storage domain serves, or waits for a person; or when all of
 * them have had what they may take to boot and to find their devices.
 */
void moat_ready_tell(struct moat_daemon *daemon);

#endif
