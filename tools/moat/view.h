/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A round of moat top as text and as JSON.
 */
#ifndef MOAT_VIEW_H
#define MOAT_VIEW_H

#include "rank.h"
#include "sampler.h"
#include "table.h"

#include <stdio.h>

/* The table of all rounds: its columns stay where they are. */
struct moat_table *moat_view_create(void);

/**
 * moat_view_table() - one line per disk under a line of heads
 * @table: from moat_view_create(); ends with moat_table_destroy()
 * @sampler: after a round
 * @rank: the order of the lines
 * @out: where to
 */
void moat_view_table(struct moat_table *table, const struct moat_sampler *sampler,
		     enum moat_rank rank, FILE *out);

/**
 * moat_view_json() - JSON, one object a line, one line per disk
 * @sampler: after a round
 * @rank: the order of the lines
 * @time: of the round, seconds since 1970
 * @out: where to
 */
void moat_view_json(const struct moat_sampler *sampler, enum moat_rank rank,
		    double time, FILE *out);

/* Requests per second of all disks together. */
double moat_view_requests(const struct moat_sampler *sampler);

#endif
