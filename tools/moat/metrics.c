// SPDX-License-Identifier: GPL-2.0
/*
 * moat metrics: all that Moat can tell in numbers, once, for Prometheus and its
 * like. What cannot be asked is down, which is a number, too: to fail would only
 * mean that nobody hears of it.
 */
#include "metrics.h"

#include "args.h"
#include "client.h"
#include "condition.h"
#include "field.h"

#include "lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_SECONDS 2.0	/* the drivers' */

static const struct moat_metric_family build = {
	"moat_build", MOAT_METRIC_GAUGE, NULL, "The version of moat",
}, moatd_up = {
	"moat_moatd_up", MOAT_METRIC_GAUGE, NULL, "1 if moatd answers",
}, xenstore_up = {
	"moat_xenstore_up", MOAT_METRIC_GAUGE, NULL, "1 if xenstore answers",
}, events = {
	"moat_events", MOAT_METRIC_COUNTER, NULL,
	"Events told by all moatd together, ever",
};

/* A judged list of storage domains; NULL if moatd is silent. */
static json_t *get_storages(const struct moat_context *context)
{
	json_t *answer, *list, *storage;
	size_t i;

	if (moat_client_try(context, json_pack("{s:s}", "command", "status"),
			    &answer))
		return NULL;
	list = json_incref(json_object_get(answer, "storage"));
	json_decref(answer);
	json_array_foreach(list, i, storage)
		moat_condition_judge(storage);
	return list;
}

static void put_events(struct moat_metric_sink *sink,
		       const struct moat_context *context)
{
	json_t *answer;
	const json_t *list;
	double last = 0;

	moat_metric_begin(sink, &events);
	if (moat_client_try(context, json_pack("{s:s}", "command", "events"),
			    &answer))
		return;
	list = json_object_get(answer, "events");
	if (json_array_size(list))
		last = moat_field_number(json_array_get(list,
							json_array_size(list) -
							1), "id");
	if (last >= 0)
		moat_metric_counter(sink, NULL, (uint64_t)last);
	json_decref(answer);
}

static void put_gauge(struct moat_metric_sink *sink,
		      const struct moat_metric_family *family, double value)
{
	moat_metric_begin(sink, family);
	moat_metric_gauge(sink, NULL, value);
}

static void put_daemon(struct moat_metric_sink *sink,
		       const struct moat_context *context)
{
	json_t *list = get_storages(context);

	put_gauge(sink, &moatd_up, list != NULL);
	if (!list)
		return;
	put_events(sink, context);
	moat_metrics_storage(sink, list);
	moat_metrics_disks(sink, list);
	json_decref(list);
}

static void put_drivers(struct moat_metric_sink *sink)
{
	struct moat_sampler sampler = { .xs = xs_open(0) };
	int err = sampler.xs ? moat_sampler_round(&sampler, ANSWER_SECONDS) :
			       -ENOENT;

	put_gauge(sink, &xenstore_up, !err);
	if (!err)
		moat_metrics_halves(sink, &sampler);
	moat_sampler_deinit(&sampler);
	if (sampler.xs)
		xs_close(sampler.xs);
}

static void put_all(struct moat_metric_sink *sink,
		    const struct moat_context *context)
{
	static const struct moat_metric_label version[] = {
		{ "version", MOAT_VERSION }, { NULL, NULL },
	};

	moat_metric_begin(sink, &build);
	moat_metric_gauge(sink, version, 1);
	put_daemon(sink, context);
	put_drivers(sink);
	moat_metric_end(sink);
}

/* A reader finds the whole file, the old one or the new one. */
static int write_file(const char *path, bool old,
		      const struct moat_context *context)
{
	struct moat_metric_sink sink = { .old = old };
	char *temporary;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkstemp(temporary);
	sink.out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!sink.out) {
		free(temporary);
		return -errno;
	}
	put_all(&sink, context);
	fchmod(fd, 0644);
	errno = 0;
	if (fclose(sink.out) || rename(temporary, path) < 0) {
		int err = errno ? -errno : -EIO;

		unlink(temporary);
		free(temporary);
		return err;
	}
	free(temporary);
	return 0;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	const char *output = NULL;
	bool old = false;
	const struct moat_option options[] = {
		{ "text", 0, MOAT_OPTION_FLAG, &old },
		{ "output", 'o', MOAT_OPTION_TEXT, &output },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options };
	int err, status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	if (!output) {
		struct moat_metric_sink sink = { .out = stdout, .old = old };

		put_all(&sink, context);
		return MOAT_EXIT_OK;
	}
	err = write_file(output, old, context);
	if (!err)
		return MOAT_EXIT_OK;
	moat_err("%s: %s", output, strerror(-err));
	return MOAT_EXIT_FAILED;
}

const struct moat_command moat_command_metrics = {
	.name = "metrics",
	.synopsis = "[--text] [--output FILE]",
	.summary = "Print all numbers once, for Prometheus and its like",
	.help =
	"The format is OpenMetrics. Where moatd or xenstore does not answer a metric\n"
	"says so; that is no failure.\n\n"
	"      --text         the older format, as the node exporter's textfile\n"
	"                     collector wants it\n"
	"  -o, --output FILE  put FILE in place at once rather than write to stdout\n",
	.run = run,
};
