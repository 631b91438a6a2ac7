/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures out of the outcomes of all rounds, and the three questions asked.
 *
 * Ratios are taken within a round, where both were measured shortly behind
 * each other, and only then is their median taken.
 */
#ifndef MOAT_BENCH_FIGURES_H
#define MOAT_BENCH_FIGURES_H

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

struct figure {
	double median, min, max;
};

/* A value of an outcome. */
enum value {
	PER_REQUEST_NS,		/* in the median chunk */
	WHOLE_NS,		/* per request: all the time by all requests */
	MEAN_NS,
	P50_NS,
	P99_NS,
	CPU_FRONT,
	CPU_BACK,
	SENDS_FRONT,		/* per request; likewise: */
	SENDS_BACK,
	SLEEPS_FRONT,
	SLEEPS_BACK,
	MISSES_FRONT,
	MISSES_BACK,
	ARRIVALS_PER_S,
	PREEMPTED,
	NR_VALUES,
};

/**
 * struct target - a question of the evaluation, and its answer
 * @name: what is compared
 * @cell: index of the cell that is judged
 * @limit: the ratio that is wanted
 * @ratio: the ratio there is
 */
struct target {
	char name[80];
	u32 cell;
	double limit;
	struct figure ratio;
};

#define NR_TARGETS_MAX 256u

extern const char *const value_names[NR_VALUES];

struct figure figure_of(const struct results *r, u32 cell, enum value value);
u32 figures_targets(const struct results *r, struct target *targets);

const char *cell_who(const struct cell *cell);

static inline bool target_met(const struct target *t)
{
	return t->ratio.median <= t->limit;
}

#endif
