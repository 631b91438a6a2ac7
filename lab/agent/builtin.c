// SPDX-License-Identifier: GPL-2.0
/*
 * Built-in commands; each runs in a process of its own and ends with an exit
 * status like any other:
 *   @put PATH MODE   standard input becomes the file, all of it or none
 *   @get PATH        the file goes to standard output
 *   @follow DIR      every file in DIR, now and later, as records of
 *                    "NAME LENGTH\n" and LENGTH bytes; never ends
 */
#include "builtin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 65536, FOLLOW_MAX = 256 };

static int fail(const char *what)
{
	fprintf(stderr, "lab-agent: %s: %s\n", what, strerror(errno));
	return 1;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

/* Returns the bytes copied, -1 on a read error, -2 on a write error. */
static ssize_t copy(int from, int to)
{
	static char data[COPY_BYTES];
	ssize_t total = 0;
	ssize_t n;

	while ((n = read(from, data, sizeof(data))) > 0) {
		if (write_all(to, data, n))
			return -2;
		total += n;
	}
	return n < 0 ? -1 : total;
}

static void make_parents(const char *path)
{
	char dir[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		mkdir(dir, 0755);
	}
}

static int put(const char *path, mode_t mode)
{
	char temp[PATH_MAX];
	struct stat st;
	int fd;

	make_parents(path);
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {	/* a device, a pipe */
		fd = open(path, O_WRONLY);
		if (fd < 0 || copy(0, fd) < 0 || close(fd))
			return fail(path);
		return 0;
	}
	snprintf(temp, sizeof(temp), "%s.lab-put.%d", path, (int)getpid());
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return fail(temp);
	if (copy(0, fd) < 0 || fchmod(fd, mode) || close(fd) || rename(temp, path)) {
		fail(path);
		unlink(temp);
		return 1;
	}
	return 0;
}

static int get(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || copy(fd, 1) < 0)
		return fail(path);
	return 0;
}

struct followed {
	char name[NAME_MAX + 1];
	off_t at;
};

static struct followed *followed_find(struct followed *all, const char *name)
{
	for (int i = 0; i < FOLLOW_MAX; i++) {
		if (!all[i].name[0])
			snprintf(all[i].name, sizeof(all[i].name), "%s", name);
		if (!strcmp(all[i].name, name))
			return &all[i];
	}
	return NULL;
}

/* Sends what @name has grown by. */
static int follow_one(struct followed *all, const char *dir, const char *name)
{
	static char data[COPY_BYTES];
	struct followed *f = followed_find(all, name);
	char path[PATH_MAX];
	char head[NAME_MAX + 32];
	ssize_t n;
	int bad = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (!f || fd < 0)
		return 0;
	while (!bad && (n = pread(fd, data, sizeof(data), f->at)) > 0) {
		f->at += n;
		snprintf(head, sizeof(head), "%s %zd\n", name, n);
		bad = write_all(1, head, strlen(head)) || write_all(1, data, n);
	}
	close(fd);
	return bad;
}

static int follow_all(struct followed *all, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int bad = 0;

	while (d && !bad && (e = readdir(d)))
		if (e->d_name[0] != '.')
			bad = follow_one(all, dir, e->d_name);
	if (d)
		closedir(d);
	return bad;
}

static int follow(const char *dir)
{
	static struct followed all[FOLLOW_MAX];
	static char events[COPY_BYTES];
	int fd = inotify_init1(IN_CLOEXEC);
	ssize_t n;

	if (fd < 0 || inotify_add_watch(fd, dir, IN_MODIFY | IN_CREATE) < 0)
		return fail(dir);
	if (follow_all(all, dir))
		return 1;
	while ((n = read(fd, events, sizeof(events))) > 0) {
		char *p = events;

		while (p < events + n) {
			struct inotify_event *e = (struct inotify_event *)p;

			if (e->len && follow_one(all, dir, e->name))
				return 1;
			p += sizeof(*e) + e->len;
		}
	}
	return fail(dir);
}

int builtin_run(char **argv)
{
	if (!strcmp(argv[0], "@put") && argv[1] && argv[2])
		return put(argv[1], strtoul(argv[2], NULL, 8));
	if (!strcmp(argv[0], "@get") && argv[1])
		return get(argv[1]);
	if (!strcmp(argv[0], "@follow") && argv[1])
		return follow(argv[1]);
	fprintf(stderr, "lab-agent: unknown built-in %s\n", argv[0]);
	return 127;
}
