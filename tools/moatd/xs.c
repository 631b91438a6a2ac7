// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing xenstore.
 */
#include "xs.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 100

/* A path made from the caller's format and arguments, or "" if too long. */
#define MAKE_PATH(path, fmt)						\
	do {								\
		va_list args_;						\
									\
		va_start(args_, fmt);					\
		if (vsnprintf(path, sizeof(path), fmt, args_) >=	\
		    (int)sizeof(path))					\
			path[0] = '\0';					\
		va_end(args_);						\
	} while (0)

char *moat_xs_get(struct moat_xs *xs, const char *fmt, ...)
{
	char path[MOAT_XS_PATH];

	MAKE_PATH(path, fmt);
	return xs_read(xs->handle, xs->txn, path, NULL);
}

uint64_t moat_xs_number(struct moat_xs *xs, uint64_t none, const char *fmt, ...)
{
	char path[MOAT_XS_PATH], *text, *end;
	uint64_t value;

	MAKE_PATH(path, fmt);
	text = xs_read(xs->handle, xs->txn, path, NULL);
	if (!text)
		return none;
	value = strtoull(text, &end, 10);
	if (end == text || *text == '-')
		value = none;
	free(text);
	return value;
}

bool moat_xs_is(struct moat_xs *xs, const char *value, const char *fmt, ...)
{
	char path[MOAT_XS_PATH], *text;
	bool same;

	MAKE_PATH(path, fmt);
	text = xs_read(xs->handle, xs->txn, path, NULL);
	same = text && strcmp(text, value) == 0;
	free(text);
	return same;
}

bool moat_xs_exists(struct moat_xs *xs, const char *fmt, ...)
{
	char path[MOAT_XS_PATH], *text;

	MAKE_PATH(path, fmt);
	text = xs_read(xs->handle, xs->txn, path, NULL);
	free(text);
	return text != NULL;
}

static int write_text(struct moat_xs *xs, const char *path, const char *value)
{
	return xs_write(xs->handle, xs->txn, path, value, strlen(value)) ?
		       0 : -errno;
}

int moat_xs_set(struct moat_xs *xs, const char *value, const char *fmt, ...)
{
	char path[MOAT_XS_PATH];

	MAKE_PATH(path, fmt);
	return write_text(xs, path, value);
}

int moat_xs_set_number(struct moat_xs *xs, uint64_t value, const char *fmt, ...)
{
	char path[MOAT_XS_PATH], text[24];

	MAKE_PATH(path, fmt);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return write_text(xs, path, text);
}

int moat_xs_remove(struct moat_xs *xs, const char *fmt, ...)
{
	char path[MOAT_XS_PATH];

	MAKE_PATH(path, fmt);
	if (xs_rm(xs->handle, xs->txn, path) || errno == ENOENT)
		return 0;
	return -errno;
}

char **moat_xs_list(struct moat_xs *xs, unsigned int *count, const char *fmt,
		    ...)
{
	char path[MOAT_XS_PATH], **names;

	MAKE_PATH(path, fmt);
	*count = 0;
	names = xs_directory(xs->handle, xs->txn, path, count);
	if (!names)
		*count = 0;
	return names;
}

int moat_xs_transact(struct moat_xs *xs,
		     int (*change)(struct moat_xs *xs, void *context),
		     void *context)
{
	int err = -EAGAIN;

	/* a guest that writes without pause must not keep us here for ever */
	for (int tries = 0; tries < TRIES_MAX && err == -EAGAIN; tries++) {
		xs->txn = xs_transaction_start(xs->handle);
		if (xs->txn == XBT_NULL)
			return -errno;
		err = change(xs, context);
		if (!xs_transaction_end(xs->handle, xs->txn, err != 0) && !err)
			err = -errno;
		xs->txn = XBT_NULL;
	}
	return err;
}
