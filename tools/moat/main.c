// SPDX-License-Identifier: GPL-2.0
/*
 * moat: the command with which administrators look at storage domains and
 * handle them. This file finds the command that was asked for.
 */
#include "args.h"
#include "client.h"
#include "command.h"

#include "lib/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_SECONDS 10.0
#define DISTANCE_MAX 32u	/* longer words are like no other */
#define GUESS_MAX 2u		/* letters that may be wrong */

static const struct moat_command * const commands[] = {
	&moat_command_status, &moat_command_check, &moat_command_wait,
	&moat_command_restart, &moat_command_upgrade, &moat_command_adopt,
	&moat_command_hold, &moat_command_resume, &moat_command_attach,
	&moat_command_detach, &moat_command_mode, &moat_command_top,
	&moat_command_events, &moat_command_metrics,
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *out)
{
	fputs("Usage: moat [--socket PATH] [--timeout SECONDS] COMMAND ...\n\n"
	      "Looks after storage domains and their disks.\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s  %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\n"
	      "      --socket PATH      where moatd listens: $MOATD_SOCKET or\n"
	      "                         " MOAT_CLIENT_SOCKET "\n"
	      "      --timeout SECONDS  how long to wait for an answer of moatd: 10\n"
	      "  -h, --help             this text; moat COMMAND --help: about one command\n"
	      "  -V, --version          the version\n", out);
}

static const struct moat_command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* How many letters to put in, take out or change. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[DISTANCE_MAX + 1], columns = strlen(b);

	if (strlen(a) > DISTANCE_MAX || columns > DISTANCE_MAX)
		return DISTANCE_MAX;
	for (unsigned int i = 0; i <= columns; i++)
		row[i] = i;
	for (; *a; a++) {
		unsigned int corner = row[0]++;

		for (unsigned int i = 1; i <= columns; i++) {
			unsigned int best = corner + (*a != b[i - 1]);

			corner = row[i];
			if (row[i] + 1 < best)
				best = row[i] + 1;
			if (row[i - 1] + 1 < best)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[columns];
}

/* The command that was probably meant, or NULL. */
static const struct moat_command *guess(const char *word)
{
	const struct moat_command *best = NULL;
	unsigned int least = GUESS_MAX + 1;

	for (size_t i = 0; i < COMMANDS; i++) {
		unsigned int d = distance(word, commands[i]->name);

		if (d < least) {
			least = d;
			best = commands[i];
		}
	}
	return best;
}

static int usage_error(const char *text, const char *word)
{
	moat_err("%s%s%s%s", text, word ? " '" : "", word ? word : "",
		 word ? "'" : "");
	fputs("Try 'moat --help'.\n", stderr);
	return MOAT_EXIT_USAGE;
}

static int no_command(const char *word)
{
	const struct moat_command *meant = guess(word);

	moat_err("there is no command '%s'", word);
	if (meant)
		fprintf(stderr, "Did you mean '%s'? ", meant->name);
	fputs("Try 'moat --help'.\n", stderr);
	return MOAT_EXIT_USAGE;
}

/* moat help, moat help COMMAND */
static int help(const struct moat_context *context, int argc, char **argv)
{
	static char name[] = "help", option[] = "--help";
	char *words[] = { name, option, NULL };
	const struct moat_command *command;

	if (argc < 2) {
		print_help(stdout);
		return MOAT_EXIT_OK;
	}
	command = find(argv[1]);
	return command ? command->run(command, context, 2, words) :
			 no_command(argv[1]);
}

static int run(const struct moat_context *context, int argc, char **argv)
{
	const struct moat_command *command = find(argv[0]);
	int status;

	if (!command && strcmp(argv[0], "help") == 0)
		return help(context, argc, argv);
	if (!command)
		return no_command(argv[0]);
	status = command->run(command, context, argc, argv);
	/* a full disk behind a redirection must not pass for success */
	if (fflush(stdout) || ferror(stdout)) {
		moat_err("cannot write the output");
		return status ? status : MOAT_EXIT_FAILED;
	}
	return status;
}

int main(int argc, char *argv[])
{
	const char *socket = getenv("MOATD_SOCKET");
	double timeout = TIMEOUT_SECONDS;
	bool version = false;
	const struct moat_option options[] = {
		{ "socket", 0, MOAT_OPTION_TEXT, &socket },
		{ "timeout", 0, MOAT_OPTION_SECONDS, &timeout },
		{ "version", 'V', MOAT_OPTION_FLAG, &version },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .first_ends = true };
	struct moat_context context;

	moat_log_init("moat", false);
	if (moat_args_parse(&args, argc, argv))
		return usage_error(args.error, NULL);
	if (args.help) {
		print_help(stdout);
		return MOAT_EXIT_OK;
	}
	if (version) {
		printf("moat %s\n", MOAT_VERSION);
		return MOAT_EXIT_OK;
	}
	if (!args.count) {
		print_help(stderr);
		return MOAT_EXIT_USAGE;
	}
	context.socket = socket && *socket ? socket : MOAT_CLIENT_SOCKET;
	context.timeout_ms = (int)(timeout * 1e3);
	return run(&context, args.count, args.operands);
}
