/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asks the halves of all disks for their counters, round after round, and keeps
 * what the next round needs to tell rates.
 */
#ifndef MOAT_SAMPLER_H
#define MOAT_SAMPLER_H

#include "stats.h"
#include "vbd.h"

#include <stdbool.h>

/* What is known of one half. */
struct moat_sample {
	char *mode;		/* NULL: not a Moat driver, or not there */
	bool watched;
	bool asked, answered;	/* in this round */
	bool have;		/* stats and at are of some earlier answer */
	struct moat_stats stats;
	double at;		/* when it came, in seconds */
	struct moat_rate rate;	/* valid if this round and one before it did */
};

/* A disk. */
struct moat_row {
	struct moat_vbd vbd;
	char *state;		/* of the front end: a word of its own, or xenbus's */
	char *trouble;		/* NULL: none */
	struct moat_sample half[MOAT_HALVES];
};

/* All of them, in the order of domains and disks. */
struct moat_sampler {
	struct xs_handle *xs;
	const char *storage;	/* disks of this storage domain only; NULL: all */
	struct moat_row *rows;
	int count;
	unsigned int round;
};

/**
 * moat_sampler_round() - look at all disks
 * @sampler: .xs and .storage set, all else 0 the first time
 * @seconds: for so long at most wait for the answers
 *
 * A half that does not answer in time has no rates in this round. A disk that
 * has gone, with its domain or without, is not among the rows any more.
 *
 * Return: 0, or -errno if xenstore is lost.
 */
int moat_sampler_round(struct moat_sampler *sampler, double seconds);
void moat_sampler_deinit(struct moat_sampler *sampler);

/* The half that counts what the application did: the front end if it can. */
const struct moat_sample *moat_row_main(const struct moat_row *row);
/* Bytes that the front end keeps for a replay; -1 if it does not tell. */
double moat_row_retained(const struct moat_row *row);

#endif
