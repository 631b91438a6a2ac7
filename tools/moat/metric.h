/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Families of metrics as text: OpenMetrics 1.0, or the older format of
 * Prometheus, which is all that the textfile collector of its node exporter
 * takes.
 */
#ifndef MOAT_METRIC_H
#define MOAT_METRIC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MOAT_METRIC_LABELS 5

enum moat_metric_type {
	MOAT_METRIC_GAUGE,
	MOAT_METRIC_COUNTER,	/* its samples are called NAME_total */
	MOAT_METRIC_HISTOGRAM,	/* ... NAME_bucket */
};

/* What all samples of a family share. A unit is the end of the name, too. */
struct moat_metric_family {
	const char *name;
	enum moat_metric_type type;
	const char *unit;	/* NULL: a plain number */
	const char *help;
};

/* Labels of a sample, in pairs; the end of them has no name. */
struct moat_metric_label {
	const char *name;
	const char *value;
};

/* Where they go. */
struct moat_metric_sink {
	FILE *out;
	bool old;		/* the older format */
	const struct moat_metric_family *family;	/* begun last */
};

/* All samples of a family follow at once; one without samples does no harm. */
void moat_metric_begin(struct moat_metric_sink *sink,
		       const struct moat_metric_family *family);

void moat_metric_gauge(struct moat_metric_sink *sink,
		       const struct moat_metric_label *labels, double value);
void moat_metric_counter(struct moat_metric_sink *sink,
			 const struct moat_metric_label *labels,
			 uint64_t value);

/**
 * moat_metric_bucket() - a bucket of a histogram, in order, the last one for all
 * @sink: a histogram's family was begun
 * @labels: without "le", which must fit, too
 * @le: what it counts is not above this; infinite in the last one
 * @value: how many, those of all buckets before it among them
 */
void moat_metric_bucket(struct moat_metric_sink *sink,
			const struct moat_metric_label *labels, double le,
			uint64_t value);

/* No family follows. */
void moat_metric_end(struct moat_metric_sink *sink);

#endif
