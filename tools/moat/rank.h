/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In which order moat top shows the disks.
 */
#ifndef MOAT_RANK_H
#define MOAT_RANK_H

#include "sampler.h"

enum moat_rank {
	MOAT_RANK_NAME,		/* as the sampler has them */
	MOAT_RANK_REQUESTS,	/* most first, as with all that follow */
	MOAT_RANK_READ,
	MOAT_RANK_WRITE,
	MOAT_RANK_LATENCY,	/* by the 99th percentile */
	MOAT_RANK_RETAINED,
	MOAT_RANKS,
};

extern const char *const moat_rank_names[MOAT_RANKS];

/* Return: which one a name is of; MOAT_RANKS: none. */
enum moat_rank moat_rank_parse(const char *name);

/**
 * moat_rank_rows() - put the disks in order
 * @sampler: after a round
 * @rank: by what; disks that are alike, or tell nothing of it, stay as they are
 *
 * Return: an array of all rows, to be freed.
 */
const struct moat_row **moat_rank_rows(const struct moat_sampler *sampler,
				       enum moat_rank rank);

#endif
