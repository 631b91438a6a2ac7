/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was simulated, as a table for people and as JSON for programs.
 */
#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include <stdio.h>

#include "hull.h"
#include "sim.h"

#define POLICIES_MAX 16u

/**
 * struct judged - a pattern and what the policies made of it
 * @name, @about: the pattern's
 * @outcomes: one for each policy
 * @points: latency and CPU of each, per request; us
 * @hull: of all but the shipping policy's
 * @nr_hull: its corners
 * @above: how far the shipping policy lies above it; 0.1: 10 %
 * @best: the other policy that costs least, at the results' rate of exchange
 * @dearer: by how much the shipping one costs more; 0.1: 10 %
 */
struct judged {
	const char *name;
	const char *about;
	struct outcome outcomes[POLICIES_MAX];
	struct point points[POLICIES_MAX];
	struct point hull[POLICIES_MAX];
	u32 nr_hull;
	double above;
	u32 best;
	double dearer;
};

/**
 * struct results - all of a run
 * @judged: the patterns
 * @nr_judged: how many
 * @costs: what things took
 * @seed: of the patterns
 * @worth: us of CPU that are given for a request done 1 us sooner
 * @tolerance: so far above the hull still counts as on it
 */
struct results {
	struct judged *judged;
	u32 nr_judged;
	const struct costs *costs;
	u64 seed;
	double worth;
	double tolerance;
};

void report_table(const struct results *r, FILE *to);
int report_json(const struct results *r, const char *path);

static inline bool judged_on_hull(const struct results *r, const struct judged *j)
{
	return j->above <= r->tolerance;
}

#endif
