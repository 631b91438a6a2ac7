/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which changes in xenstore are moatd's business. Any guest may write below its own
 * directory, as often as it likes.
 */
#ifndef MOATD_INTEREST_H
#define MOATD_INTEREST_H

#include "unit.h"

enum moat_interest {
	MOAT_INTEREST_NONE,
	MOAT_INTEREST_BEAT,	/* a heartbeat of ours, or the health with it */
	MOAT_INTEREST_SOON,	/* something that a guest may write */
	MOAT_INTEREST_NOW,	/* something that no guest can bring about at will */
};

/* What a watch on @path is to us. */
enum moat_interest moat_interest(const struct moat_daemon *d, const char *path);

#endif
