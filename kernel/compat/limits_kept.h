/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is remembered of a queue's limits between one connection and the next.
 */
#ifndef MOAT_COMPAT_LIMITS_KEPT_H
#define MOAT_COMPAT_LIMITS_KEPT_H

#include <linux/types.h>

/**
 * struct moat_lowered - a limit that an administrator can lower
 * @told: what was set here last; what else is found there is his
 * @his: what he has set, if @lowered
 * @lowered: he has
 */
struct moat_lowered {
	unsigned int told;
	unsigned int his;
	bool lowered;
};

/**
 * struct moat_limits - what of a queue's limits a kernel with setters forgets
 * @known: they were set before
 * @sectors: max_sectors_kb, in sectors
 * @discard: discard_max_bytes, in sectors
 * @cache: write_cache, 1 for "write back"
 */
struct moat_limits {
	bool known;
	struct moat_lowered sectors;
	struct moat_lowered discard;
	struct moat_lowered cache;
};

#endif
