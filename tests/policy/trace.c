// SPDX-License-Identifier: GPL-2.0
/*
 * Reads recorded arrivals; see trace.h. What is wrong with a file is said on
 * stderr, with the line.
 */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

#define FIO_FIRST "fio version 3 iolog"
/* Ten years; nothing is recorded for longer, and sums stay far from 2^64. */
#define TIME_MAX 315360000000000000ull

struct trace {
	const char *path;
	u32 line;
	bool fio;
	u64 last;
	u64 *gaps;
	u32 n, room;
};

static int complain(const struct trace *trace, const char *text)
{
	fprintf(stderr, "policy: %s:%u: %s\n", trace->path, trace->line, text);
	return -EINVAL;
}

static int add(struct trace *trace, u64 time)
{
	u64 *more;

	if (trace->n == TRACE_MAX)
		return complain(trace, "more than a million requests");
	if (trace->n == trace->room) {
		trace->room = trace->room ? 2 * trace->room : 1024;
		more = realloc(trace->gaps, trace->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		trace->gaps = more;
	}
	/* It begins with its first request, whatever the clock said then. */
	if (trace->n && time < trace->last)
		return complain(trace, "time steps back");
	trace->gaps[trace->n] = trace->n ? time - trace->last : 0;
	trace->n++;
	trace->last = time;
	return 0;
}

/* Return: behind the number, or NULL. */
static char *number(char *text, u64 *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *value > TIME_MAX ? NULL : end;
}

static int parse_own(struct trace *trace, char *line)
{
	u64 time;
	char *end;

	if (!*line || *line == '#')
		return 0;
	end = number(line, &time);
	if (!end || *end)
		return complain(trace, "not a time in nanoseconds");
	return add(trace, time);
}

static int parse_fio(struct trace *trace, char *line)
{
	static const char * const requests[] = { "read", "write", "trim", "sync", "datasync" };
	char action[16];
	u64 time;
	char *end;
	u32 i;

	end = number(line, &time);
	if (!end || *end != ' ' || sscanf(end, " %*s %15s", action) != 1)
		return complain(trace, "not a line of fio's: time, file, action");
	if (time > TIME_MAX / 1000)
		return complain(trace, "not a time in microseconds");
	for (i = 0; i < MOAT_ARRAY_SIZE(requests); i++)
		if (!strcmp(action, requests[i]))
			return add(trace, time * 1000);
	return 0;
}

static int parse(struct trace *trace, char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	if (trace->line == 1 && !strncmp(line, "fio ", 4)) {
		trace->fio = true;
		return strcmp(line, FIO_FIRST) ?
		       complain(trace, "of fio's logs, only version 3 has times") : 0;
	}
	return trace->fio ? parse_fio(trace, line) : parse_own(trace, line);
}

static int parse_all(struct trace *trace, FILE *file)
{
	size_t room = 0;
	char *line = NULL;
	int err = 0;

	while (!err && getline(&line, &room, file) >= 0) {
		trace->line++;
		err = parse(trace, line);
	}
	free(line);
	if (!err && ferror(file))
		err = complain(trace, "cannot be read");
	if (!err && !trace->n)
		err = complain(trace, "no request in it");
	return err;
}

/**
 * trace_read() - read arrivals
 * @path: the file
 * @gaps: the time in front of each, to be freed; ns
 * @n: how many, at least one
 *
 * Return: 0 or a negative errno; what is wrong has been said.
 */
int trace_read(const char *path, u64 **gaps, u32 *n)
{
	struct trace trace = { .path = path };
	FILE *file = fopen(path, "r");
	int err;

	if (!file) {
		err = -errno;
		fprintf(stderr, "policy: %s: %s\n", path, strerror(-err));
		return err;
	}
	err = parse_all(&trace, file);
	fclose(file);
	if (err) {
		free(trace.gaps);
		return err;
	}
	*gaps = trace.gaps;
	*n = trace.n;
	return 0;
}
