/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options and operands of one command, from a table that says what it takes.
 */
#ifndef MOAT_ARGS_H
#define MOAT_ARGS_H

#include "command.h"

#include <stdbool.h>

enum moat_option_kind {
	MOAT_OPTION_FLAG,	/* bool: true if given */
	MOAT_OPTION_TEXT,	/* const char * */
	MOAT_OPTION_COUNT,	/* long: 1 and more */
	MOAT_OPTION_SECONDS,	/* double: 0.1 .. 86400 */
};

/* An option; the end of a table has no name. */
struct moat_option {
	const char *name;	/* without the dashes */
	char letter;		/* or 0 */
	enum moat_option_kind kind;
	void *value;		/* set if it is given */
};

/**
 * struct moat_args - what a command line is made of
 * @options: the table
 * @min: so many operands at least
 * @max: ... and at most
 * @synopsis: names the operands, in capitals; NULL: they have no names
 * @first_ends: what follows the first operand is left alone
 * @operands: set to the first operand
 * @count: ... and their number
 * @help: set if --help was asked for; nothing else counts then
 * @error: set to what is wrong, if something is
 */
struct moat_args {
	const struct moat_option *options;
	int min, max;
	const char *synopsis;
	bool first_ends;
	char **operands;
	int count;
	bool help;
	char error[256];
};

/**
 * moat_args_parse() - take a command line apart
 * @args: what is expected, and what was found
 * @argc: number of words, the command's name among them
 * @argv: the words; their order is changed
 *
 * Return: 0, or -EINVAL with @args->error filled in.
 */
int moat_args_parse(struct moat_args *args, int argc, char **argv);

/**
 * moat_args_take() - the same for a command, which also speaks
 * @args: as above
 * @command: whose help is printed, if it was asked for
 * @argc: number of words
 * @argv: the words
 *
 * Return: -1 to go on, or the status to end with.
 */
int moat_args_take(struct moat_args *args, const struct moat_command *command,
		   int argc, char **argv);

#endif
