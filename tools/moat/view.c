// SPDX-License-Identifier: GPL-2.0
/*
 * What moat top shows of a disk. Where both halves have a number of their own
 * it is FRONT/BACK, as the heads say; "-" is a half that tells none.
 */
#include "view.h"

#include "text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static const struct moat_column columns[] = {
	{ "DOMAIN", false }, { "DISK", false }, { "STORAGE", false },
	{ "STATE", false }, { "MODE F/B", false }, { "REQ/S", true },
	{ "READ MB/S", true }, { "WRITE MB/S", true }, { "US P50/P99", true },
	{ "EVENTS/REQ F/B", true }, { "SPIN HITS/S F/B", true },
	{ "MISSES/S F/B", true }, { "SLEEPS/S F/B", true },
	{ "GRANTS/REQ F/B", true }, { "RETAINED MB", true }, { NULL, false },
};

static void add_pair(struct moat_table *t, double front, double back)
{
	char a[MOAT_TEXT_SHORT], b[MOAT_TEXT_SHORT];

	if (front < 0 && back < 0)
		moat_table_add(t, "-");
	else
		moat_table_add(t, "%s/%s", moat_text_count(front, a),
			       moat_text_count(back, b));
}

static void add_count(struct moat_table *t, double value)
{
	char text[MOAT_TEXT_SHORT];

	moat_table_add(t, "%s", moat_text_count(value, text));
}

static void add_megabytes(struct moat_table *t, double bytes)
{
	if (bytes < 0)
		moat_table_add(t, "-");
	else
		moat_table_add(t, "%.1f", bytes / 1e6);
}

static void add_pair_of(struct moat_table *t, const struct moat_row *row,
			enum moat_ring_stat counter)
{
	add_pair(t, moat_rate_of(&row->half[MOAT_HALF_FRONT].rate, counter),
		 moat_rate_of(&row->half[MOAT_HALF_BACK].rate, counter));
}

/* Each half's share of a request, by its own count of requests. */
static double events_per_request(const struct moat_sample *half)
{
	return moat_rate_per_request(&half->rate,
				     moat_rate_of(&half->rate,
						  MOAT_STAT_notify_sent));
}

static double grants_per_request(const struct moat_sample *half)
{
	return moat_rate_per_request(&half->rate,
				     moat_rate_grants(&half->rate));
}

static void add_names(struct moat_table *t, const struct moat_row *row)
{
	const char *storage = row->vbd.half[MOAT_HALF_BACK].domain;
	const char *front = row->half[MOAT_HALF_FRONT].mode;
	const char *back = row->half[MOAT_HALF_BACK].mode;

	moat_table_add(t, "%s", row->vbd.half[MOAT_HALF_FRONT].domain);
	moat_table_add(t, "%s", row->vbd.name);
	moat_table_add(t, "%s", storage ? storage : "");
	moat_table_add(t, "%s%s%s", row->state ? row->state : "",
		       row->trouble ? ": " : "",
		       row->trouble ? row->trouble : "");
	moat_table_add(t, "%s/%s", front ? front : "-", back ? back : "-");
}

static void add_row(struct moat_table *t, const struct moat_row *row)
{
	const struct moat_sample *front = &row->half[MOAT_HALF_FRONT];
	const struct moat_sample *back = &row->half[MOAT_HALF_BACK];
	const struct moat_rate *rate = &moat_row_main(row)->rate;

	add_names(t, row);
	add_count(t, moat_rate_requests(rate));
	add_megabytes(t, moat_rate_of(rate, MOAT_STAT_bytes_read));
	add_megabytes(t, moat_rate_of(rate, MOAT_STAT_bytes_written));
	add_pair(t, moat_rate_latency(rate, 0.5), moat_rate_latency(rate, 0.99));
	add_pair(t, events_per_request(front), events_per_request(back));
	add_pair_of(t, row, MOAT_STAT_spin_hits);
	add_pair_of(t, row, MOAT_STAT_spin_misses);
	add_pair_of(t, row, MOAT_STAT_sleeps);
	add_pair(t, grants_per_request(front), grants_per_request(back));
	add_megabytes(t, moat_row_retained(row));
}

struct moat_table *moat_view_create(void)
{
	return moat_table_create(columns);
}

void moat_view_table(struct moat_table *table, const struct moat_sampler *sampler,
		     enum moat_rank rank, FILE *out)
{
	const struct moat_row **rows = moat_rank_rows(sampler, rank);

	for (int i = 0; i < sampler->count; i++)
		add_row(table, rows[i]);
	free(rows);
	moat_table_again(table);
	moat_table_print(table, out);
}

double moat_view_requests(const struct moat_sampler *sampler)
{
	double sum = 0;

	for (int i = 0; i < sampler->count; i++) {
		double rate = moat_rate_requests(
			&moat_row_main(&sampler->rows[i])->rate);

		if (rate > 0)
			sum += rate;
	}
	return sum;
}

/* --- JSON --------------------------------------------------------------- */

/* Digits that mean nothing are left out. */
static json_t *number(double value)
{
	return value < 0 ? json_null() : json_real(round(value * 1e3) / 1e3);
}

static json_t *share(double value)
{
	return value < 0 ? json_null() : json_real(round(value * 1e6) / 1e6);
}

static json_t *text(const char *value)
{
	return value ? json_string(value) : json_null();
}

/* NULL becomes null: a half that tells nothing. */
static json_t *half_object(const struct moat_sample *half)
{
	json_t *object;

	if (!half->mode)
		return json_null();
	object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "mode", half->mode,
			   "latency_p50_us",
			   number(moat_rate_latency(&half->rate, 0.5)),
			   "latency_p99_us",
			   number(moat_rate_latency(&half->rate, 0.99)),
			   "events_per_request",
			   share(events_per_request(half)),
			   "grants_per_request",
			   share(grants_per_request(half)));
	for (int i = 0; i < MOAT_STAT_COUNT; i++) {
		char key[48];

		snprintf(key, sizeof(key), "%s_per_s", moat_stats_names[i]);
		json_object_set_new(object, key,
				    number(moat_rate_of(&half->rate, i)));
	}
	return object;
}

static json_t *row_object(const struct moat_row *row, double time)
{
	const struct moat_vbd *vbd = &row->vbd;
	const struct moat_sample *front = &row->half[MOAT_HALF_FRONT];
	const struct moat_rate *rate = &moat_row_main(row)->rate;
	double kept = moat_row_retained(row);
	json_t *retained = kept < 0 ? json_null() : json_integer((json_int_t)kept);

	return json_pack("{s:f, s:o, s:i, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
		" s:o, s:o}",
		"time", round(time * 1e3) / 1e3,
		"domain", text(vbd->half[MOAT_HALF_FRONT].domain),
		"domid", (int)vbd->half[MOAT_HALF_FRONT].domid,
		"vdev", vbd->name, "device", (int)vbd->number,
		"storage", text(vbd->half[MOAT_HALF_BACK].domain),
		"storage_domid", vbd->half[MOAT_HALF_BACK].dir ?
			json_integer(vbd->half[MOAT_HALF_BACK].domid) :
			json_null(),
		"state", text(row->state), "trouble", text(row->trouble),
		"requests_per_s", number(moat_rate_requests(rate)),
		"bytes_read_per_s",
		number(moat_rate_of(rate, MOAT_STAT_bytes_read)),
		"bytes_written_per_s",
		number(moat_rate_of(rate, MOAT_STAT_bytes_written)),
		"latency_p50_us", number(moat_rate_latency(rate, 0.5)),
		"latency_p99_us", number(moat_rate_latency(rate, 0.99)),
		"retained_bytes", retained,
		"halves", json_pack("{s:o, s:o}", "front", half_object(front),
				    "back",
				    half_object(&row->half[MOAT_HALF_BACK])));
}

void moat_view_json(const struct moat_sampler *sampler, enum moat_rank rank,
		    double time, FILE *out)
{
	const struct moat_row **rows = moat_rank_rows(sampler, rank);

	for (int i = 0; i < sampler->count; i++) {
		json_t *object = row_object(rows[i], time);

		json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII |
					JSON_REAL_PRECISION(15));
		fputc('\n', out);
		json_decref(object);
	}
	free(rows);
}
