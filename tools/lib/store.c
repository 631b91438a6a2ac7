// SPDX-License-Identifier: GPL-2.0
/*
 * The xenstore wire protocol for a single thread.
 *
 * Requests are written whole and their reply awaited; there is never more than
 * one on its way, so the next message that is not a watch event is the reply.
 * (Its id cannot be relied on: the kernel answers watch requests itself, with
 * id 0.)
 */
#include "store.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DAEMON_SOCKET "/run/xenstored/socket"
#define KERNEL_DEVICE "/dev/xen/xenbus"
#define WAIT_MS 1000

/* An event that waits to be fetched; text is path, NUL, token, NUL. */
struct queued {
	struct queued *next;
	char text[];
};

struct moat_store {
	int fd;
	unsigned int next_id;
	unsigned int txn;
	bool lost_event;
	void (*wait)(void);
	struct queued *first, **last;
	/* a message partly received */
	size_t have;
	struct {
		struct xsd_sockmsg head;
		char body[XENSTORE_PAYLOAD_MAX + 1];
	} in;
};

static int open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

static int open_path(const char *path)
{
	struct stat st;
	int fd, flags;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode))
		fd = open_socket(path);
	else
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return S_ISSOCK(st.st_mode) ? fd : -errno;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

static const char *default_path(void)
{
	const char *path = getenv("XENSTORED_PATH");

	if (path)
		return path;
	return access(DAEMON_SOCKET, F_OK) ? KERNEL_DEVICE : DAEMON_SOCKET;
}

int moat_store_open(struct moat_store **store, const char *path)
{
	struct moat_store *s = calloc(1, sizeof(*s));
	int fd;

	if (!s)
		return -ENOMEM;
	fd = open_path(path ? path : default_path());
	if (fd < 0) {
		free(s);
		return fd;
	}
	s->fd = fd;
	s->last = &s->first;
	*store = s;
	return 0;
}

void moat_store_close(struct moat_store *store)
{
	struct queued *q, *next;

	if (!store)
		return;
	for (q = store->first; q; q = next) {
		next = q->next;
		free(q);
	}
	close(store->fd);
	free(store);
}

int moat_store_fd(const struct moat_store *store)
{
	return store->fd;
}

void moat_store_on_wait(struct moat_store *store, void (*wait)(void))
{
	store->wait = wait;
}

static int wait_for(struct moat_store *s, short events)
{
	struct pollfd p = { .fd = s->fd, .events = events };
	int got;

	while ((got = poll(&p, 1, WAIT_MS)) <= 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0 && s->wait)
			s->wait();
	}
	return 0;
}

/*
 * Read on with the message that is partly there. Return: 1 once it is
 * complete, 0 if the rest has not come yet, -errno if the connection is lost.
 */
static int receive(struct moat_store *s)
{
	for (;;) {
		size_t want = sizeof(s->in.head);
		ssize_t got;

		if (s->have >= sizeof(s->in.head)) {
			if (s->in.head.len > XENSTORE_PAYLOAD_MAX)
				return -EPROTO;
			want += s->in.head.len;
			if (s->have == want) {
				s->in.body[s->in.head.len] = '\0';
				s->have = 0;
				return 1;
			}
		}
		got = read(s->fd, (char *)&s->in + s->have, want - s->have);
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0 && errno != EINTR)
			return -EPIPE;
		if (got > 0)
			s->have += got;
	}
}

/* Put the watch event just received into the queue. */
static int enqueue(struct moat_store *s)
{
	size_t len = s->in.head.len;
	size_t path = strnlen(s->in.body, len);
	struct queued *q;

	/* two strings, each with its NUL, and each of a length we can hold */
	if (path >= MOAT_STORE_PATH || path == len ||
	    strnlen(s->in.body + path + 1, len - path - 1) >=
		    len - path - 1 ||
	    len - path - 1 > MOAT_STORE_PATH)
		return -EPROTO;
	q = malloc(sizeof(*q) + len);
	if (!q) {
		s->lost_event = true;
		return 0;
	}
	memcpy(q->text, s->in.body, len);
	q->next = NULL;
	*s->last = q;
	s->last = &q->next;
	return 0;
}

/*
 * The kernel makes a watch itself, and where xenstored refuses it one (a domain may
 * have so many), write() says so. A connection that is lost says something else.
 */
static bool is_refusal(int err)
{
	return err == E2BIG || err == ENOSPC || err == ENOMEM || err == EACCES ||
	       err == EINVAL;
}

static int send_all(struct moat_store *s, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t put = write(s->fd, p, len);

		if (put > 0) {
			p += put;
			len -= put;
		} else if (put < 0 && errno == EAGAIN) {
			int err = wait_for(s, POLLOUT);

			if (err)
				return err;
		} else if (put < 0 && is_refusal(errno)) {
			return -errno;
		} else if (put == 0 || errno != EINTR) {
			return -EPIPE;
		}
	}
	return 0;
}

static int wire_error(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(*xsd_errors); i++)
		if (strcmp(xsd_errors[i].errstring, name) == 0)
			return -xsd_errors[i].errnum;
	return -EIO;
}

/* Wait for the reply; it is left in s->in. Return: 0, or -errno. */
static int await(struct moat_store *s, enum xsd_sockmsg_type type)
{
	for (;;) {
		int got = receive(s);

		if (got < 0)
			return got;
		if (got == 0) {
			int err = wait_for(s, POLLIN);

			if (err)
				return err;
			continue;
		}
		if (s->in.head.type == XS_WATCH_EVENT) {
			int err = enqueue(s);

			if (err)
				return err;
			continue;
		}
		if (s->in.head.type == XS_ERROR)
			return wire_error(s->in.body);
		return s->in.head.type == type ? 0 : -EPROTO;
	}
}

/* Send a request with up to two strings and wait for its reply. */
static int request(struct moat_store *s, enum xsd_sockmsg_type type,
		   const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct {
		struct xsd_sockmsg head;
		char body[XENSTORE_PAYLOAD_MAX];
	} out;
	int err;

	if (a_len > sizeof(out.body) || b_len > sizeof(out.body) - a_len)
		return -E2BIG;
	out.head.type = type;
	out.head.req_id = ++s->next_id;
	out.head.tx_id = s->txn;
	out.head.len = a_len + b_len;
	memcpy(out.body, a, a_len);
	if (b_len)
		memcpy(out.body + a_len, b, b_len);
	err = send_all(s, &out, sizeof(out.head) + out.head.len);
	return err ? err : await(s, type);
}

int moat_store_read(struct moat_store *store, const char *path, char *buf,
		    size_t size)
{
	int err = request(store, XS_READ, path, strlen(path) + 1, NULL, 0);
	size_t len = store->in.head.len;

	if (err)
		return err;
	if (len >= size)
		return -E2BIG;
	memcpy(buf, store->in.body, len + 1);
	return len;
}

int moat_store_list(struct moat_store *store, const char *path, char *buf,
		    size_t size)
{
	int err = request(store, XS_DIRECTORY, path, strlen(path) + 1, NULL, 0);
	size_t len = store->in.head.len;
	int count = 0;

	if (err)
		return err;
	if (len >= size)
		return -E2BIG;
	if (len && store->in.body[len - 1] != '\0')
		return -EPROTO;
	memcpy(buf, store->in.body, len + 1);
	for (size_t at = 0; at < len; at += strlen(buf + at) + 1)
		count++;
	return count;
}

int moat_store_write(struct moat_store *store, const char *path,
		     const char *value)
{
	return request(store, XS_WRITE, path, strlen(path) + 1, value,
		       strlen(value));
}

int moat_store_rm(struct moat_store *store, const char *path)
{
	return request(store, XS_RM, path, strlen(path) + 1, NULL, 0);
}

int moat_store_watch(struct moat_store *store, const char *path,
		     const char *token)
{
	return request(store, XS_WATCH, path, strlen(path) + 1, token,
		       strlen(token) + 1);
}

int moat_store_unwatch(struct moat_store *store, const char *path,
		       const char *token)
{
	return request(store, XS_UNWATCH, path, strlen(path) + 1, token,
		       strlen(token) + 1);
}

int moat_store_begin(struct moat_store *store)
{
	int err = request(store, XS_TRANSACTION_START, "", 1, NULL, 0);

	if (err)
		return err;
	store->txn = strtoul(store->in.body, NULL, 10);
	return store->txn ? 0 : -EPROTO;
}

static int end_transaction(struct moat_store *s, const char *commit)
{
	int err = request(s, XS_TRANSACTION_END, commit, 2, NULL, 0);

	s->txn = 0;
	return err;
}

int moat_store_commit(struct moat_store *store)
{
	return end_transaction(store, "T");
}

void moat_store_abort(struct moat_store *store)
{
	end_transaction(store, "F");
}

bool moat_store_pending(const struct moat_store *store)
{
	return store->first || store->lost_event;
}

int moat_store_event(struct moat_store *store, struct moat_store_event *event)
{
	struct queued *q;
	size_t path;

	if (!moat_store_pending(store)) {
		int got = receive(store);

		if (got <= 0)
			return got;
		if (store->in.head.type != XS_WATCH_EVENT)
			return -EPROTO;
		got = enqueue(store);
		if (got)
			return got;
	}
	if (store->lost_event) {
		store->lost_event = false;
		return -EOVERFLOW;
	}
	q = store->first;
	path = strlen(q->text);
	memcpy(event->path, q->text, path + 1);
	strcpy(event->token, q->text + path + 1);
	store->first = q->next;
	if (!store->first)
		store->last = &store->first;
	free(q);
	return 1;
}
