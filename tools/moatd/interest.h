/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which changes in xenstore are moatd's business. Any guest may write below its own
 * directory, as often as it likes.
 */
#ifndef MOATD_INTEREST_H
#define MOATD_INTEREST_H

#include "unit.h"

/**
 * moat_interest_heard() - a watch has fired
 * @daemon: those of its units are marked that it concerns
 * @path: of the node
 */
void moat_interest_heard(struct moat_daemon *daemon, const char *path);

/* All of them are to be looked at, and at once. */
void moat_interest_hurry(struct moat_daemon *daemon);

#endif
