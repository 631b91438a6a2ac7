// SPDX-License-Identifier: GPL-2.0
/*
 * The order of disks.
 */
#include "rank.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

const char *const moat_rank_names[MOAT_RANKS] = {
	[MOAT_RANK_NAME] = "name",
	[MOAT_RANK_REQUESTS] = "requests",
	[MOAT_RANK_READ] = "read",
	[MOAT_RANK_WRITE] = "write",
	[MOAT_RANK_LATENCY] = "latency",
	[MOAT_RANK_RETAINED] = "retained",
};

struct place {
	const struct moat_row *row;
	double value;
};

enum moat_rank moat_rank_parse(const char *name)
{
	enum moat_rank rank = MOAT_RANK_NAME;

	while (rank < MOAT_RANKS && strcmp(name, moat_rank_names[rank]))
		rank++;
	return rank;
}

static double value_of(const struct moat_row *row, enum moat_rank rank)
{
	const struct moat_rate *rate = &moat_row_main(row)->rate;

	switch (rank) {
	case MOAT_RANK_REQUESTS:
		return moat_rate_requests(rate);
	case MOAT_RANK_READ:
		return moat_rate_of(rate, MOAT_STAT_bytes_read);
	case MOAT_RANK_WRITE:
		return moat_rate_of(rate, MOAT_STAT_bytes_written);
	case MOAT_RANK_LATENCY:
		return moat_rate_latency(rate, 0.99);
	case MOAT_RANK_RETAINED:
		return moat_row_retained(row);
	default:
		return 0;
	}
}

/* The rows are one array, so of two alike the first is the one that lies before. */
static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->row > y->row) - (x->row < y->row);
}

const struct moat_row **moat_rank_rows(const struct moat_sampler *sampler,
				       enum moat_rank rank)
{
	size_t count = sampler->count;
	const struct moat_row **rows = calloc(count + 1, sizeof(*rows));
	struct place *places = calloc(count + 1, sizeof(*places));

	if (!rows || !places)
		err(EXIT_FAILURE, "top");
	for (size_t i = 0; i < count; i++) {
		places[i].row = &sampler->rows[i];
		places[i].value = value_of(places[i].row, rank);
	}
	qsort(places, count, sizeof(*places), compare);
	for (size_t i = 0; i < count; i++)
		rows[i] = places[i].row;
	free(places);
	return rows;
}
