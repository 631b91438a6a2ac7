/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A xenstore connection for programs with one event loop.
 *
 * Why not libxenstore: the static library of Debian is built without its
 * reader thread, and then xs_fileno() never becomes readable; the shared one
 * has the thread, which PID 1 of a storage domain should not need. The wire
 * format is public (xen/io/xs_wire.h) and small, so it is spoken here, over
 * the kernel's device in a domain or the daemon's socket in the control
 * domain. Requests are synchronous; watch events that arrive meanwhile wait
 * in a queue until moat_store_event() fetches them.
 *
 * Values and paths go into the caller's buffers; only queued events are
 * allocated, and an event that could not be is reported as lost.
 */
#ifndef MOAT_STORE_H
#define MOAT_STORE_H

#include <errno.h> /* xs_wire.h names errors only if it knows them */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define MOAT_STORE_PATH (XENSTORE_ABS_PATH_MAX + 1)
/* a buffer of this size takes any value or listing */
#define MOAT_STORE_VALUE (XENSTORE_PAYLOAD_MAX + 1)

struct moat_store;

/* A watch event: what changed, and the token given to moat_store_watch(). */
struct moat_store_event {
	char path[MOAT_STORE_PATH];
	char token[MOAT_STORE_PATH];
};

/**
 * moat_store_open() - connect
 * @store: set to the new connection; end it with moat_store_close()
 * @path: a device or a socket, or NULL to find one: $XENSTORED_PATH, the
 *	  daemon's socket, the kernel's device, in this order
 *
 * Return: 0, or -errno.
 */
int moat_store_open(struct moat_store **store, const char *path);
void moat_store_close(struct moat_store *store);

/**
 * moat_store_on_wait() - what to do while a reply does not come
 * @wait: called once a second of waiting; makes no request. NULL: nothing
 */
void moat_store_on_wait(struct moat_store *store, void (*wait)(void));

/* Does a request's result mean that the connection is of no use any more? */
static inline bool moat_store_is_lost(int err)
{
	return err == -EPIPE || err == -EPROTO;
}

/* The file descriptor to wait on; readable when an event may be there. */
int moat_store_fd(const struct moat_store *store);

/**
 * moat_store_read() - read a node's value
 * @buf: gets the value, NUL terminated
 * @size: of @buf; a longer value is -E2BIG
 *
 * Return: the value's length, or -errno; -ENOENT if there is no such node.
 */
int moat_store_read(struct moat_store *store, const char *path, char *buf,
		    size_t size);

/**
 * moat_store_list() - names of a node's children
 * @buf: gets the names, each NUL terminated, one after another, and an empty
 *	 name after the last; MOAT_STORE_VALUE bytes suffice
 *
 * Return: the number of children, or -errno.
 */
int moat_store_list(struct moat_store *store, const char *path, char *buf,
		    size_t size);

int moat_store_write(struct moat_store *store, const char *path,
		     const char *value);
int moat_store_rm(struct moat_store *store, const char *path);

/**
 * moat_store_watch() - be told of changes of a node and all below it
 *
 * One event comes at once. Return: 0, or -errno.
 */
int moat_store_watch(struct moat_store *store, const char *path,
		     const char *token);
int moat_store_unwatch(struct moat_store *store, const char *path,
		       const char *token);

/**
 * moat_store_begin() - start a transaction
 *
 * Every later request belongs to it, until moat_store_commit() or
 * moat_store_abort(). Return: 0, or -errno.
 */
int moat_store_begin(struct moat_store *store);
/* Return: 0; -EAGAIN if somebody else interfered: start again; or -errno. */
int moat_store_commit(struct moat_store *store);
void moat_store_abort(struct moat_store *store);

/**
 * moat_store_event() - fetch the next watch event, without waiting
 *
 * Before waiting on the descriptor, moat_store_pending() must be false: an
 * event may be queued here with nothing left to read there.
 *
 * Return: 1 and the event; 0 if there is none; -EOVERFLOW if an event was
 * lost for want of memory, so that everything must be looked at again; other
 * -errno if the connection is lost.
 */
int moat_store_event(struct moat_store *store, struct moat_store_event *event);

/* Is an event queued that the descriptor will not show? */
bool moat_store_pending(const struct moat_store *store);

#endif
