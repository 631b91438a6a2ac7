// SPDX-License-Identifier: GPL-2.0
/*
 * The table and the JSON; see report.h.
 */
#include "report.h"

#include <jansson.h>

/* ---- table ---- */

static double share(u64 part, u64 of)
{
	return of ? 100.0 * part / of : 0;
}

static void print_pattern(const struct results *r, const struct judged *j, FILE *to)
{
	u32 i;

	fprintf(to, "\n%s: %s\n", j->name, j->about);
	fprintf(to, "  %-10s %10s %9s %9s %10s %7s %8s %9s\n", "", "latency us", "p50", "p99",
		"cpu us/req", "cpu %", "stolen %", "event/req");
	for (i = 0; i < nr_policies; i++) {
		const struct outcome *o = &j->outcomes[i];

		fprintf(to, "  %-10s %10.2f %9.2f %9.2f %10.2f %7.2f %8.2f %9.3f\n",
			policies[i].name, j->points[i].latency, o->p50 / 1e3, o->p99 / 1e3,
			j->points[i].cpu, share(o->cpu, o->elapsed),
			share(o->stolen, o->elapsed), (double)o->events / o->requests);
	}
	fprintf(to, "  hull: %s", judged_on_hull(r, j) ? "on or below" : "above");
	fprintf(to, " (%+.1f %%)\n", 100 * j->above);
}

static void print_hulls(const struct results *r, FILE *to)
{
	u32 i, on = 0;

	fprintf(to, "\nThe shipping policy; above the hull, and dearer than the best of the others "
		"where 1 us\nof latency is worth %g us of CPU\n%-16s %10s %10s %8s %9s %s\n",
		r->worth, "", "latency us", "cpu us/req", "above %", "dearer %", "the best");
	for (i = 0; i < r->nr_judged; i++) {
		const struct judged *j = &r->judged[i];
		u32 k;

		for (k = 0; !policies[k].shipping; k++)
			;
		on += judged_on_hull(r, j);
		fprintf(to, "%-16s %10.2f %10.2f %+8.1f %+9.1f %-10s%s\n", j->name,
			j->points[k].latency, j->points[k].cpu, 100 * j->above,
			100 * j->dearer, policies[j->best].name,
			judged_on_hull(r, j) ? "" : " above");
	}
	fprintf(to, "on or below the hull, give or take %g %%: %u of %u\n", 100 * r->tolerance,
		on, r->nr_judged);
}

void report_table(const struct results *r, FILE *to)
{
	u32 i;

	for (i = 0; i < r->nr_judged; i++)
		print_pattern(r, &r->judged[i], to);
	print_hulls(r, to);
}

/* ---- json ---- */

static json_t *json_policy(const struct judged *j, u32 i)
{
	const struct outcome *o = &j->outcomes[i];

	return json_pack("{s:s, s:b, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:I}",
			 "name", policies[i].name, "shipping", policies[i].shipping,
			 "latency_mean_us", j->points[i].latency,
			 "latency_p50_us", o->p50 / 1e3, "latency_p99_us", o->p99 / 1e3,
			 "cpu_us_per_request", j->points[i].cpu,
			 "cpu_percent", share(o->cpu, o->elapsed),
			 "stolen_percent", share(o->stolen, o->elapsed),
			 "requests", o->requests, "events", o->events, "sleeps", o->sleeps,
			 "elapsed_ns", (json_int_t)o->elapsed);
}

static json_t *json_pattern(const struct results *r, const struct judged *j)
{
	json_t *list = json_array(), *hull = json_array();
	u32 i;

	for (i = 0; i < nr_policies; i++)
		json_array_append_new(list, json_policy(j, i));
	for (i = 0; i < j->nr_hull; i++)
		json_array_append_new(hull, json_pack("[f,f]", j->hull[i].latency,
						      j->hull[i].cpu));
	return json_pack("{s:s, s:s, s:o, s:o, s:f, s:b, s:f, s:s}", "name", j->name,
			 "about", j->about, "policies", list, "hull", hull,
			 "above", j->above, "on_hull", judged_on_hull(r, j),
			 "dearer", j->dearer, "best", policies[j->best].name);
}

static json_t *json_costs(const struct costs *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "send_ns", (json_int_t)c->send, "irq_ns", (json_int_t)c->irq,
			 "wake_ns", (json_int_t)c->wake, "wake_cpu_ns", (json_int_t)c->wake_cpu,
			 "look_ns", (json_int_t)c->look, "service_ns", (json_int_t)c->service,
			 "slice_ns", (json_int_t)c->slice);
}

/* Return: 0 or a negative errno. */
int report_json(const struct results *r, const char *path)
{
	json_t *list = json_array(), *all;
	int err;
	u32 i;

	for (i = 0; i < r->nr_judged; i++)
		json_array_append_new(list, json_pattern(r, &r->judged[i]));
	all = json_pack("{s:o, s:I, s:f, s:f, s:o}", "costs", json_costs(r->costs),
			"seed", (json_int_t)r->seed, "tolerance", r->tolerance,
			"worth", r->worth, "patterns", list);
	if (!all)
		return -ENOMEM;
	err = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ? -EIO : 0;
	json_decref(all);
	return err;
}
