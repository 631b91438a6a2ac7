/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starts the jobs that make and unmake domains, and give them their devices. A job's end
 * is a reason to look again; act.c hears of it.
 *
 * Return, all of them: 0, or -errno.
 */
#ifndef MOATD_LAUNCH_H
#define MOATD_LAUNCH_H

#include "unit.h"

/* The domain is paused at once, and its PCI devices are taken from it. */
int moat_launch_destroy(struct moat_unit *unit, enum moat_role role);

int moat_launch_create(struct moat_unit *unit, enum moat_role role);

/* An active domain with the domid of the last one, which is gone; it stays paused. */
int moat_launch_recreate(struct moat_unit *unit);

/* Both at once: the active domain goes, and another has its domid, and stays paused. */
int moat_launch_replace(struct moat_unit *unit);

/* Device @index: give it to pciback; give it to the active domain. */
int moat_launch_assign(struct moat_unit *unit, size_t index);
int moat_launch_attach(struct moat_unit *unit, size_t index);

/* Has Xen no domain of that id? */
bool moat_is_gone(struct moat_unit *unit, unsigned int domid);

#endif
