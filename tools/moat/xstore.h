/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands need of libxenstore beyond its calls: keys below a
 * directory, waiting with a limit, writing only where something is.
 */
#ifndef MOAT_XSTORE_H
#define MOAT_XSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <xenstore.h>

/**
 * moat_xstore_open() - connect, or say on stderr why not
 *
 * Return: the connection, to be ended with xs_close(), or NULL.
 */
struct xs_handle *moat_xstore_open(void);

/**
 * moat_xstore_read() - read the value of a key
 * @xs: the connection
 * @txn: transaction, or XBT_NULL
 * @dir: a directory
 * @key: below it
 *
 * Return: the value, nothing but printable ASCII, to be freed; or NULL.
 */
char *moat_xstore_read(struct xs_handle *xs, xs_transaction_t txn,
		       const char *dir, const char *key);

/**
 * moat_xstore_write_beside() - write a key, if another is there
 * @xs: the connection
 * @dir: a directory
 * @beside: key that must be there
 * @key: the key to write
 * @value: its value
 *
 * In one transaction: a directory that is removed at this moment does not
 * come to life again by it.
 *
 * Return: 0; -ENOENT if @beside is not there; or -errno.
 */
int moat_xstore_write_beside(struct xs_handle *xs, const char *dir,
			     const char *beside, const char *key,
			     const char *value);

/* Remove a key, if it is there. */
void moat_xstore_remove(struct xs_handle *xs, const char *dir, const char *key);

/* Begin or end being woken by changes of a key. Return: success. */
bool moat_xstore_watch(struct xs_handle *xs, const char *dir, const char *key);
void moat_xstore_unwatch(struct xs_handle *xs, const char *dir,
			 const char *key);

/* Seconds of a clock that only goes forward. */
double moat_xstore_clock(void);

/**
 * moat_xstore_wait() - wait until something watched has changed
 * @xs: the connection
 * @fd: another descriptor that ends the wait when readable, or -1
 * @end: the moment to give up, of moat_xstore_clock()
 *
 * Return: 1 if something has changed, 0 if it is time or @fd is readable,
 * -errno if xenstore is lost; -EINTR after a signal.
 */
int moat_xstore_wait(struct xs_handle *xs, int fd, double end);

#endif
