// SPDX-License-Identifier: GPL-2.0
/*
 * Clients. None of them may hold up the loop: what a client does not read is
 * kept for it up to a bound, and then the client is dropped.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/log.h"

#define LINE_MAX_BYTES (64 * 1024)
#define UNREAD_MAX_BYTES (1024 * 1024)
#define CLIENTS_MAX 32

struct client {
	struct moat_source source;	/* first: callbacks get only this */
	struct moat_server *server;
	struct client *next;
	bool watches;
	size_t have;			/* of line */
	char *out;			/* not yet sent */
	size_t unsent;
	char line[LINE_MAX_BYTES];
};

struct moat_server {
	struct moat_source source;	/* first, as above */
	struct moat_loop *loop;
	struct client *clients;
	unsigned int count;
	json_t *(*answer)(void *context, const json_t *request, bool *watch);
	void *context;
	char path[108];
};

static void drop(struct client *c)
{
	struct client **at = &c->server->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->count--;
	moat_loop_remove(c->server->loop, &c->source);
	close(c->source.fd);
	free(c->out);
	free(c);
}

/* Return: 0, or -errno if the client is of no use any more. */
static int flush(struct client *c)
{
	size_t sent = 0;

	while (sent < c->unsent) {
		ssize_t put = send(c->source.fd, c->out + sent,
				   c->unsent - sent,
				   MSG_DONTWAIT | MSG_NOSIGNAL);

		if (put < 0 && errno == EAGAIN)
			break;
		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0)
			sent += put;
	}
	c->unsent -= sent;
	memmove(c->out, c->out + sent, c->unsent);
	return moat_loop_want_write(c->server->loop, &c->source, c->unsent);
}

static int send_json(struct client *c, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	char *more;

	if (!text || len + 1 > UNREAD_MAX_BYTES - c->unsent) {
		free(text);
		return -ENOBUFS;
	}
	more = realloc(c->out, c->unsent + len + 1);
	if (!more) {
		free(text);
		return -ENOMEM;
	}
	c->out = more;
	memcpy(c->out + c->unsent, text, len);
	c->out[c->unsent + len] = '\n';
	c->unsent += len + 1;
	free(text);
	return flush(c);
}

static int handle(struct client *c, const char *line, size_t len)
{
	json_error_t why;
	json_t *request = json_loadb(line, len, 0, &why), *reply;
	bool watch = false;
	int err;

	if (json_is_object(request))
		reply = c->server->answer(c->server->context, request, &watch);
	else
		reply = json_pack("{s:b, s:s+}", "ok", 0, "error",
				  "not a JSON object: ",
				  request ? "another value" : why.text);
	json_decref(request);
	err = reply ? send_json(c, reply) : -ENOMEM;
	json_decref(reply);
	c->watches = c->watches || watch;
	return err;
}

/* Handle what lines are complete; the rest moves to the front. */
static int handle_lines(struct client *c)
{
	char *from = c->line, *end;

	while ((end = memchr(from, '\n', c->line + c->have - from)) != NULL) {
		int err = handle(c, from, end - from);

		if (err)
			return err;
		from = end + 1;
	}
	c->have -= from - c->line;
	memmove(c->line, from, c->have);
	if (c->have < sizeof(c->line))
		return 0;
	moat_warn("a client's line is too long");
	return -E2BIG;
}

static int receive(struct client *c)
{
	ssize_t got = recv(c->source.fd, c->line + c->have,
			   sizeof(c->line) - c->have, MSG_DONTWAIT);

	if (got == 0)
		return -EPIPE;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->have += got;
	return handle_lines(c);
}

static int client_ready(struct moat_source *source)
{
	struct client *c = (struct client *)source;
	int err = c->unsent ? flush(c) : 0;

	if (!err)
		err = receive(c);
	if (err == -ENOBUFS)
		moat_warn("a client does not read; dropped");
	if (err)
		drop(c);
	return 0;
}

static int accept_client(struct moat_source *source)
{
	struct moat_server *s = (struct moat_server *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
	struct client *c;

	if (fd < 0)
		return 0;
	c = s->count < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		moat_warn("a client is turned away");
		close(fd);
		return 0;
	}
	c->source.fd = fd;
	c->source.ready = client_ready;
	c->server = s;
	c->next = s->clients;
	if (moat_loop_add(s->loop, &c->source)) {
		close(fd);
		free(c);
		return 0;
	}
	s->clients = c;
	s->count++;
	return 0;
}

void moat_server_tell(struct moat_server *server, const json_t *event)
{
	struct client *c, *next;

	for (c = server->clients; c; c = next) {
		next = c->next;
		if (c->watches && send_json(c, event))
			drop(c);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask;
	int err;

	if (fd < 0)
		return -errno;
	strcpy(addr.sun_path, path);
	unlink(path);
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!err && listen(fd, 8) < 0)
		err = -errno;
	if (err)
		close(fd);
	return err ? err : fd;
}

int moat_server_create(struct moat_server **server, struct moat_loop *loop,
		       const char *path,
		       json_t *(*answer)(void *context, const json_t *request,
					 bool *watch),
		       void *context)
{
	struct moat_server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	if (strlen(path) >= sizeof(s->path)) {
		free(s);
		return -ENAMETOOLONG;
	}
	strcpy(s->path, path);
	s->loop = loop;
	s->answer = answer;
	s->context = context;
	s->source.ready = accept_client;
	s->source.fd = listen_at(path);
	err = s->source.fd < 0 ? s->source.fd : moat_loop_add(loop, &s->source);
	if (err) {
		if (s->source.fd >= 0)
			close(s->source.fd);
		free(s);
		return err;
	}
	*server = s;
	return 0;
}

void moat_server_destroy(struct moat_server *server)
{
	if (!server)
		return;
	while (server->clients)
		drop(server->clients);
	moat_loop_remove(server->loop, &server->source);
	close(server->source.fd);
	unlink(server->path);
	free(server);
}
