// SPDX-License-Identifier: GPL-2.0
/*
 * A question, and its answer.
 */
#include "ask.h"

#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool moat_ask_yes(const char *question)
{
	char *line = NULL;
	size_t room = 0;
	bool yes = false;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		moat_err("nobody is there to be asked; --yes does it all the same");
		return false;
	}
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		yes = strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
	}
	free(line);
	return yes;
}
