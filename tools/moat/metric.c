// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics, written down.
 */
#include "metric.h"

#include <inttypes.h>
#include <math.h>

static const char * const types[] = { "gauge", "counter", "histogram" };

/* The older format knows no families: its counters are called as their samples. */
void moat_metric_begin(struct moat_metric_sink *sink,
		       const struct moat_metric_family *family)
{
	const char *suffix = sink->old && family->type == MOAT_METRIC_COUNTER ?
			     "_total" : "";

	sink->family = family;
	fprintf(sink->out, "# TYPE %s%s %s\n", family->name, suffix,
		types[family->type]);
	if (family->unit && !sink->old)
		fprintf(sink->out, "# UNIT %s %s\n", family->name,
			family->unit);
	fprintf(sink->out, "# HELP %s%s %s\n", family->name, suffix,
		family->help);
}

/* Names come from outside: what is no printable ASCII is no label either. */
static void put_value(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

static void put_label(struct moat_metric_sink *sink, bool first,
		      const char *name, const char *value)
{
	fprintf(sink->out, "%s%s=\"", first ? "{" : ",", name);
	put_value(sink->out, value ? value : "");
	fputc('"', sink->out);
}

/* NAME{LABELS} and a blank; @le is one more label, or NULL. */
static void put_head(struct moat_metric_sink *sink, const char *suffix,
		     const struct moat_metric_label *labels, const char *le)
{
	bool first = true;

	fprintf(sink->out, "%s%s", sink->family->name, suffix);
	for (; labels && labels->name; labels++) {
		put_label(sink, first, labels->name, labels->value);
		first = false;
	}
	if (le) {
		put_label(sink, first, "le", le);
		first = false;
	}
	fputs(first ? " " : "} ", sink->out);
}

void moat_metric_gauge(struct moat_metric_sink *sink,
		       const struct moat_metric_label *labels, double value)
{
	put_head(sink, "", labels, NULL);
	fprintf(sink->out, "%.15g\n", value);
}

void moat_metric_counter(struct moat_metric_sink *sink,
			 const struct moat_metric_label *labels, uint64_t value)
{
	put_head(sink, "_total", labels, NULL);
	fprintf(sink->out, "%" PRIu64 "\n", value);
}

/* The older format wants the number of all once more. */
void moat_metric_bucket(struct moat_metric_sink *sink,
			const struct moat_metric_label *labels, double le,
			uint64_t value)
{
	char text[32] = "+Inf";

	if (isfinite(le))
		snprintf(text, sizeof(text), "%.15g", le);
	put_head(sink, "_bucket", labels, text);
	fprintf(sink->out, "%" PRIu64 "\n", value);
	if (isfinite(le) || !sink->old)
		return;
	put_head(sink, "_count", labels, NULL);
	fprintf(sink->out, "%" PRIu64 "\n", value);
}

void moat_metric_end(struct moat_metric_sink *sink)
{
	if (!sink->old)
		fputs("# EOF\n", sink->out);
}
