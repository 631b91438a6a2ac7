// SPDX-License-Identifier: GPL-2.0
/*
 * moat wait: until storage domains serve. At boot, what uses their disks has to
 * come after them, and a script that restarts one wants to know when it is back.
 */
#include "args.h"
#include "client.h"
#include "condition.h"
#include "field.h"
#include "xstore.h"

#include "lib/log.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#define WAIT_SECONDS 300.0
#define LOOK_MS 500		/* a look costs moatd a few reads for each disk */

/* What a look has found. */
enum look {
	LOOK_SERVES,
	LOOK_NOT_YET,
	LOOK_NO_DAEMON,
	LOOK_UNKNOWN,		/* moatd keeps no storage domain of this name */
};

/* Is it the one that is waited for, and does it not serve? */
static bool is_down(json_t *storage, const char *name)
{
	return (!name || strcmp(moat_field_text(storage, "name"), name) == 0) &&
	       moat_condition_judge(storage) == MOAT_CONDITION_DOWN;
}

static bool is_there(const json_t *list, const char *name)
{
	const json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage)
		if (!name || strcmp(moat_field_text(storage, "name"), name) == 0)
			return true;
	return false;
}

static enum look look(const struct moat_context *context, const char *name)
{
	enum look found = LOOK_SERVES;
	json_t *answer, *storage;
	const json_t *list;
	size_t i;

	if (moat_client_try(context, json_pack("{s:s}", "command", "status"),
			    &answer))
		return LOOK_NO_DAEMON;
	list = json_object_get(answer, "storage");
	if (!is_there(list, name))
		found = LOOK_UNKNOWN;
	json_array_foreach(list, i, storage)
		if (is_down(storage, name))
			found = LOOK_NOT_YET;
	json_decref(answer);
	return found;
}

static int give_up(enum look found, const char *name, double patience)
{
	if (found == LOOK_NO_DAEMON) {
		moat_err("moatd has not answered within %g s", patience);
		return MOAT_EXIT_NO_DAEMON;
	}
	moat_err("%s: not within %g s; 'moat status -x' says why",
		 name ? name : "all storage domains", patience);
	return MOAT_EXIT_DOWN;
}

static int wait_for(const struct moat_context *context, const char *name,
		    double patience)
{
	double end = moat_xstore_clock() + patience;
	enum look found;

	while ((found = look(context, name)) != LOOK_SERVES) {
		double left = (end - moat_xstore_clock()) * 1e3;

		if (found == LOOK_UNKNOWN) {
			moat_err("moatd keeps no storage domain%s%s%s",
				 name ? " '" : "", name ? name : "",
				 name ? "'" : "");
			return MOAT_EXIT_FAILED;
		}
		if (left <= 0)
			return give_up(found, name, patience);
		poll(NULL, 0, left < LOOK_MS ? (int)left + 1 : LOOK_MS);
	}
	return MOAT_EXIT_OK;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	double patience = WAIT_SECONDS;
	const struct moat_option options[] = {
		{ "wait", 0, MOAT_OPTION_SECONDS, &patience },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .max = 1 };
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	return wait_for(context, args.count ? args.operands[0] : NULL,
			patience);
}

const struct moat_command moat_command_wait = {
	.name = "wait",
	.synopsis = "[--wait SECONDS] [STORAGE]",
	.summary = "Wait until storage domains serve",
	.help =
	"Waits for moatd as well. The status is 0 as soon as all of them serve, or the\n"
	"one that is named, 5 if they do not, and 3 if moatd does not answer, in time.\n\n"
	"      --wait SECONDS  for how long, 300 if not said\n",
	.run = run,
};
