// SPDX-License-Identifier: GPL-2.0
/*
 * moat top: the rates of all disks, live on the terminal or, for programs and
 * logs, as text or JSON.
 */
#include "args.h"
#include "sampler.h"
#include "screen.h"
#include "text.h"
#include "view.h"

#include "lib/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_SECONDS 2.0
#define ANSWER_SECONDS 0.5	/* drivers answer within milliseconds */

struct top {
	struct moat_sampler sampler;
	struct moat_table *table;
	double interval;	/* seconds between rounds */
	long rounds;		/* to show; 0: until stopped */
	enum moat_rank rank;
	bool json, help;	/* help: is shown */
};

/* What the columns are; the first line is the head. */
static const char columns[] =
	"COLUMN     WHAT IT IS; F/B: of the front and of the back half\n"
	"STATE      of the front half: up, waiting, replaying, held, failed; and why\n"
	"MODE       event: interrupts; spin: somebody looks all the time; adaptive\n"
	"REQ/S      requests answered\n"
	"US         time that half of them, and 99 of 100, were done in\n"
	"EVENTS     event channel notifications sent, per request\n"
	"SPIN HITS  looks that found something, and MISSES: that found nothing\n"
	"SLEEPS     times that nobody looked any more, until an event\n"
	"GRANTS     grants made or ended (front), mapped, copied or unmapped (back), per request\n"
	"RETAINED   writes kept until a flush covers them, for a recovery\n";

static double wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int next_round(struct top *top)
{
	double limit = top->interval / 2;

	return moat_sampler_round(&top->sampler, limit < ANSWER_SECONDS ?
					 limit : ANSWER_SECONDS);
}

/* --- text and JSON -------------------------------------------------------- */

static int wait_until(struct top *top, double end)
{
	int got;

	do {
		got = moat_xstore_wait(top->sampler.xs, -1, end);
	} while (got > 0 || got == -EINTR);
	return got;
}

static void print_round(const struct top *top)
{
	double now = wall_clock();
	char when[32];

	if (top->json) {
		moat_view_json(&top->sampler, top->rank, now, stdout);
	} else {
		printf("%s\n", moat_text_time(now, when, sizeof(when)));
		moat_view_table(top->table, &top->sampler, top->rank, stdout);
		putchar('\n');
	}
	fflush(stdout);
}

/* The first round has nothing to compare with, and is not shown. */
static int run_batch(struct top *top)
{
	double next = moat_xstore_clock();
	int err = next_round(top);

	for (long i = 0; !err && (!top->rounds || i < top->rounds); i++) {
		next += top->interval;
		err = wait_until(top, next);
		if (!err)
			err = next_round(top);
		if (!err)
			print_round(top);
		if (ferror(stdout))
			break;
	}
	return err;
}

/* --- the screen ------------------------------------------------------------ */

static int show(const struct top *top)
{
	char title[128], when[32], sum[MOAT_TEXT_SHORT];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -errno;
	if (top->help)
		fputs(columns, out);
	else
		moat_view_table(top->table, &top->sampler, top->rank, out);
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	snprintf(title, sizeof(title), "moat top by %s  %s  %d disk%s, %s requests/s",
		 moat_rank_names[top->rank],
		 moat_text_time(wall_clock(), when, sizeof(when)),
		 top->sampler.count, top->sampler.count == 1 ? "" : "s",
		 moat_text_count(moat_view_requests(&top->sampler), sum));
	moat_screen_show(title, text);
	free(text);
	return 0;
}

/* Return: true to leave. */
static bool obey(struct top *top, enum moat_screen_wish wish)
{
	if (wish == MOAT_SCREEN_ORDER)
		top->rank = (top->rank + 1) % MOAT_RANKS;
	if (wish == MOAT_SCREEN_HELP)
		top->help = !top->help;
	return wish == MOAT_SCREEN_LEAVE;
}

/* Serve the keyboard until the next round. Return: 1 to leave, 0, or -errno. */
static int serve_keys(struct top *top, double end)
{
	while (moat_xstore_clock() < end) {
		int got = moat_xstore_wait(top->sampler.xs, STDIN_FILENO, end);

		if (got < 0 && got != -EINTR)
			return got;
		if (got > 0)
			continue;
		/* a key, a new size, or time */
		if (obey(top, moat_screen_key()))
			return 1;
		got = show(top);
		if (got)
			return got;
	}
	return 0;
}

static int run_screen(struct top *top)
{
	double next = moat_xstore_clock();
	int err = next_round(top);

	for (long i = 0; !err && (!top->rounds || i <= top->rounds); i++) {
		err = show(top);
		next += top->interval;
		if (!err)
			err = serve_keys(top, next);
		if (!err)
			err = next_round(top);
	}
	return err > 0 ? 0 : err;
}

static int run_top(struct top *top, bool batch)
{
	int err;

	top->sampler.xs = moat_xstore_open();
	if (!top->sampler.xs)
		return MOAT_EXIT_FAILED;
	if (!batch && moat_screen_open()) {
		moat_err("top: this is no terminal that can show a screen; use --batch or --json");
		xs_close(top->sampler.xs);
		return MOAT_EXIT_USAGE;
	}
	top->table = moat_view_create();
	err = batch ? run_batch(top) : run_screen(top);
	moat_screen_close();
	if (err)
		moat_err("top: lost xenstore: %s", strerror(-err));
	moat_table_destroy(top->table);
	moat_sampler_deinit(&top->sampler);
	xs_close(top->sampler.xs);
	return err ? MOAT_EXIT_FAILED : MOAT_EXIT_OK;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	struct top top = { .interval = DEFAULT_SECONDS };
	const char *order = moat_rank_names[MOAT_RANK_NAME];
	bool batch = false;
	const struct moat_option options[] = {
		{ "batch", 'b', MOAT_OPTION_FLAG, &batch },
		{ "json", 0, MOAT_OPTION_FLAG, &top.json },
		{ "number", 'n', MOAT_OPTION_COUNT, &top.rounds },
		{ "delay", 'd', MOAT_OPTION_SECONDS, &top.interval },
		{ "sort", 's', MOAT_OPTION_TEXT, &order },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .max = 1 };
	int status = moat_args_take(&args, command, argc, argv);

	(void)context;
	if (status >= 0)
		return status;
	top.rank = moat_rank_parse(order);
	if (top.rank == MOAT_RANKS) {
		moat_err("top: --sort %s: it is one of name, requests, read, write, latency and "
			 "retained", order);
		return MOAT_EXIT_USAGE;
	}
	if (args.count)
		top.sampler.storage = args.operands[0];
	return run_top(&top, batch || top.json);
}

const struct moat_command moat_command_top = {
	.name = "top",
	.synopsis = "[--batch | --json] [-n NUMBER] [-d SECONDS] [-s ORDER] [STORAGE]",
	.summary = "Show what the disks do, per second",
	.help =
	"F/B stands for the front and the back half of a disk; a half that is not\n"
	"a Moat driver tells nothing: -. Leave with q; h tells of the columns, s changes\n"
	"the order.\n\n"
	"  -b, --batch          text, one table a round\n"
	"      --json           JSON, one object per disk and round, one a line\n"
	"  -n, --number NUMBER  so many rounds\n"
	"  -d, --delay SECONDS  between rounds; 2\n"
	"  -s, --sort ORDER     by name, requests, read, write, latency or retained\n",
	.run = run,
};
