/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes PCI devices away from a domain that will not give them back.
 *
 * Once pciback's node is gone, its driver resets the device and lets go of it,
 * without asking the domain; and libxl, asked to destroy the domain, finds no
 * device that it would have to unplug gracefully, for which it waits ten
 * seconds.
 */
#ifndef MOATD_STRIP_H
#define MOATD_STRIP_H

#include "xs.h"

/* All devices of a domain, which must not run any more. Return: 0 or -errno. */
int moat_strip_domain(struct moat_xs *xs, unsigned int domid);

/* libxl's note that a device, "0000:00:04.0", is in use. */
int moat_strip_device(struct moat_xs *xs, const char *bdf);

#endif
