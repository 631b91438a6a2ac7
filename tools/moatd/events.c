// SPDX-License-Identifier: GPL-2.0
/*
 * Events. The file is only appended to, a line in one write, so that a reader
 * or a moatd that is killed never leaves half a line between others.
 */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"

/* the part of an old file that is read back: far more than what is kept */
#define TAIL_BYTES (256 * 1024)

struct moat_events {
	const char *path;
	int fd;
	bool half;	/* the last line is not whole */
	json_t *kept;
	json_int_t next_id;
	void (*told)(void *context, const json_t *event);
	void *context;
};

static void keep(struct moat_events *e, json_t *event)
{
	json_int_t id = json_integer_value(json_object_get(event, "id"));

	if (id >= e->next_id)
		e->next_id = id + 1;
	json_array_append_new(e->kept, event);
	if (json_array_size(e->kept) > MOAT_EVENTS_KEPT)
		json_array_remove(e->kept, 0);
}

/* Where power was lost, a file system may leave zeros. */
static void read_line(struct moat_events *e, const char *line, size_t len)
{
	json_t *event;

	while (len && !*line) {
		line++;
		len--;
	}
	event = json_loadb(line, len, 0, NULL);
	if (json_is_object(event))
		keep(e, event);
	else
		json_decref(event);
}

/* Lines of the file's end; the first may be half a line, and is no JSON then. */
static void read_back(struct moat_events *e)
{
	off_t size = lseek(e->fd, 0, SEEK_END);
	off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	char *text = malloc(TAIL_BYTES), *line = text;
	ssize_t got = text ? pread(e->fd, text, TAIL_BYTES, from) : -1;

	while (line && line < text + got) {
		char *end = memchr(line, '\n', text + got - line);

		read_line(e, line, (end ? end : text + got) - line);
		line = end ? end + 1 : NULL;
	}
	e->half = got > 0 && text[got - 1] != '\n';
	free(text);
}

static void make_parent(const char *path)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;

	if (slash && slash != copy) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			moat_warn("%s: %s", copy, strerror(errno));
	}
	free(copy);
}

static void open_file(struct moat_events *e)
{
	make_parent(e->path);
	e->fd = open(e->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (e->fd < 0)
		moat_warn("%s: %s; events are kept in memory only", e->path,
			  strerror(errno));
}

struct moat_events *moat_events_create(const char *path,
				       void (*told)(void *context,
						    const json_t *event),
				       void *context)
{
	struct moat_events *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->path = path;
	e->kept = json_array();
	e->next_id = 1;
	e->told = told;
	e->context = context;
	open_file(e);
	if (e->fd >= 0)
		read_back(e);
	return e;
}

void moat_events_reopen(struct moat_events *events)
{
	if (events->fd >= 0)
		close(events->fd);
	events->half = false;
	open_file(events);
}

void moat_events_destroy(struct moat_events *events)
{
	if (!events)
		return;
	if (events->fd >= 0)
		close(events->fd);
	json_decref(events->kept);
	free(events);
}

/* A line that is not whole is ended first, so that the next one is. */
static void append(struct moat_events *e, const json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT), *line;
	int len = text ? asprintf(&line, "%s%s\n", e->half ? "\n" : "", text) : -1;
	ssize_t put = len < 0 || e->fd < 0 ? -1 : write(e->fd, line, len);

	if (len >= 0 && e->fd >= 0 && put != len)
		moat_warn("%s: %s", e->path,
			  put < 0 ? strerror(errno) : "an event is cut short");
	if (put > 0)
		e->half = put != len;
	if (len >= 0)
		free(line);
	free(text);
}

void moat_events_add(struct moat_events *events, const char *storage,
		     const char *event, json_t *more)
{
	struct timespec now;
	json_t *all;

	clock_gettime(CLOCK_REALTIME, &now);
	all = json_pack("{s:I, s:f, s:s, s:s}", "id", events->next_id, "time",
			now.tv_sec + now.tv_nsec / 1000000 / 1000.0, "storage",
			storage, "event", event);
	if (all && more)
		json_object_update(all, more);
	json_decref(more);
	if (!all)
		return;
	append(events, all);
	if (events->told)
		events->told(events->context, all);
	keep(events, all);
}

json_t *moat_events_list(const struct moat_events *events, json_int_t since)
{
	json_t *list = json_array(), *event;
	size_t i;

	json_array_foreach(events->kept, i, event)
		if (json_integer_value(json_object_get(event, "id")) > since)
			json_array_append(list, event);
	return list;
}

static bool has(const json_t *event, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text && strcmp(text, value) == 0;
}

const json_t *moat_events_last(const struct moat_events *events,
			       const char *storage, const char *event)
{
	for (size_t i = json_array_size(events->kept); i-- > 0;) {
		const json_t *e = json_array_get(events->kept, i);

		if (has(e, "storage", storage) && has(e, "event", event))
			return e;
	}
	return NULL;
}
