// SPDX-License-Identifier: GPL-2.0
/*
 * policy: latency against CPU of the shipping spin policy and of others.
 *
 * Runs each policy over each pattern of arrivals on a simulated vCPU, and says
 * whether the shipping one lies on or below the lower convex hull of the
 * others. docs/policy.md says what is modelled and how to read it.
 *
 * Exit status: 0; 1 if a result cannot be written; 2 if it cannot be done as
 * asked. Where the policy lies is a result, not a failure.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "../../tools/lib/option.h"
#include "pattern.h"
#include "report.h"
#include "trace.h"

#define TRACES_MAX 16u
#define PATTERNS_MAX 64u
#define COST_MAX 1000000000u

/* Between threads of one machine (docs/ring.md): an event costs some 10 us of
 * CPU in all, and a sleeper looks 10 us (just gone to sleep) to 60 us (vCPU
 * idle) behind it.
 */
static struct costs costs = {
	.send = 2000,
	.irq = 2000,
	.wake = 25000,
	.wake_cpu = 8000,
	.look = 100,
	.service = 1000,
	.slice = 3000000,
};

static struct {
	u64 seed;
	u32 requests;
	double worth, tolerance;
	const char *only, *json;
	const char *traces[TRACES_MAX];
	u32 nr_traces;
} opt = { .seed = 1, .requests = 20000, .worth = 8, .tolerance = 0.02 };

static const char usage_text[] =
	"usage: policy [OPTION]...\n"
	"  --trace FILE       arrivals recorded there; may be given again\n"
	"  --only TEXT        patterns and traces whose names contain it\n"
	"  --list             the patterns, and end\n"
	"  --seed N           of the patterns (1)\n"
	"  --requests N       about how many in each, 200 to 1000000 (20000)\n"
	"  --tolerance PCT    so far above the hull is still on it (2)\n"
	"  --worth N          us of CPU for a request done 1 us sooner (8, which is a\n"
	"                     window of 200 us for a wake-up of 25 us)\n"
	"  --json FILE        write all figures there\n"
	"what things take, in nanoseconds:\n"
	"  --send NS          CPU of the sender of an event (2000)\n"
	"  --irq NS           from there to the handler on a vCPU that runs (2000)\n"
	"  --wake NS          from there to the first look of one that slept (25000)\n"
	"  --wake-cpu NS      CPU used by falling asleep and waking up (8000)\n"
	"  --look NS          a look, at least 10 (100)\n"
	"  --service NS       a request (1000)\n"
	"  --slice NS         between turns of other work, if any (3000000)\n"
	"  --help\n";

/* ---- options ---- */

/* Those with a number: where it goes, and its limits. */
static const struct cost_option {
	const char *name;
	u64 *value;
	u64 min;
} cost_options[] = {
	{ "send", &costs.send, 0 },
	{ "irq", &costs.irq, 0 },
	{ "wake", &costs.wake, 0 },
	{ "wake-cpu", &costs.wake_cpu, 0 },
	{ "look", &costs.look, 10 },
	{ "service", &costs.service, 0 },
	{ "slice", &costs.slice, 1000 },
};

static const struct option options[] = {
	{ "send", required_argument, NULL, 'c' },
	{ "irq", required_argument, NULL, 'c' },
	{ "wake", required_argument, NULL, 'c' },
	{ "wake-cpu", required_argument, NULL, 'c' },
	{ "look", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 'c' },
	{ "slice", required_argument, NULL, 'c' },
	{ "trace", required_argument, NULL, 't' },
	{ "only", required_argument, NULL, 'o' },
	{ "list", no_argument, NULL, 'l' },
	{ "seed", required_argument, NULL, 's' },
	{ "requests", required_argument, NULL, 'r' },
	{ "tolerance", required_argument, NULL, 'T' },
	{ "worth", required_argument, NULL, 'w' },
	{ "json", required_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void parse_cost(const char *name)
{
	const struct cost_option *o = cost_options;

	for (; o < cost_options + MOAT_ARRAY_SIZE(cost_options); o++)
		if (!strcmp(o->name, name))
			*o->value = moat_option_number(name, optarg, o->min, COST_MAX);
}

__attribute__((noreturn))
static void list_patterns(void)
{
	u32 i;

	for (i = 0; i < nr_patterns; i++)
		printf("%-16s %s\n", patterns[i].name, patterns[i].about);
	exit(0);
}

static void parse_option(int c, const char *name)
{
	switch (c) {
	case 'c':
		parse_cost(name);
		break;
	case 't':
		if (opt.nr_traces == TRACES_MAX)
			moat_option_refuse("--trace: more than %u", TRACES_MAX);
		opt.traces[opt.nr_traces++] = optarg;
		break;
	case 'o':
		opt.only = optarg;
		break;
	case 'l':
		list_patterns();
	case 's':
		opt.seed = moat_option_number(name, optarg, 0, INT64_MAX);
		break;
	case 'r':
		opt.requests = moat_option_number(name, optarg, 200, 1000000);
		break;
	case 'T':
		opt.tolerance = moat_option_number(name, optarg, 0, 100) / 100.0;
		break;
	case 'w':
		opt.worth = moat_option_number(name, optarg, 0, 1000000);
		break;
	case 'j':
		opt.json = optarg;
		break;
	case 'h':
		fputs(usage_text, stdout);
		exit(0);
	default:
		fputs(usage_text, stderr);
		exit(2);
	}
}

static void parse_options(int argc, char **argv)
{
	int c, which = 0;

	while ((c = getopt_long(argc, argv, "", options, &which)) != -1)
		parse_option(c, options[which].name);
	if (optind < argc)
		moat_option_refuse("what is this: %s", argv[optind]);
}

/* ---- judging ---- */

static double price(struct point p)
{
	return p.cpu + opt.worth * p.latency;
}

static void judge(struct judged *j)
{
	struct point others[POLICIES_MAX], ours = { };
	double least = INFINITY;
	u32 i, n = 0;

	for (i = 0; i < nr_policies; i++) {
		const struct outcome *o = &j->outcomes[i];

		j->points[i].latency = (double)o->latency / o->requests / 1e3;
		j->points[i].cpu = (double)o->cpu / o->requests / 1e3;
		if (policies[i].shipping) {
			ours = j->points[i];
			continue;
		}
		others[n++] = j->points[i];
		if (price(j->points[i]) < least) {
			least = price(j->points[i]);
			j->best = i;
		}
	}
	j->dearer = price(ours) / least - 1;
	j->nr_hull = hull_make(others, n, j->hull);
	j->above = hull_above(j->hull, j->nr_hull, ours);
}

static void measure(struct results *r, const char *name, const char *about,
		    const struct load *load)
{
	struct judged *j = &r->judged[r->nr_judged++];
	u32 i;

	j->name = name;
	j->about = about;
	for (i = 0; i < nr_policies; i++)
		if (sim_run(load, r->costs, &policies[i], &j->outcomes[i]))
			moat_option_refuse("no memory");
	judge(j);
}

static bool wanted(const char *name)
{
	return !opt.only || strstr(name, opt.only);
}

static void measure_patterns(struct results *r)
{
	struct load load;
	u32 i;

	for (i = 0; i < nr_patterns; i++) {
		const struct pattern *p = &patterns[i];

		if (!wanted(p->name))
			continue;
		if (pattern_make(p, r->seed, opt.requests, &load))
			moat_option_refuse("no memory");
		measure(r, p->name, p->about, &load);
		pattern_free(&load);
	}
}

static void measure_traces(struct results *r)
{
	u32 i;

	for (i = 0; i < opt.nr_traces; i++) {
		const char *path = opt.traces[i], *slash = strrchr(path, '/');
		struct load load = { .nr_rings = 1 };

		if (!wanted(path))
			continue;
		if (trace_read(path, &load.sources[0].gaps, &load.sources[0].n))
			exit(2);
		measure(r, slash ? slash + 1 : path, "recorded", &load);
		pattern_free(&load);
	}
}

int main(int argc, char **argv)
{
	static struct judged judged[PATTERNS_MAX];
	struct results results = { .judged = judged, .costs = &costs };

	parse_options(argc, argv);
	results.seed = opt.seed;
	results.worth = opt.worth;
	results.tolerance = opt.tolerance;
	measure_patterns(&results);
	measure_traces(&results);
	if (!results.nr_judged)
		moat_option_refuse("--only: no pattern and no trace is called that: %s", opt.only);
	report_table(&results, stdout);
	if (opt.json && report_json(&results, opt.json)) {
		fprintf(stderr, "policy: %s: cannot be written\n", opt.json);
		return 1;
	}
	return 0;
}
