// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines, by getopt_long(); the words of its complaints are ours, so
 * that they name what was typed and can be tested.
 */
#include "args.h"

#include "lib/log.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 16
#define SECONDS_MIN 0.1
#define SECONDS_MAX 86400.0

struct getopt_tables {
	struct option longs[OPTIONS_MAX + 2];
	char shorts[2 * OPTIONS_MAX + 8];
};

/* Option number i is told apart by the value i + 1; help is 'h'. */
static void fill_tables(const struct moat_args *args, struct getopt_tables *t)
{
	const struct moat_option *o = args->options;
	size_t i = 0, at = 0;

	memset(t, 0, sizeof(*t));
	if (args->first_ends)
		t->shorts[at++] = '+';
	t->shorts[at++] = ':';
	t->shorts[at++] = 'h';
	for (; o[i].name; i++) {
		bool flag = o[i].kind == MOAT_OPTION_FLAG;

		t->longs[i] = (struct option){ o[i].name,
			flag ? no_argument : required_argument, NULL, i + 1 };
		if (!o[i].letter)
			continue;
		t->shorts[at++] = o[i].letter;
		if (!flag)
			t->shorts[at++] = ':';
	}
	t->longs[i] = (struct option){ "help", no_argument, NULL, 'h' };
}

static const struct moat_option *find(const struct moat_args *args, int got)
{
	const struct moat_option *o;
	int i = 0;

	for (o = args->options; o->name; o++)
		if (got == ++i || (o->letter && got == o->letter))
			return o;
	return NULL;
}

static int wrong(struct moat_args *args, const char *what, const char *word)
{
	snprintf(args->error, sizeof(args->error), "%s '%s'", what, word);
	return -EINVAL;
}

static int store_value(struct moat_args *args, const struct moat_option *o)
{
	char *end;

	errno = 0;
	if (o->kind == MOAT_OPTION_FLAG) {
		*(bool *)o->value = true;
	} else if (o->kind == MOAT_OPTION_TEXT) {
		*(const char **)o->value = optarg;
	} else if (o->kind == MOAT_OPTION_COUNT) {
		long n = strtol(optarg, &end, 10);

		if (errno || end == optarg || *end || n < 1)
			return wrong(args, "not a number from 1 up:", optarg);
		*(long *)o->value = n;
	} else {
		double s = strtod(optarg, &end);

		if (errno || end == optarg || *end || !isfinite(s) ||
		    s < SECONDS_MIN || s > SECONDS_MAX)
			return wrong(args, "not a number of seconds from 0.1 "
				     "to 86400:", optarg);
		*(double *)o->value = s;
	}
	return 0;
}

/* What getopt did not like: the letter if it was one, else the whole word. */
static int bad_option(struct moat_args *args, int got, char **argv)
{
	const char *text = got == ':' ? "a value is missing behind" :
					"unknown option";
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, 0 };

	if (strncmp(word, "--", 2) != 0 && optopt > ' ' && optopt < 127)
		word = letter;
	return wrong(args, text, word);
}

/* The name of an operand that must be there; an empty one if it has none. */
static void operand_name(const char *synopsis, int number, char *name,
			 size_t size)
{
	int depth = 0;

	*name = '\0';
	while (synopsis && *synopsis) {
		size_t len = strcspn(synopsis, " ");

		if (*synopsis == '[')
			depth++;
		if (!depth && number-- == 0) {
			snprintf(name, size, "%.*s", (int)len, synopsis);
			return;
		}
		if (len && synopsis[len - 1] == ']')
			depth--;
		synopsis += len;
		synopsis += strspn(synopsis, " ");
	}
}

static int missing_operand(struct moat_args *args)
{
	int missing = args->min - args->count;
	char name[32];

	operand_name(args->synopsis, args->count, name, sizeof(name));
	if (*name)
		snprintf(args->error, sizeof(args->error), "%s is missing",
			 name);
	else
		snprintf(args->error, sizeof(args->error),
			 "%d word%s missing", missing,
			 missing == 1 ? " is" : "s are");
	return -EINVAL;
}

static int check_operands(struct moat_args *args)
{
	if (args->count > args->max && !args->first_ends)
		return wrong(args, "one word too many:",
			     args->operands[args->max]);
	return args->count < args->min ? missing_operand(args) : 0;
}

int moat_args_parse(struct moat_args *args, int argc, char **argv)
{
	struct getopt_tables t;
	int got, err;

	fill_tables(args, &t);
	opterr = 0;
	optind = 0;	/* glibc: begin anew, and look at the '+' again */
	while ((got = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (got == 'h') {
			args->help = true;
			return 0;
		}
		if (got == ':' || got == '?')
			return bad_option(args, got, argv);
		err = store_value(args, find(args, got));
		if (err)
			return err;
	}
	args->operands = argv + optind;
	args->count = argc - optind;
	return check_operands(args);
}

int moat_args_take(struct moat_args *args, const struct moat_command *command,
		   int argc, char **argv)
{
	args->synopsis = command->synopsis;
	if (moat_args_parse(args, argc, argv)) {
		moat_err("%s: %s", command->name, args->error);
		fprintf(stderr, "Usage: moat %s %s\nTry 'moat %s --help'.\n",
			command->name, command->synopsis, command->name);
		return MOAT_EXIT_USAGE;
	}
	if (args->help) {
		printf("Usage: moat %s %s\n\n%s.\n\n%s", command->name,
		       command->synopsis, command->summary, command->help);
		return MOAT_EXIT_OK;
	}
	return -1;
}
