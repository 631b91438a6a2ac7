/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time on which all others are based.
 */
#ifndef MOATD_CLOCK_H
#define MOATD_CLOCK_H

#include "view.h"

/* Since the machine started. */
msec moat_now(void);

#endif
