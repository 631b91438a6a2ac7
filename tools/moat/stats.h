/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a half answers when it is asked for its counters, and the rates that
 * follow from two answers.
 */
#ifndef MOAT_TOOL_STATS_H
#define MOAT_TOOL_STATS_H

#include "core/hist.h"
#include "moat/stats.h"

#include <stdbool.h>
#include <stdint.h>

extern const char * const moat_stats_names[MOAT_STAT_COUNT];

/* The counters, and what is kept for a replay (front end only). */
struct moat_stats {
	uint64_t counters[MOAT_STAT_COUNT];
	uint64_t latency[MOAT_HIST_BUCKETS];	/* core/hist.h */
	uint64_t retained_bytes;
	bool has_retained;
};

/**
 * moat_stats_parse() - understand "WORD NAME=VALUE ..."
 * @text: the answer
 * @word: the word asked with
 * @stats: written only on success; a counter that is not named is 0, a name
 *	   that we do not know is passed over
 *
 * Return: 0; -EAGAIN for the answer to another question; -EINVAL for nonsense.
 */
int moat_stats_parse(const char *text, const char *word,
		     struct moat_stats *stats);

/* Rates; @valid is false where none can be told, and all else is 0 then. */
struct moat_rate {
	bool valid;
	double per_second[MOAT_STAT_COUNT];
	double latency[MOAT_HIST_BUCKETS];	/* requests of that bucket */
};

/**
 * moat_rate_between() - what happened per second between two answers
 * @before: the earlier one
 * @after: the later one
 * @seconds: between them
 * @rate: filled in; not valid if a counter has gone back (the driver has a new
 *	  connection) or no time has passed
 */
void moat_rate_between(const struct moat_stats *before,
		       const struct moat_stats *after, double seconds,
		       struct moat_rate *rate);

/* Requests answered per second, of every kind; -1 if not valid. */
double moat_rate_requests(const struct moat_rate *rate);
/* Grant operations per second, of every kind; -1 if not valid. */
double moat_rate_grants(const struct moat_rate *rate);
/* One counter's rate; -1 if not valid. */
double moat_rate_of(const struct moat_rate *rate, enum moat_ring_stat counter);

/**
 * moat_rate_latency() - how long requests took
 * @rate: the requests
 * @share: of them, above 0 and up to 1
 *
 * Return: the microseconds within which @share of them were done, as well as
 * buckets that double can tell; of the last bucket, its lower end. -1 if none
 * is known.
 */
double moat_rate_latency(const struct moat_rate *rate, double share);

/* The upper end of a bucket in seconds; of the last one there is none: INFINITY. */
double moat_stats_bucket(unsigned int bucket);

/**
 * moat_rate_per_request() - share a rate among the requests
 * @rate: the requests
 * @value: so many per second
 *
 * Return: so many per request; -1 if there are none, or @value is negative.
 */
double moat_rate_per_request(const struct moat_rate *rate, double value);

#endif
