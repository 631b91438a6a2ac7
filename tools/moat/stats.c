// SPDX-License-Identifier: GPL-2.0
/*
 * Counters out of xenstore, and rates out of counters.
 */
#include "stats.h"

#include "moat/keys.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char * const moat_stats_names[MOAT_STAT_COUNT] = {
#define MOAT_STAT_NAME(name, text) #name,
	MOAT_RING_STATS(MOAT_STAT_NAME)
#undef MOAT_STAT_NAME
};

static int parse_value(const char *text, size_t len, uint64_t *value)
{
	uint64_t sum = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)text[i] - '0';

		if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return 0;
}

/* latency_N, as the driver writes N: no other spelling of it. */
static uint64_t *find_bucket(struct moat_stats *stats, const char *name,
			     size_t len)
{
	for (unsigned int i = 0; i < MOAT_HIST_BUCKETS; i++) {
		char bucket[24];

		snprintf(bucket, sizeof(bucket), MOAT_STATS_LATENCY "%u", i);
		if (strlen(bucket) == len && memcmp(bucket, name, len) == 0)
			return &stats->latency[i];
	}
	return NULL;
}

static uint64_t *find(struct moat_stats *stats, const char *name, size_t len)
{
	static const char retained[] = "retained_bytes";

	for (int i = 0; i < MOAT_STAT_COUNT; i++)
		if (strlen(moat_stats_names[i]) == len &&
		    memcmp(moat_stats_names[i], name, len) == 0)
			return &stats->counters[i];
	if (len != sizeof(retained) - 1 || memcmp(name, retained, len) != 0)
		return find_bucket(stats, name, len);
	stats->has_retained = true;
	return &stats->retained_bytes;
}

static int parse_pair(const char *pair, size_t len, struct moat_stats *stats)
{
	const char *equals = memchr(pair, '=', len);
	uint64_t value, *counter;
	size_t name;

	if (!equals || equals == pair)
		return -EINVAL;
	name = equals - pair;
	if (parse_value(equals + 1, len - name - 1, &value))
		return -EINVAL;
	counter = find(stats, pair, name);
	if (counter)
		*counter = value;
	return 0;
}

int moat_stats_parse(const char *text, const char *word,
		     struct moat_stats *stats)
{
	size_t len = strcspn(text, " ");
	struct moat_stats found;

	memset(&found, 0, sizeof(found));
	if (!len)
		return -EINVAL;
	if (strlen(word) != len || memcmp(text, word, len) != 0)
		return -EAGAIN;
	for (text += len; *text; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len && parse_pair(text, len, &found))
			return -EINVAL;
	}
	*stats = found;
	return 0;
}

void moat_rate_between(const struct moat_stats *before,
		       const struct moat_stats *after, double seconds,
		       struct moat_rate *rate)
{
	memset(rate, 0, sizeof(*rate));
	if (!(seconds > 0))
		return;
	for (int i = 0; i < MOAT_STAT_COUNT; i++)
		if (after->counters[i] < before->counters[i])
			return;
	for (unsigned int i = 0; i < MOAT_HIST_BUCKETS; i++)
		if (after->latency[i] < before->latency[i])
			return;
	for (int i = 0; i < MOAT_STAT_COUNT; i++)
		rate->per_second[i] = (after->counters[i] -
				       before->counters[i]) / seconds;
	for (unsigned int i = 0; i < MOAT_HIST_BUCKETS; i++)
		rate->latency[i] = after->latency[i] - before->latency[i];
	rate->valid = true;
}

double moat_stats_bucket(unsigned int bucket)
{
	if (bucket >= MOAT_HIST_BUCKETS - 1)
		return INFINITY;
	return ldexp(MOAT_HIST_UNIT_NS / 1e9, (int)bucket);
}

/* Microseconds at a place between a bucket's ends, 0 to 1. */
static double bucket_inside(unsigned int bucket, double place)
{
	double low = bucket ? moat_stats_bucket(bucket - 1) * 1e6 : 0;
	double high = moat_stats_bucket(bucket) * 1e6;

	return isfinite(high) ? low + (high - low) * place : low;
}

double moat_rate_latency(const struct moat_rate *rate, double share)
{
	double all = 0, below = 0;
	unsigned int i;

	for (i = 0; i < MOAT_HIST_BUCKETS; i++)
		all += rate->latency[i];
	if (!rate->valid || !(all > 0))
		return -1;
	for (i = 0; i < MOAT_HIST_BUCKETS - 1; i++) {
		if (below + rate->latency[i] >= share * all)
			break;
		below += rate->latency[i];
	}
	return bucket_inside(i, (share * all - below) / rate->latency[i]);
}

double moat_rate_requests(const struct moat_rate *rate)
{
	const double *p = rate->per_second;

	return rate->valid ? p[MOAT_STAT_reads] + p[MOAT_STAT_writes] +
			     p[MOAT_STAT_flushes] + p[MOAT_STAT_discards] : -1;
}

double moat_rate_grants(const struct moat_rate *rate)
{
	const double *p = rate->per_second;

	return rate->valid ? p[MOAT_STAT_grant_maps] +
			     p[MOAT_STAT_grant_unmaps] +
			     p[MOAT_STAT_grant_copies] +
			     p[MOAT_STAT_grants_issued] +
			     p[MOAT_STAT_grants_ended] : -1;
}

double moat_rate_of(const struct moat_rate *rate, enum moat_ring_stat counter)
{
	return rate->valid ? rate->per_second[counter] : -1;
}

double moat_rate_per_request(const struct moat_rate *rate, double value)
{
	double requests = moat_rate_requests(rate);

	return requests > 0 && value >= 0 ? value / requests : -1;
}
