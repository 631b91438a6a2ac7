/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads the world into a view: Xen's list of domains, and xenstore.
 *
 * Which disks there are, and who serves them, is read from libxl's own
 * directory, which no guest can write. From a front end's directory come only
 * its states and complaints, and what those can do is decide.c's business.
 */
#ifndef MOATD_OBSERVE_H
#define MOATD_OBSERVE_H

#include "unit.h"

/**
 * moat_observe() - look at everything that concerns a storage domain
 * @unit: its view is filled, but for lost time
 *
 * Return: 0, or -errno if it could not be seen; then the view is of no use.
 */
int moat_observe(struct moat_unit *unit);

/**
 * moat_observe_beats() - look only at what the domains write each second
 * @unit: its view is of use, and nothing else has changed since; its beat[] says of which
 */
void moat_observe_beats(struct moat_unit *unit);

#endif
