// SPDX-License-Identifier: GPL-2.0
/*
 * moat events: what happened, when, and how long each phase of it took. The
 * file that moatd writes is the way out where moatd itself does not answer.
 */
#include "args.h"
#include "block.h"
#include "client.h"
#include "event.h"
#include "eventline.h"
#include "table.h"

#include "lib/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_FILE "/var/log/moat/events"

static const struct moat_column columns[] = {
	{ "WHEN", false }, { "STORAGE", false }, { "EVENT", false },
	{ "DOMAIN", true }, { "NEW", true }, { "DISKS", true },
#define PHASE_COLUMN(name, head) { head, true },
	MOAT_PHASES(PHASE_COLUMN)
#undef PHASE_COLUMN
	{ "TOTAL", true }, { "WHY", false }, { NULL, false },
};

/* Where events go: lines for a terminal, a table, or JSON as it came. */
struct sink {
	struct moat_table *table;
	bool json;
};

static void add_number(struct moat_table *t, double value)
{
	if (value < 0)
		moat_table_add(t, "-");
	else
		moat_table_add(t, "%.0f", value);
}

static void put_row(struct moat_table *t, const struct moat_event *event)
{
	moat_table_add(t, "%s", event->time);
	moat_table_add(t, "%s", event->storage);
	moat_table_add(t, "%s", event->event);
	add_number(t, event->domid);
	add_number(t, event->new_domid);
	add_number(t, event->disks);
	for (size_t i = 0; i < MOAT_PHASE_COUNT; i++)
		add_number(t, event->phases[i]);
	add_number(t, event->total);
	moat_table_add(t, "%s", event->detail);
}

/* What does not fit into the line stands below its text, phases below that. */
static void put_lines(const struct moat_event *event)
{
	int width = moat_block_width(), margin = strlen(event->time) + 2;
	char line[MOAT_EVENTLINE_BYTES], phases[256] = "";
	size_t at = 0;

	moat_eventline_format(event, line);
	moat_block_text(stdout, width, margin, line);
	for (size_t i = 0; i < MOAT_PHASE_COUNT; i++)
		if (event->phases[i] >= 0 && at < sizeof(phases))
			at += snprintf(phases + at, sizeof(phases) - at,
				       "%s%s %.0f", at ? ", " : "",
				       moat_phase_names[i], event->phases[i]);
	if (event->total < 0)
		return;
	snprintf(line, sizeof(line), "%.0f ms: %s", event->total, phases);
	printf("%*s", margin, "");
	moat_block_text(stdout, width, margin, line);
}

/* Return: 0, or -EINVAL if it is no event. */
static int put(struct sink *sink, const json_t *object)
{
	struct moat_event event;
	int err = moat_event_decode(object, &event);

	if (err)
		return err;
	if (sink->json) {
		json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (sink->table) {
		put_row(sink->table, &event);
	} else {
		put_lines(&event);
	}
	return 0;
}

static void put_last(struct sink *sink, const json_t *events, long number)
{
	size_t size = json_array_size(events), i = 0;
	size_t bad = 0;

	if (number > 0 && (size_t)number < size)
		i = size - number;
	for (; i < size; i++)
		if (put(sink, json_array_get(events, i)))
			bad++;
	if (bad)
		moat_warn("%zu of the events could not be understood", bad);
}

static void flush(struct sink *sink)
{
	if (sink->table)
		moat_table_print(sink->table, stdout);
	fflush(stdout);
}

/* --- the file ---------------------------------------------------------- */

/* A line that is no JSON is left out: the last one may be half written. */
static json_t *load_file(FILE *in)
{
	json_t *events = json_array();
	char *line = NULL;
	size_t room = 0, bad = 0;
	ssize_t len;

	while ((len = getline(&line, &room, in)) > 0) {
		json_t *object = json_loadb(line, len, 0, NULL);

		if (json_is_object(object)) {
			json_array_append_new(events, object);
		} else {
			json_decref(object);
			bad += line[0] != '\n';
		}
	}
	free(line);
	if (bad)
		moat_warn("%zu line%s of the file left out: not JSON", bad,
			  bad == 1 ? "" : "s");
	return events;
}

static int from_file(const char *path, struct sink *sink, long number)
{
	FILE *in = fopen(path, "re");
	json_t *events;

	if (!in) {
		moat_err("%s: %s", path, strerror(errno));
		return MOAT_EXIT_FAILED;
	}
	events = load_file(in);
	fclose(in);
	put_last(sink, events, number);
	flush(sink);
	json_decref(events);
	return MOAT_EXIT_OK;
}

/* --- moatd --------------------------------------------------------------- */

/* Print what comes until moatd ends. */
static int follow(const struct moat_context *context,
		  struct moat_client *client, struct sink *sink)
{
	for (;;) {
		json_t *object;
		int err = moat_client_receive(client, -1, &object);

		if (err == -EPIPE) {
			moat_err("moatd has ended");
			return MOAT_EXIT_NO_DAEMON;
		}
		if (err)
			return moat_client_explain(context, err);
		if (put(sink, object) == 0)
			flush(sink);
		json_decref(object);
	}
}

static int from_daemon(const struct moat_context *context, struct sink *sink,
		       long number, bool following)
{
	struct moat_client client = { .fd = -1 };
	json_t *answer;
	int status;

	/* first the watch: an event in between is then told twice, not lost */
	if (following) {
		int err = moat_client_watch(context, &client);

		if (err) {
			moat_client_close(&client);
			return moat_client_explain(context, err);
		}
	}
	status = moat_client_call(context,
				  json_pack("{s:s}", "command", "events"),
				  &answer);
	if (status == MOAT_EXIT_OK) {
		put_last(sink, json_object_get(answer, "events"), number);
		flush(sink);
		json_decref(answer);
		if (following)
			status = follow(context, &client, sink);
	}
	moat_client_close(&client);
	return status;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	bool table = false, following = false;
	const char *file = NULL;
	long number = 0;
	struct sink sink = { NULL, false };
	const struct moat_option options[] = {
		{ "json", 0, MOAT_OPTION_FLAG, &sink.json },
		{ "table", 0, MOAT_OPTION_FLAG, &table },
		{ "follow", 'f', MOAT_OPTION_FLAG, &following },
		{ "lines", 'n', MOAT_OPTION_COUNT, &number },
		{ "file", 0, MOAT_OPTION_TEXT, &file },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options };
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	if (file && following) {
		moat_err("events: --follow listens to moatd, not to a file");
		return MOAT_EXIT_USAGE;
	}
	if (!sink.json && (table || !isatty(STDOUT_FILENO)))
		sink.table = moat_table_create(columns);
	if (file)
		status = from_file(file, &sink, number);
	else
		status = from_daemon(context, &sink, number, following);
	if (!file && !following && status == MOAT_EXIT_NO_DAEMON) {
		file = getenv("MOAT_EVENTS");
		if (!file || !*file)
			file = EVENTS_FILE;
		moat_notice("reading %s instead", file);
		if (from_file(file, &sink, number) == MOAT_EXIT_OK)
			status = MOAT_EXIT_OK;
	}
	moat_table_destroy(sink.table);
	return status;
}

const struct moat_command moat_command_events = {
	.name = "events",
	.synopsis = "[--json | --table] [--follow] [-n NUMBER] [--file FILE]",
	.summary = "Show what happened to storage domains, and how long it took",
	.help =
	"Phases and their total are in milliseconds.\n\n"
	"      --json         JSON, one event a line\n"
	"      --table        a table, as in a pipe, on a terminal too\n"
	"  -f, --follow       go on with what happens from now on\n"
	"  -n, --lines NUMBER the last NUMBER events only\n"
	"      --file FILE    read FILE, do not ask moatd; without it, $MOAT_EVENTS\n"
	"                     or " EVENTS_FILE " is read if moatd does not\n"
	"                     answer\n",
	.run = run,
};
