// SPDX-License-Identifier: GPL-2.0
/*
 * Medians, ratios and targets; see figures.h.
 */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>

#define BOUNCE_LIMIT 2.5
#define LIBRARY_LIMIT 1.0
#define ADAPTIVE_LIMIT 1.1

const char *const value_names[NR_VALUES] = {
	[PER_REQUEST_NS] = "per_request_ns",
	[WHOLE_NS] = "per_request_overall_ns",
	[MEAN_NS] = "latency_mean_ns",
	[P50_NS] = "latency_p50_ns",
	[P99_NS] = "latency_p99_ns",
	[CPU_FRONT] = "cpu_front",
	[CPU_BACK] = "cpu_back",
	[SENDS_FRONT] = "sends_front_per_request",
	[SENDS_BACK] = "sends_back_per_request",
	[SLEEPS_FRONT] = "sleeps_front_per_request",
	[SLEEPS_BACK] = "sleeps_back_per_request",
	[MISSES_FRONT] = "fruitless_looks_front_per_request",
	[MISSES_BACK] = "fruitless_looks_back_per_request",
	[ARRIVALS_PER_S] = "arrivals_per_s",
	[PREEMPTED] = "preempted",
};

const char *cell_who(const struct cell *cell)
{
	static const char *const modes[] = {
		[MOAT_MODE_EVENT] = "moat event",
		[MOAT_MODE_SPIN] = "moat spin",
		[MOAT_MODE_ADAPTIVE] = "moat adaptive",
	};

	switch (cell->who) {
	case BOUNCE:
		return "bounce";
	case LIBRARY:
		return "library slots";
	case LIBRARY_POINTER:
		return "library pointers";
	default:
		return modes[cell->mode];
	}
}

static double per(u64 count, u64 of)
{
	return of ? (double)count / of : 0;
}

static double value_of(const struct outcome *o, enum value value)
{
	switch (value) {
	case PER_REQUEST_NS:
		return o->per_request_ns;
	case WHOLE_NS:
		return per(o->elapsed_ns, o->requests);
	case MEAN_NS:
		return o->mean_ns;
	case P50_NS:
		return o->p50_ns;
	case P99_NS:
		return o->p99_ns;
	case CPU_FRONT:
		return o->cpu[0];
	case CPU_BACK:
		return o->cpu[1];
	case SENDS_FRONT:
		return per(o->front.sends, o->front.requests);
	case SENDS_BACK:
		return per(o->back.sends, o->back.requests);
	case SLEEPS_FRONT:
		return per(o->front.sleeps, o->front.requests);
	case SLEEPS_BACK:
		return per(o->back.sleeps, o->back.requests);
	case MISSES_FRONT:
		return per(o->front.misses, o->front.requests);
	case MISSES_BACK:
		return per(o->back.misses, o->back.requests);
	case ARRIVALS_PER_S:
		return o->arrivals * 1e9 / o->elapsed_ns;
	case PREEMPTED:
		return o->preempted;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct figure figure_make(double *values, u32 n)
{
	qsort(values, n, sizeof(*values), compare);
	return (struct figure){
		.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
		.min = values[0],
		.max = values[n - 1],
	};
}

static const struct outcome *outcome_of(const struct results *r, u32 cell, u32 round)
{
	return &r->outcomes[cell * r->rounds + round];
}

struct figure figure_of(const struct results *r, u32 cell, enum value value)
{
	double values[r->rounds];
	u32 i;

	for (i = 0; i < r->rounds; i++)
		values[i] = value_of(outcome_of(r, cell, i), value);
	return figure_make(values, r->rounds);
}

/* ---- targets ---- */

/* Index of the cell that is like @like but for who and mode; or nr_cells. */
static u32 find(const struct results *r, const struct cell *like, enum contender who,
		enum moat_mode mode)
{
	u32 i;

	for (i = 0; i < r->nr_cells; i++) {
		const struct cell *c = &r->cells[i];

		if (c->who == who && c->mode == mode && c->open == like->open &&
		    c->rate == like->rate && c->depth == like->depth)
			break;
	}
	return i;
}

/* @cell against the better of @a and @b, by @value, round by round. */
static struct figure ratio_of(const struct results *r, u32 cell, u32 a, u32 b,
			      enum value value)
{
	double ratios[r->rounds], x, y;
	u32 i;

	for (i = 0; i < r->rounds; i++) {
		x = value_of(outcome_of(r, a, i), value);
		y = value_of(outcome_of(r, b, i), value);
		x = y < x ? y : x;
		ratios[i] = x > 0 ? value_of(outcome_of(r, cell, i), value) / x : 0;
	}
	return figure_make(ratios, r->rounds);
}

static void target_closed(const struct results *r, u32 cell, enum contender who,
			  double limit, struct target **t)
{
	const struct cell *c = &r->cells[cell];
	u32 other = find(r, c, who, 0);

	if (other == r->nr_cells)
		return;
	snprintf((*t)->name, sizeof((*t)->name), "depth %u: %s / %s, time per request",
		 c->depth, cell_who(c), cell_who(&r->cells[other]));
	(*t)->cell = cell;
	(*t)->limit = limit;
	(*t)->ratio = ratio_of(r, cell, other, other, PER_REQUEST_NS);
	(*t)++;
}

static void target_adaptive(const struct results *r, u32 cell, enum value value,
			    struct target **t)
{
	const struct cell *c = &r->cells[cell];
	u32 spin = find(r, c, MOAT, MOAT_MODE_SPIN);
	u32 event = find(r, c, MOAT, MOAT_MODE_EVENT);
	char rate[24] = "saturation";

	if (spin == r->nr_cells || event == r->nr_cells)
		return;
	if (c->rate)
		snprintf(rate, sizeof(rate), "%u/s", c->rate);
	snprintf((*t)->name, sizeof((*t)->name),
		 "depth %u, %s: adaptive / better of spin and event, %s", c->depth, rate,
		 value == MEAN_NS ? "mean" : "p50");
	(*t)->cell = cell;
	(*t)->limit = ADAPTIVE_LIMIT;
	(*t)->ratio = ratio_of(r, cell, spin, event, value);
	(*t)++;
}

/* Return: how many of NR_TARGETS_MAX were written. */
u32 figures_targets(const struct results *r, struct target *targets)
{
	struct target *t = targets;
	u32 i;

	for (i = 0; i < r->nr_cells && t + 2 <= targets + NR_TARGETS_MAX; i++) {
		const struct cell *c = &r->cells[i];

		if (c->who != MOAT)
			continue;
		if (c->open && c->mode == MOAT_MODE_ADAPTIVE) {
			target_adaptive(r, i, P50_NS, &t);
			target_adaptive(r, i, MEAN_NS, &t);
		} else if (!c->open && c->mode == MOAT_MODE_SPIN && c->depth == 1) {
			target_closed(r, i, BOUNCE, BOUNCE_LIMIT, &t);
		} else if (!c->open && c->mode == MOAT_MODE_SPIN) {
			target_closed(r, i, LIBRARY, LIBRARY_LIMIT, &t);
			target_closed(r, i, LIBRARY_POINTER, LIBRARY_LIMIT, &t);
		}
	}
	return t - targets;
}
