// SPDX-License-Identifier: GPL-2.0
/*
 * A console's end stands in two places. The ring that the domain writes to has the last
 * two KiB, whoever read them, until the domain is destroyed. What xenconsoled has read
 * before is in its log, if it keeps one. A log goes by the name that the domain had when
 * it was created, so a standby's is another than that of the domain it has become.
 *
 * A domain writes what it likes: what a terminal would obey is taken out.
 */
#include "evidence.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"

#define LOG_BYTES (64 * 1024)
#define FILES_KEPT 64
#define SUFFIX ".console"

/* A log of xenconsoled's. */
struct source {
	char path[512];
	time_t changed;
};

static void clean(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] != '\n' && text[i] != '\t' && (text[i] < ' ' || text[i] > '~'))
			text[i] = text[i] == '\r' ? ' ' : '?';
}

/* --- where it comes from ------------------------------------------------ */

static void prefer_newer(const struct moat_unit *u, const char *suffix, struct source *best)
{
	struct source s;
	struct stat st;

	snprintf(s.path, sizeof(s.path), "%s/guest-%s%s.log", u->daemon->config.console_logs,
		 u->storage->name, suffix);
	if (stat(s.path, &st) < 0 || !st.st_size || st.st_mtime < best->changed)
		return;
	s.changed = st.st_mtime;
	*best = s;
}

/* The end of a file. Return: how much it is. */
static size_t read_end(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t got = 0;

	if (size > 0)
		got = pread(fd, text, room, size > (off_t)room ? size - (off_t)room : 0);
	if (fd >= 0)
		close(fd);
	return got > 0 ? got : 0;
}

static size_t read_ring(struct moat_unit *u, unsigned int domid, char *text, size_t room)
{
	uint64_t frame = moat_xs_number(&u->daemon->xs, 0, "/local/domain/%u/console/ring-ref",
					domid);
	int got = frame ? moat_hyper_console(domid, frame, text, room) : 0;

	return got > 0 ? got : 0;
}

/* --- where it goes ------------------------------------------------------- */

/* "/var/log/moat/events": "/var/log/moat/console" */
static int name_directory(const struct moat_unit *u, char *path, size_t size)
{
	const char *events = u->daemon->config.events, *slash = strrchr(events, '/');
	int len = snprintf(path, size, "%.*s/console", (int)(slash - events), events);

	return len < (int)size ? 0 : -ENAMETOOLONG;
}

static int is_ours(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), end = strlen(SUFFIX);

	return len > end && strcmp(entry->d_name + len - end, SUFFIX) == 0;
}

/* Their names differ in front of the time, so they are not in order. */
static int earlier(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return x->changed < y->changed ? -1 : x->changed > y->changed;
}

static void prune(const char *dir)
{
	struct dirent **list;
	int count = scandir(dir, &list, is_ours, NULL);
	struct source *files = count > 0 ? calloc(count, sizeof(*files)) : NULL;
	struct stat st;

	for (int i = 0; files && i < count; i++) {
		snprintf(files[i].path, sizeof(files[i].path), "%s/%s", dir, list[i]->d_name);
		if (stat(files[i].path, &st) == 0)
			files[i].changed = st.st_mtime;
	}
	if (files)
		qsort(files, count, sizeof(*files), earlier);
	for (int i = 0; files && i < count - FILES_KEPT; i++)
		unlink(files[i].path);
	free(files);
	for (int i = 0; i < count; i++)
		free(list[i]);
	if (count >= 0)
		free(list);
}

static int write_file(const char *path, const struct source *log, char *text, size_t logged,
		      size_t in_ring)
{
	FILE *out = fopen(path, "we");
	int err = 0;

	if (!out)
		return -errno;
	clean(text, logged + in_ring);
	if (logged)
		fprintf(out, "--- the end of %s\n%.*s\n", log->path, (int)logged, text);
	if (in_ring)
		fprintf(out, "--- the end of the console's ring\n%.*s\n", (int)in_ring,
			text + logged);
	err = ferror(out) ? -EIO : 0;
	return fclose(out) ? -errno : err;
}

/* Return: 0, or -errno; -ENODATA if there is nothing. */
static int keep(struct moat_unit *u, unsigned int domid, char *path, size_t size)
{
	struct source log = { .path = "" };
	size_t logged = 0, in_ring;
	time_t now = time(NULL);
	char *text, dir[200], stamp[32];
	int err = name_directory(u, dir, sizeof(dir));

	if (err)
		return err;
	text = malloc(LOG_BYTES + MOAT_HYPER_CONSOLE);
	if (!text)
		return -ENOMEM;
	prefer_newer(u, "", &log);
	prefer_newer(u, "-standby", &log);
	if (*log.path)
		logged = read_end(log.path, text, LOG_BYTES);
	in_ring = read_ring(u, domid, text + logged, MOAT_HYPER_CONSOLE);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
	snprintf(path, size, "%s/%s-%s-%u" SUFFIX, dir, u->storage->name, stamp, domid);
	mkdir(dir, 0700);
	err = logged || in_ring ? write_file(path, &log, text, logged, in_ring) : -ENODATA;
	prune(dir);
	free(text);
	return err;
}

json_t *moat_evidence_keep(struct moat_unit *unit, unsigned int domid)
{
	char path[320];
	int err = keep(unit, domid, path, sizeof(path));

	if (!err)
		return json_string(path);
	if (err != -ENODATA)
		moat_warn("%s: the console of domain %u: %s", unit->storage->name, domid,
			  strerror(-err));
	return json_null();
}
