// SPDX-License-Identifier: GPL-2.0
/*
 * The table for people and the JSON for programs; see README.md for what the
 * columns mean.
 */
#include "report.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* ---- table ---- */

static void print_figure(FILE *to, struct figure f, double unit)
{
	char spread[32];

	snprintf(spread, sizeof(spread), "%.4g-%.4g", f.min / unit, f.max / unit);
	fprintf(to, " %9.4g %-15s", f.median / unit, spread);
}

static double median(const struct results *r, u32 cell, enum value value)
{
	return figure_of(r, cell, value).median;
}

static void print_sides(const struct results *r, u32 cell, FILE *to)
{
	fprintf(to, " %6.1f %6.1f %7.3f %7.3f", 100 * median(r, cell, CPU_FRONT),
		100 * median(r, cell, CPU_BACK), median(r, cell, SENDS_FRONT),
		median(r, cell, SENDS_BACK));
}

static void table_closed(const struct results *r, FILE *to)
{
	u32 i;

	fprintf(to, "Always as many in flight as the depth (bounce: a round trip)\n\n"
		"%-17s %5s %9s %-15s %9s %6s %6s %7s %7s\n", "", "depth", "ns/req", "min-max",
		"overall", "cpu f%", "cpu b%", "sends f", "sends b");
	for (i = 0; i < r->nr_cells; i++) {
		if (r->cells[i].open)
			continue;
		fprintf(to, "%-17s %5u", cell_who(&r->cells[i]), r->cells[i].depth);
		print_figure(to, figure_of(r, i, PER_REQUEST_NS), 1);
		fprintf(to, " %9.4g", median(r, i, WHOLE_NS));
		print_sides(r, i, to);
		fprintf(to, "\n");
	}
}

static void table_open(const struct results *r, FILE *to)
{
	u32 i;

	fprintf(to, "\nArrivals at random, each of as many requests as the depth; us\n\n"
		"%-14s %5s %7s %9s %9s %-15s %9s %-15s %9s %6s %6s %7s %7s\n", "", "depth",
		"rate/s", "done/s", "mean", "min-max", "p50", "min-max", "p99", "cpu f%",
		"cpu b%", "sends f", "sends b");
	for (i = 0; i < r->nr_cells; i++) {
		const struct cell *c = &r->cells[i];

		if (!c->open)
			continue;
		fprintf(to, "%-14s %5u ", cell_who(c), c->depth);
		if (c->rate)
			fprintf(to, "%7u", c->rate);
		else
			fprintf(to, "%7s", "max");
		fprintf(to, " %9.4g", median(r, i, ARRIVALS_PER_S));
		print_figure(to, figure_of(r, i, MEAN_NS), 1000);
		print_figure(to, figure_of(r, i, P50_NS), 1000);
		fprintf(to, " %9.4g", median(r, i, P99_NS) / 1000);
		print_sides(r, i, to);
		fprintf(to, "\n");
	}
}

static void table_targets(const struct results *r, FILE *to)
{
	struct target targets[NR_TARGETS_MAX];
	u32 i, n = figures_targets(r, targets);

	fprintf(to, "\n%-62s %7s %6s %-13s\n", "Targets", "at most", "ratio", "min-max");
	for (i = 0; i < n; i++) {
		const struct target *t = &targets[i];

		fprintf(to, "%-62s %7.3g %6.3g %.3g-%.3g%s\n", t->name, t->limit,
			t->ratio.median, t->ratio.min, t->ratio.max,
			target_met(t) ? "" : "  missed");
	}
}

/* How much of it was ours alone. */
static void table_machine(const struct results *r, FILE *to)
{
	u64 preempted = 0, elapsed = 0;
	u32 i;

	for (i = 0; i < r->nr_cells * r->rounds; i++) {
		preempted += r->outcomes[i].preempted;
		elapsed += r->outcomes[i].elapsed_ns;
	}
	fprintf(to, "\nLoad average %.2f before, %.2f behind (two of it are ours); an end was "
		"pushed off its core %.0f times a second\n", r->load[0], r->load[1],
		elapsed ? preempted * 1e9 / elapsed : 0);
}

void report_table(const struct results *r, FILE *to)
{
	table_closed(r, to);
	table_open(r, to);
	table_targets(r, to);
	table_machine(r, to);
}

/* ---- json ---- */

static json_t *json_figure(struct figure f)
{
	return json_pack("{s:f, s:f, s:f}", "median", f.median, "min", f.min, "max", f.max);
}

/* The value behind "model name" in /proc/cpuinfo. */
static json_t *json_cpu_name(void)
{
	char line[256], name[200] = "unknown";
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %199[^\n]", name) == 1)
			break;
	if (f)
		fclose(f);
	return json_string(name);
}

static json_t *json_command(char **argv)
{
	json_t *list = json_array();

	for (; *argv; argv++)
		json_array_append_new(list, json_string(*argv));
	return list;
}

static json_t *json_machine(const struct results *r)
{
	const char *commit = getenv("MOAT_COMMIT");
	struct utsname name;

	uname(&name);
	return json_pack("{s:s, s:s, s:s, s:o, s:[i,i], s:[f,f], s:I, s:s, s:s, s:s, s:o}",
			 "host", name.nodename, "kernel", name.release,
			 "machine", name.machine, "cpu", json_cpu_name(),
			 "cpus", r->setup->cpu[0], r->setup->cpu[1],
			 "load_average", r->load[0], r->load[1],
			 "begun", (json_int_t)r->begun,
			 "commit", commit ? commit : "unknown",
			 "compiler", __VERSION__, "library", "ck " CK_VERSION,
			 "command", json_command(r->argv));
}

static json_t *json_setup(const struct results *r)
{
	const struct setup *s = r->setup;

	return json_pack("{s:i, s:I, s:I, s:i, s:i, s:i}", "rounds", r->rounds,
			 "cell_ns", (json_int_t)s->cell_ns, "open_ns", (json_int_t)s->open_ns,
			 "window_min_ns", s->spin.window_min_ns,
			 "window_max_ns", s->spin.window_max_ns,
			 "relax_every", s->relax_every);
}

static json_t *json_cell(const struct results *r, u32 cell)
{
	const struct cell *c = &r->cells[cell];
	u64 requests = 0, arrivals = 0;
	json_t *obj;
	u32 i;

	for (i = 0; i < r->rounds; i++) {
		requests += r->outcomes[cell * r->rounds + i].requests;
		arrivals += r->outcomes[cell * r->rounds + i].arrivals;
	}
	obj = json_pack("{s:s, s:i, s:b, s:i, s:I, s:I}", "who", cell_who(c), "depth", c->depth,
			"open", c->open, "rate", c->rate, "requests", (json_int_t)requests,
			"arrivals", (json_int_t)arrivals);
	for (i = 0; i < NR_VALUES; i++) {
		if (c->open ? i == PER_REQUEST_NS : i >= MEAN_NS && i <= P99_NS)
			continue;
		json_object_set_new(obj, value_names[i], json_figure(figure_of(r, cell, i)));
	}
	return obj;
}

static json_t *json_targets(const struct results *r)
{
	struct target targets[NR_TARGETS_MAX];
	u32 i, n = figures_targets(r, targets);
	json_t *list = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:f, s:o, s:b}",
				      "name", targets[i].name, "at_most", targets[i].limit,
				      "ratio", json_figure(targets[i].ratio),
				      "met", target_met(&targets[i])));
	return list;
}

/* Return: 0 or a negative errno. */
int report_json(const struct results *r, const char *path)
{
	json_t *cells = json_array(), *all;
	int err;
	u32 i;

	for (i = 0; i < r->nr_cells; i++)
		json_array_append_new(cells, json_cell(r, i));
	all = json_pack("{s:o, s:o, s:o, s:o}", "machine", json_machine(r),
			"setup", json_setup(r), "cells", cells, "targets", json_targets(r));
	if (!all)
		return -ENOMEM;
	err = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ? -EIO : 0;
	json_decref(all);
	return err;
}
