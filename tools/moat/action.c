// SPDX-License-Identifier: GPL-2.0
/*
 * moat restart, moat upgrade: ask moatd to replace a storage domain, and follow
 * the events until it is done. The watch is set up before the request is sent,
 * so that no event of it can be missed.
 *
 * moatd refuses an upgrade that would cost somebody a disk. A restart is also the
 * way out of trouble, so it is done, but not by mistake.
 */
#include "args.h"
#include "ask.h"
#include "client.h"
#include "event.h"
#include "eventline.h"
#include "field.h"
#include "storages.h"

#include "lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_SECONDS 300.0
#define RETRY_MS 200

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double now_seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

static void print_phases(const struct moat_event *event)
{
	for (size_t i = 0; i < MOAT_PHASE_COUNT; i++)
		if (event->phases[i] >= 0)
			printf("  %-10s %8.0f ms\n", moat_phase_names[i],
			       event->phases[i]);
	if (event->total >= 0)
		printf("  %-10s %8.0f ms\n", "total", event->total);
}

static void print_event(const json_t *object, const struct moat_event *event,
			bool json)
{
	char line[MOAT_EVENTLINE_BYTES];

	if (json) {
		json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		fflush(stdout);
		return;
	}
	moat_eventline_format(event, line);
	puts(line);
	if (moat_event_outcome(event) != MOAT_OUTCOME_OPEN)
		print_phases(event);
	fflush(stdout);
}

/* A request under way, and how far its events have been told. */
struct action {
	const struct moat_context *context;
	struct moat_client client;
	const char *storage;
	bool json;
	double told;		/* moment of the last event told */
	double end;		/* of our patience, in monotonic seconds */
};

static enum moat_outcome tell(struct action *a, const json_t *object)
{
	struct moat_event event;

	if (moat_event_decode(object, &event) ||
	    strcmp(event.storage, a->storage) != 0)
		return MOAT_OUTCOME_OPEN;
	print_event(object, &event, a->json);
	if (event.seconds > a->told)
		a->told = event.seconds;
	return moat_event_outcome(&event);
}

/* The events of a restarted moatd, those told already left out. */
static enum moat_outcome catch_up(struct action *a)
{
	enum moat_outcome outcome = MOAT_OUTCOME_OPEN;
	json_t *answer, *object;
	size_t i;

	if (moat_client_call(a->context, json_pack("{s:s}", "command",
						   "events"), &answer))
		return MOAT_OUTCOME_OPEN;
	json_array_foreach(json_object_get(answer, "events"), i, object) {
		if (moat_field_number(object, "time") > a->told)
			outcome = tell(a, object);
		if (outcome != MOAT_OUTCOME_OPEN)
			break;
	}
	json_decref(answer);
	return outcome;
}

/*
 * moatd may be restarted in the middle of a recovery and goes on with it then;
 * so do we, with the events written meanwhile.
 */
static int reconnect(struct action *a, enum moat_outcome *outcome)
{
	int err;

	if (!a->json)
		printf("%s: lost moatd, waiting for it to come back\n",
		       a->storage);
	fflush(stdout);
	do {
		moat_client_close(&a->client);
		if (now_seconds() > a->end)
			return -ETIMEDOUT;
		poll(NULL, 0, RETRY_MS);
		err = moat_client_watch(a->context, &a->client);
	} while (err);
	*outcome = catch_up(a);
	return 0;
}

/* Print the events of one storage domain up to the one that ends it. */
static int follow(struct action *a, double patience)
{
	enum moat_outcome outcome = MOAT_OUTCOME_OPEN;
	int err = 0;

	while (!err && outcome == MOAT_OUTCOME_OPEN) {
		double left = (a->end - now_seconds()) * 1e3;
		json_t *object;

		err = moat_client_receive(&a->client, left > 0 ? (int)left : 0,
					  &object);
		if (!err) {
			outcome = tell(a, object);
			json_decref(object);
		} else if (err != -ETIMEDOUT) {
			err = reconnect(a, &outcome);
		}
	}
	if (outcome == MOAT_OUTCOME_OPEN) {
		moat_err("%s: not done within %g s; it may still be going on, see 'moat events'",
			 a->storage, patience);
		return MOAT_EXIT_FAILED;
	}
	return outcome == MOAT_OUTCOME_GOOD ? MOAT_EXIT_OK : MOAT_EXIT_FAILED;
}

/* Name the disks that would be lost. Return: how many. */
static size_t list_losses(const json_t *storage)
{
	size_t i, count = 0;
	const json_t *disk;

	json_array_foreach(json_object_get(storage, "disks"), i, disk) {
		if (!moat_condition_would_lose(storage, disk))
			continue;
		moat_warn("%s would lose its disk %s for good: its front end cannot recover",
			  moat_field_text(disk, "domain"),
			  moat_field_text(disk, "vdev"));
		count++;
	}
	return count;
}

/* Return: MOAT_EXIT_OK to go on, or the status to end with. */
static int confirm(const struct moat_context *context, const char *storage)
{
	json_t *list;
	size_t losses;
	int status = moat_storages_get(context, storage, &list);

	if (status != MOAT_EXIT_OK)
		return status;
	losses = list_losses(json_array_get(list, 0));
	json_decref(list);
	if (!losses || moat_ask_yes("Restart it all the same?"))
		return MOAT_EXIT_OK;
	moat_err("%s is left as it is", storage);
	return MOAT_EXIT_FAILED;
}

static int ask(const struct moat_context *context, const char *what,
	       const char *storage)
{
	json_t *request = json_pack("{s:s,s:s}", "command", what, "storage",
				    storage);
	json_t *answer;
	int status;

	if (!request) {
		moat_err("%s: the name is not UTF-8", what);
		return MOAT_EXIT_USAGE;
	}
	status = moat_client_call(context, request, &answer);
	if (status == MOAT_EXIT_OK)
		json_decref(answer);
	return status;
}

/* Send the request, and follow what comes of it unless @patience is 0. */
static int act(struct action *a, const char *what, double patience)
{
	int status, err = 0;

	a->told = seconds_of(CLOCK_REALTIME);
	a->end = now_seconds() + patience;
	if (patience > 0)
		err = moat_client_watch(a->context, &a->client);
	if (err)
		status = moat_client_explain(a->context, err);
	else
		status = ask(a->context, what, a->storage);
	if (status == MOAT_EXIT_OK && patience > 0)
		status = follow(a, patience);
	moat_client_close(&a->client);
	return status;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	bool json = false, no_wait = false, yes = false;
	double patience = WAIT_SECONDS;
	const struct moat_option options[] = {
		{ "yes", 'y', MOAT_OPTION_FLAG, &yes },
		{ "json", 0, MOAT_OPTION_FLAG, &json },
		{ "no-wait", 0, MOAT_OPTION_FLAG, &no_wait },
		{ "wait", 0, MOAT_OPTION_SECONDS, &patience },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .min = 1, .max = 1 };
	struct action a = { .context = context, .client.fd = -1 };
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	a.json = json;
	a.storage = args.operands[0];
	if (command == &moat_command_restart && !yes) {
		status = confirm(context, a.storage);
		if (status != MOAT_EXIT_OK)
			return status;
	}
	return act(&a, command->name, no_wait ? 0 : patience);
}

#define ACTION_SYNOPSIS "[--yes] [--json] [--wait SECONDS | --no-wait] STORAGE"
#define ACTION_HELP \
	"Prints what happens until it is done or moatd gives up; the exit\n" \
	"status tells which, and whether all disks are up again.\n\n" \
	"  -y, --yes           do not ask\n" \
	"      --json          JSON, one event a line\n" \
	"      --wait SECONDS  for how long to follow, 300 if not said\n" \
	"      --no-wait       only ask for it\n"

const struct moat_command moat_command_restart = {
	.name = "restart",
	.synopsis = ACTION_SYNOPSIS,
	.summary = "Destroy a storage domain and put a new one in its place",
	.help =
	"Asks first where a front end that cannot recover would lose its disk.\n"
	ACTION_HELP,
	.run = run,
};

const struct moat_command moat_command_upgrade = {
	.name = "upgrade",
	.synopsis = ACTION_SYNOPSIS,
	.summary = "Replace a storage domain, its disks drained first",
	.help =
	"Where a front end that cannot recover would lose its disk it is refused.\n"
	ACTION_HELP,
	.run = run,
};
