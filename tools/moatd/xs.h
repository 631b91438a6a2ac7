/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libxenstore with paths made as printf makes strings. A handle carries its
 * transaction, so that the same code works inside one and outside.
 *
 * The shared library is used here, unlike in moat-init: its reader thread makes
 * xs_fileno() work, and the permissions are its business.
 */
#ifndef MOATD_XS_H
#define MOATD_XS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenstore.h>

#define MOAT_XS_PATH 1024

struct moat_xs {
	struct xs_handle *handle;
	xs_transaction_t txn;	/* XBT_NULL outside of one */
};

#define MOAT_XS_FORMAT(fmt, first) __attribute__((format(printf, fmt, first)))

/* Return: a value for the caller to free, or NULL if there is none. */
char *moat_xs_get(struct moat_xs *xs, const char *fmt, ...)
	MOAT_XS_FORMAT(2, 3);

/* Return: the number at the start of a value, or @none. */
uint64_t moat_xs_number(struct moat_xs *xs, uint64_t none, const char *fmt, ...)
	MOAT_XS_FORMAT(3, 4);

/* Does a node have exactly this value? */
bool moat_xs_is(struct moat_xs *xs, const char *value, const char *fmt, ...)
	MOAT_XS_FORMAT(3, 4);

bool moat_xs_exists(struct moat_xs *xs, const char *fmt, ...)
	MOAT_XS_FORMAT(2, 3);

/* Return: 0, or -errno. */
int moat_xs_set(struct moat_xs *xs, const char *value, const char *fmt, ...)
	MOAT_XS_FORMAT(3, 4);
int moat_xs_set_number(struct moat_xs *xs, uint64_t value, const char *fmt, ...)
	MOAT_XS_FORMAT(3, 4);
/* Return: 0, also if there was nothing; or -errno. */
int moat_xs_remove(struct moat_xs *xs, const char *fmt, ...)
	MOAT_XS_FORMAT(2, 3);

/* Return: names for the caller to free in one piece; NULL if there are none. */
char **moat_xs_list(struct moat_xs *xs, unsigned int *count, const char *fmt,
		    ...) MOAT_XS_FORMAT(3, 4);

/**
 * moat_xs_transact() - change several nodes at once
 * @change: makes the changes; called again if somebody else interfered.
 *	    Return: 0, or -errno to give up
 * @context: its argument
 *
 * Return: 0, or -errno.
 */
int moat_xs_transact(struct moat_xs *xs,
		     int (*change)(struct moat_xs *xs, void *context),
		     void *context);

#endif
