/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command of moat is: a name, its help, and a function. main.c finds
 * the one that was typed.
 */
#ifndef MOAT_COMMAND_H
#define MOAT_COMMAND_H

/* How moat ends; moat.8 says the same. */
enum moat_exit {
	MOAT_EXIT_OK = 0,
	MOAT_EXIT_FAILED = 1,	/* tried, and it did not work */
	MOAT_EXIT_USAGE = 2,	/* not understood, nothing was done */
	MOAT_EXIT_NO_DAEMON = 3,	/* moatd does not answer */
	/* status -x, check and wait: */
	MOAT_EXIT_DEGRADED = 4,	/* something is missing */
	MOAT_EXIT_DOWN = 5,		/* something does not serve, or cannot */
};

/*
 * The "version" in all JSON that is one object; moat-json(5). A key may be added
 * without a new version; one that goes, or means something else, is a new one.
 */
#define MOAT_JSON_VERSION 1

/* What stands in front of the command: moat [--socket PATH] ... */
struct moat_context {
	const char *socket;
	int timeout_ms;		/* for one answer of moatd */
};

/**
 * struct moat_command - a command
 * @name: the word people type
 * @synopsis: options and operands
 * @summary: what it does, in a line
 * @help: the rest of what --help says; lines, the last one ended
 * @run: does it; argv[0] is the command's name. Returns enum moat_exit.
 */
struct moat_command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *help;
	int (*run)(const struct moat_command *command,
		   const struct moat_context *context, int argc, char **argv);
};

extern const struct moat_command moat_command_status;
extern const struct moat_command moat_command_check;
extern const struct moat_command moat_command_wait;
extern const struct moat_command moat_command_restart;
extern const struct moat_command moat_command_upgrade;
extern const struct moat_command moat_command_adopt;
extern const struct moat_command moat_command_hold;
extern const struct moat_command moat_command_resume;
extern const struct moat_command moat_command_attach;
extern const struct moat_command moat_command_detach;
extern const struct moat_command moat_command_mode;
extern const struct moat_command moat_command_top;
extern const struct moat_command moat_command_events;
extern const struct moat_command moat_command_metrics;

#endif
