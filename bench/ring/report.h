/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a run has found: medians and spread, as a table and as JSON.
 */
#ifndef MOAT_BENCH_REPORT_H
#define MOAT_BENCH_REPORT_H

#include <stdio.h>

#include "pair.h"

/**
 * struct results - all that was measured
 * @cells: what
 * @nr_cells: how many
 * @rounds: how often each
 * @outcomes: of cell c in round r at [c * @rounds + r]
 * @setup: what they had in common
 * @load: load average of the machine, before and behind
 * @begun: seconds since 1970
 * @argv: how the program was called
 */
struct results {
	const struct cell *cells;
	u32 nr_cells;
	u32 rounds;
	struct outcome *outcomes;
	const struct setup *setup;
	double load[2];
	u64 begun;
	char **argv;
};

void report_table(const struct results *results, FILE *to);
int report_json(const struct results *results, const char *path);

#endif
