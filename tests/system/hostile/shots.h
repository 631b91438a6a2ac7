/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that are wrong in one way each, and what a back end has to say to them.
 */
#ifndef MOAT_HOSTILE_SHOTS_H
#define MOAT_HOSTILE_SHOTS_H

#include "link.h"

void shots_run(struct link *link);

#endif
