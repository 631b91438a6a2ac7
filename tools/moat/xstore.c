// SPDX-License-Identifier: GPL-2.0
/*
 * libxenstore, in the way the commands use it.
 */
#include "xstore.h"

#include "lib/log.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH_BYTES 3072		/* XENSTORE_ABS_PATH_MAX */

struct xs_handle *moat_xstore_open(void)
{
	struct xs_handle *xs = xs_open(0);

	if (!xs)
		moat_err("cannot reach xenstore: %s; this command is for dom0, and for root",
			 strerror(errno));
	return xs;
}

static int join(char *path, const char *dir, const char *key)
{
	if (snprintf(path, PATH_BYTES, "%s/%s", dir, key) < PATH_BYTES)
		return 0;
	errno = ENAMETOOLONG;
	return -ENAMETOOLONG;
}

char *moat_xstore_read(struct xs_handle *xs, xs_transaction_t txn,
		       const char *dir, const char *key)
{
	char path[PATH_BYTES];
	char *value;

	if (join(path, dir, key))
		return NULL;
	value = xs_read(xs, txn, path, NULL);
	if (value)
		moat_text_clean(value);
	return value;
}

static int write_once(struct xs_handle *xs, const char *dir,
		      const char *beside, const char *path, const char *value)
{
	xs_transaction_t txn = xs_transaction_start(xs);
	char *there;
	int err = 0;

	if (!txn)
		return -errno;
	there = moat_xstore_read(xs, txn, dir, beside);
	if (!there)
		err = -errno;
	else if (!xs_write(xs, txn, path, value, strlen(value)))
		err = -errno;
	free(there);
	if (!xs_transaction_end(xs, txn, err != 0) && !err)
		err = -errno;
	return err;
}

int moat_xstore_write_beside(struct xs_handle *xs, const char *dir,
			     const char *beside, const char *key,
			     const char *value)
{
	char path[PATH_BYTES];
	int err = join(path, dir, key);

	if (err)
		return err;
	do {
		err = write_once(xs, dir, beside, path, value);
	} while (err == -EAGAIN);
	return err;
}

void moat_xstore_remove(struct xs_handle *xs, const char *dir, const char *key)
{
	char path[PATH_BYTES];

	if (!join(path, dir, key))
		xs_rm(xs, XBT_NULL, path);
}

bool moat_xstore_watch(struct xs_handle *xs, const char *dir, const char *key)
{
	char path[PATH_BYTES];

	return !join(path, dir, key) && xs_watch(xs, path, path);
}

void moat_xstore_unwatch(struct xs_handle *xs, const char *dir,
			 const char *key)
{
	char path[PATH_BYTES];

	if (!join(path, dir, key))
		xs_unwatch(xs, path, path);
}

double moat_xstore_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Take all events that are there. Return: their number, or -errno. */
static int drain(struct xs_handle *xs)
{
	int count = 0;
	char **event;

	while ((event = xs_check_watch(xs))) {
		free(event);
		count++;
	}
	return errno == EAGAIN ? count : -errno;
}

int moat_xstore_wait(struct xs_handle *xs, int fd, double end)
{
	for (;;) {
		double left = end - moat_xstore_clock();
		struct pollfd p[2] = {
			{ .fd = xs_fileno(xs), .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
		};
		int got = poll(p, 2, left > 0 ? (int)(left * 1e3) + 1 : 0);

		if (got < 0)
			return -errno;
		if (got == 0 || p[1].revents)
			return 0;
		got = drain(xs);
		if (got)
			return got < 0 ? got : 1;
	}
}
