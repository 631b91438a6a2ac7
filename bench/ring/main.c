// SPDX-License-Identifier: GPL-2.0
/*
 * ring: what a request and its answer cost on the bare machine.
 *
 * Measures the shipping ring in each mode against a bounced cache line and a
 * library's ring, all between the same two cores, in rounds: each round
 * measures every cell once, so what disturbs the machine for a while disturbs
 * all of them. README.md says how to read what it prints.
 *
 * Exit status: 0; 1 if the measurement failed, be it for a request that was
 * not answered once; 2 if it cannot be done as asked.
 */
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/lib/option.h"
#include "report.h"

#define LIST_MAX 16u
#define CELLS_MAX 256u
#define SECOND_MAX_MS 60000u

struct list {
	u32 value[LIST_MAX];
	u32 n;
};

static struct {
	struct list depths, rates, cpus;
	u32 rounds, cell_ms, rate_ms, relax_every, window_min_ns, window_max_ns;
	const char *json;
} opt = {
	.depths = { { 1, 32 }, 2 },
	.rates = { { 100, 1000, 5000, 10000, 20000, 50000, 100000, 500000, 0 }, 9 },
	.rounds = 7,
	.cell_ms = 100,
	.rate_ms = 1000,
	.relax_every = 1,
	/* As the kernel modules have them. */
	.window_min_ns = 10000,
	.window_max_ns = 200000,
};

static const char usage_text[] =
	"usage: ring [OPTION]...\n"
	"  --depth LIST       requests in flight, 1 to 32 (1,32)\n"
	"  --rate LIST        arrivals per second, max for saturation\n"
	"                     (100,1000,5000,10000,20000,50000,100000,500000,max)\n"
	"  --rounds N         how often everything is measured, 1 to 99 (7)\n"
	"  --cell-ms N        length of a measurement (100)\n"
	"  --rate-ms N        longest one where requests are rare (1000)\n"
	"  --cpus A,B         cores of front end and back end (the first two)\n"
	"  --relax N          fruitless looks per PAUSE, 0 for none (1)\n"
	"  --window-min NS    of the adaptive policy (10000)\n"
	"  --window-max NS    of the adaptive policy (200000)\n"
	"  --json FILE        write all figures there\n"
	"  --help\n";

/* ---- options ---- */

static void parse_list(const char *option, char *text, u32 min, u32 max, struct list *list)
{
	bool rate = !strcmp(option, "rate");
	char *word, *rest = text;

	list->n = 0;
	while ((word = strsep(&rest, ","))) {
		if (list->n == LIST_MAX)
			moat_option_refuse("--%s: more than %u values", option, LIST_MAX);
		list->value[list->n++] = rate && !strcmp(word, "max") ? 0 :
					 moat_option_number(option, word, min, max);
	}
}

static const struct option options[] = {
	{ "depth", required_argument, NULL, 'd' },
	{ "rate", required_argument, NULL, 'r' },
	{ "rounds", required_argument, NULL, 'n' },
	{ "cell-ms", required_argument, NULL, 'c' },
	{ "rate-ms", required_argument, NULL, 'm' },
	{ "cpus", required_argument, NULL, 'p' },
	{ "relax", required_argument, NULL, 'x' },
	{ "window-min", required_argument, NULL, 'w' },
	{ "window-max", required_argument, NULL, 'W' },
	{ "json", required_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void parse_option(int c, const char *name)
{
	switch (c) {
	case 'd':
		parse_list(name, optarg, 1, RING_DEPTH_MAX, &opt.depths);
		break;
	case 'r':
		parse_list(name, optarg, 1, 100000000, &opt.rates);
		break;
	case 'n':
		opt.rounds = moat_option_number(name, optarg, 1, 99);
		break;
	case 'c':
		opt.cell_ms = moat_option_number(name, optarg, 1, SECOND_MAX_MS);
		break;
	case 'm':
		opt.rate_ms = moat_option_number(name, optarg, 1, SECOND_MAX_MS);
		break;
	case 'p':
		parse_list(name, optarg, 0, CPU_SETSIZE - 1, &opt.cpus);
		break;
	case 'x':
		opt.relax_every = moat_option_number(name, optarg, 0, 1000000);
		break;
	case 'w':
		opt.window_min_ns = moat_option_number(name, optarg, 0, 1000000000);
		break;
	case 'W':
		opt.window_max_ns = moat_option_number(name, optarg, 0, 1000000000);
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

/* Two different cores that we may use, or the end. */
static void choose_cpus(int cpu[2])
{
	cpu_set_t set;
	u32 i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		moat_option_refuse("cannot tell what cores there are: %s", strerror(errno));
	if (CPU_COUNT(&set) < 2)
		moat_option_refuse("needs two cores, one for each end; may use %d",
				   CPU_COUNT(&set));
	if (opt.cpus.n) {
		if (opt.cpus.n != 2 || opt.cpus.value[0] == opt.cpus.value[1])
			moat_option_refuse("--cpus: two different cores, please");
		for (i = 0; i < 2; i++) {
			cpu[i] = opt.cpus.value[i];
			if (!CPU_ISSET(cpu[i], &set))
				moat_option_refuse("--cpus: core %d is not there, or not for us",
						   cpu[i]);
		}
		return;
	}
	for (i = 0; n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
}

/* ---- cells ---- */

static struct cell cells[CELLS_MAX];
static u32 nr_cells;

static void add(struct cell cell)
{
	if (nr_cells == CELLS_MAX)
		moat_option_refuse("more than %u combinations", CELLS_MAX);
	cells[nr_cells++] = cell;
}

static void add_modes(bool open, u32 depth, u32 rate)
{
	static const enum moat_mode modes[] = {
		MOAT_MODE_SPIN, MOAT_MODE_ADAPTIVE, MOAT_MODE_EVENT,
	};
	u32 i;

	for (i = 0; i < MOAT_ARRAY_SIZE(modes); i++)
		add((struct cell){ .who = MOAT, .mode = modes[i], .depth = depth,
				   .open = open, .rate = rate });
}

static void add_cells(void)
{
	u32 d, r;

	add((struct cell){ .who = BOUNCE, .depth = 1 });
	for (d = 0; d < opt.depths.n; d++) {
		u32 depth = opt.depths.value[d];

		add((struct cell){ .who = LIBRARY, .depth = depth });
		add_modes(false, depth, 0);
		add((struct cell){ .who = LIBRARY_POINTER, .depth = depth });
	}
	for (d = 0; d < opt.depths.n; d++)
		for (r = 0; r < opt.rates.n; r++)
			add_modes(true, opt.depths.value[d], opt.rates.value[r]);
}

/* Every second round goes backwards, so that none is always behind the same. */
static int measure_round(struct results *results, u32 round)
{
	u32 i, c;
	int err;

	for (i = 0; i < nr_cells; i++) {
		c = round % 2 ? nr_cells - 1 - i : i;
		/* The same arrivals for every mode, others in every round. */
		err = pair_measure(&cells[c], results->setup,
				   0x9e3779b97f4a7c15ULL * (round + 1),
				   &results->outcomes[c * results->rounds + round]);
		if (err) {
			fprintf(stderr, "ring: cell %u: %s\n", c,
				err == -EPROTO ? "a request was not answered once" :
						 strerror(-err));
			return err;
		}
	}
	return 0;
}

static int measure(struct results *results)
{
	u32 round;
	int err;

	getloadavg(&results->load[0], 1);
	for (round = 0; round < results->rounds; round++) {
		err = measure_round(results, round);
		if (err)
			return err;
	}
	getloadavg(&results->load[1], 1);
	return 0;
}

static int report(const struct results *results)
{
	int err;

	report_table(results, stdout);
	err = opt.json ? report_json(results, opt.json) : 0;
	if (err)
		fprintf(stderr, "ring: %s: cannot be written\n", opt.json);
	return err;
}

int main(int argc, char **argv)
{
	struct setup setup = { };
	struct results results = {
		.cells = cells,
		.setup = &setup,
		.begun = time(NULL),
		.argv = argv,
	};
	int err;

	parse_options(argc, argv);
	choose_cpus(setup.cpu);
	add_cells();
	setup.spin.window_min_ns = opt.window_min_ns;
	setup.spin.window_max_ns = opt.window_max_ns;
	setup.relax_every = opt.relax_every;
	setup.cell_ns = opt.cell_ms * 1000000ULL;
	setup.open_ns = opt.rate_ms * 1000000ULL;
	results.nr_cells = nr_cells;
	results.rounds = opt.rounds;
	results.outcomes = calloc((size_t)nr_cells * opt.rounds, sizeof(*results.outcomes));
	if (!results.outcomes)
		moat_option_refuse("no memory for the results");
	err = measure(&results);
	if (!err)
		err = report(&results);
	free(results.outcomes);
	return err ? 1 : 0;
}
