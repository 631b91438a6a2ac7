// SPDX-License-Identifier: GPL-2.0
/*
 * moat metrics: disks, by what moatd says, and by what the halves of their
 * drivers have counted. A counter begins anew with a new connection, as one does
 * when a program starts anew: who takes rates knows.
 */
#include "metrics.h"

#include "field.h"
#include "text.h"

#include <string.h>

/* --- as moatd sees them --------------------------------------------------- */

static double is_up(const json_t *disk)
{
	const char *state = moat_field_text(disk, "moat_state");

	return moat_field_number(disk, "front_state") == 4 &&
	       moat_field_number(disk, "back_state") == 4 &&
	       (!*state || strcmp(state, "up") == 0);
}

static double is_in_trouble(const json_t *disk)
{
	return *moat_field_text(disk, "trouble") != '\0';
}

static double can_recover(const json_t *disk)
{
	return json_is_true(json_object_get(disk, "recovery"));
}

/* An earlier moatd does not say so much. */
static double is_covered(const json_t *disk)
{
	const char *cover = moat_field_text(disk, "cover");

	return *cover ? strcmp(cover, "not") != 0 : can_recover(disk);
}

static const struct {
	struct moat_metric_family family;
	double (*value)(const json_t *disk);
} seen[] = {
	{ { "moat_disk_up", MOAT_METRIC_GAUGE, NULL,
	    "1 if both halves of the disk are connected and serve" }, is_up },
	{ { "moat_disk_trouble", MOAT_METRIC_GAUGE, NULL,
	    "1 if its front end wants another back end" }, is_in_trouble },
	{ { "moat_disk_recoverable", MOAT_METRIC_GAUGE, NULL,
	    "1 if its front end can go over to another storage domain" },
	  can_recover },
	{ { "moat_disk_covered", MOAT_METRIC_GAUGE, NULL,
	    "1 if it is served again when its storage domain is replaced" },
	  is_covered },
};

/* No two disks may look alike: one that has no name goes by its number. */
static void name_it(const json_t *disk, const char *name, const char *number,
		    char *buf, size_t size)
{
	const char *text = moat_field_text(disk, name);

	if (*text)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, "%.0f", moat_field_number(disk, number));
	moat_text_clean(buf);
}

static void put_seen(struct moat_metric_sink *sink, const json_t *storage,
		     const json_t *disk, double value)
{
	char domain[256], vdev[64];
	const struct moat_metric_label labels[] = {
		{ "storage", moat_field_text(storage, "name") },
		{ "domain", domain }, { "vdev", vdev }, { NULL, NULL },
	};

	name_it(disk, "domain", "domid", domain, sizeof(domain));
	name_it(disk, "vdev", "device", vdev, sizeof(vdev));
	moat_metric_gauge(sink, labels, value);
}

void moat_metrics_disks(struct moat_metric_sink *sink, const json_t *list)
{
	for (size_t f = 0; f < sizeof(seen) / sizeof(*seen); f++) {
		const json_t *storage, *disk;
		size_t i, k;

		moat_metric_begin(sink, &seen[f].family);
		json_array_foreach(list, i, storage)
			json_array_foreach(json_object_get(storage, "disks"), k,
					   disk)
				put_seen(sink, storage, disk,
					 seen[f].value(disk));
	}
}

/* --- as their halves count ------------------------------------------------- */

static const struct moat_metric_family counters[MOAT_STAT_COUNT] = {
#define COUNTER_FAMILY(name, text) \
	{ "moat_disk_" #name, MOAT_METRIC_COUNTER, NULL, text },
	MOAT_RING_STATS(COUNTER_FAMILY)
#undef COUNTER_FAMILY
};

static const struct moat_metric_family latency = {
	"moat_disk_latency_seconds", MOAT_METRIC_HISTOGRAM, "seconds",
	"From a request's arrival in this half to its completion there",
};

static const struct moat_metric_family retained = {
	"moat_disk_retained_bytes", MOAT_METRIC_GAUGE, "bytes",
	"Writes that are kept for a replay",
};

struct half_labels {
	struct moat_metric_label label[MOAT_METRIC_LABELS];
};

static struct half_labels labels_of(const struct moat_row *row, int half)
{
	const char *storage = row->vbd.half[MOAT_HALF_BACK].domain;
	struct half_labels labels = { {
		{ "storage", storage ? storage : "" },
		{ "domain", row->vbd.half[MOAT_HALF_FRONT].domain },
		{ "vdev", row->vbd.name },
		{ "half", moat_half_names[half] },
		{ NULL, NULL },
	} };

	return labels;
}

static void put_counter(struct moat_metric_sink *sink,
			const struct moat_row *row, int stat)
{
	for (int half = 0; half < MOAT_HALVES; half++) {
		struct half_labels labels = labels_of(row, half);

		if (row->half[half].answered)
			moat_metric_counter(sink, labels.label,
					    row->half[half].stats.counters[stat]);
	}
}

static void put_histogram(struct moat_metric_sink *sink,
			  const struct moat_row *row)
{
	for (int half = 0; half < MOAT_HALVES; half++) {
		struct half_labels labels = labels_of(row, half);
		uint64_t sum = 0;

		if (!row->half[half].answered)
			continue;
		for (unsigned int i = 0; i < MOAT_HIST_BUCKETS; i++) {
			uint64_t more = row->half[half].stats.latency[i];

			/* a front end may tell anything, but none becomes less */
			sum = more > UINT64_MAX - sum ? UINT64_MAX : sum + more;
			moat_metric_bucket(sink, labels.label,
					   moat_stats_bucket(i), sum);
		}
	}
}

void moat_metrics_halves(struct moat_metric_sink *sink,
			 const struct moat_sampler *sampler)
{
	for (int stat = 0; stat < MOAT_STAT_COUNT; stat++) {
		moat_metric_begin(sink, &counters[stat]);
		for (int i = 0; i < sampler->count; i++)
			put_counter(sink, &sampler->rows[i], stat);
	}
	moat_metric_begin(sink, &latency);
	for (int i = 0; i < sampler->count; i++)
		put_histogram(sink, &sampler->rows[i]);
	moat_metric_begin(sink, &retained);
	for (int i = 0; i < sampler->count; i++) {
		const struct moat_sample *front =
			&sampler->rows[i].half[MOAT_HALF_FRONT];
		struct half_labels labels = labels_of(&sampler->rows[i],
						      MOAT_HALF_FRONT);

		if (front->answered && front->stats.has_retained)
			moat_metric_gauge(sink, labels.label,
					  front->stats.retained_bytes);
	}
}
