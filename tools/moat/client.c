// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to moatd. A daemon that hangs, dies or talks nonsense must end in a
 * clear message within a limit, never in a command that stands still.
 */
#include "client.h"

#include "lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536u

/*
 * A moatd that hangs takes no connections, and when enough wait for it the next
 * one has to wait for them.
 */
static int connect_within(int fd, const struct sockaddr_un *addr,
			  int timeout_ms)
{
	const struct timeval limit = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return 0;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int moat_client_open(struct moat_client *client, const char *path,
		     int timeout_ms)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	memset(client, 0, sizeof(*client));
	client->fd = -1;
	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -errno;
	err = connect_within(client->fd, &addr, timeout_ms);
	if (err)
		moat_client_close(client);
	return err;
}

void moat_client_close(struct moat_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->buf);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

int moat_client_send(struct moat_client *client, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len, at = 0;

	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n';	/* in place of its NUL */
	while (at < len) {
		ssize_t put = send(client->fd, text + at, len - at,
				   MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			break;
		at += put;
	}
	free(text);
	return at < len ? -errno : 0;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Wait until there is something to read. */
static int wait_readable(int fd, long long end_ms)
{
	for (;;) {
		long long left = end_ms < 0 ? -1 : end_ms - now_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int got;

		if (end_ms >= 0 && left < 0)
			left = 0;
		got = poll(&p, 1, (int)left);
		if (got > 0)
			return 0;
		if (got == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int read_more(struct moat_client *c)
{
	ssize_t got;

	if (c->room - c->have < CHUNK) {
		char *buf;

		if (c->room >= MOAT_CLIENT_LINE_MAX)
			return -EMSGSIZE;
		buf = realloc(c->buf, c->room ? c->room * 2 : 2 * CHUNK);
		if (!buf)
			return -ENOMEM;
		c->room = c->room ? c->room * 2 : 2 * CHUNK;
		c->buf = buf;
	}
	got = recv(c->fd, c->buf + c->have, c->room - c->have, 0);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (got == 0)
		return -EPIPE;
	c->have += got;
	return 0;
}

static int parse(struct moat_client *c, json_t **object)
{
	json_t *found = json_loadb(c->buf, c->line, 0, NULL);

	if (!json_is_object(found)) {
		json_decref(found);
		return -EPROTO;
	}
	*object = found;
	return 0;
}

/* The line handed out last makes room for what came behind it. */
static void drop_line(struct moat_client *c)
{
	if (!c->line)
		return;
	memmove(c->buf, c->buf + c->line, c->have - c->line);
	c->have -= c->line;
	c->line = 0;
}

int moat_client_receive(struct moat_client *client, int timeout_ms,
			json_t **object)
{
	long long end_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	size_t looked = 0;
	int err;

	drop_line(client);
	for (;;) {
		char *end = client->have == looked ? NULL :
			memchr(client->buf + looked, '\n',
			       client->have - looked);

		if (end) {
			client->line = end + 1 - client->buf;
			return parse(client, object);
		}
		looked = client->have;
		err = wait_readable(client->fd, end_ms);
		if (!err)
			err = read_more(client);
		if (err)
			return err;
	}
}

int moat_client_explain(const struct moat_context *context, int err)
{
	const char *path = context->socket;

	switch (-err) {
	case ENOENT:
	case ECONNREFUSED:
		moat_err("moatd is not running: nobody listens on %s; "
			 "start it with 'systemctl start moatd', or run 'moatd'",
			 path);
		break;
	case EACCES:
	case EPERM:
		moat_err("may not talk to moatd on %s; are you root?", path);
		break;
	case ETIMEDOUT:
		moat_err("moatd does not answer within %.1f s on %s",
			 context->timeout_ms / 1e3, path);
		break;
	case EPIPE:
	case ECONNRESET:
		moat_err("moatd hung up without an answer; "
			 "its log may say why ('journalctl -u moatd')");
		break;
	case EPROTO:
	case EMSGSIZE:
		moat_err("what answers on %s is not moatd, or another "
			 "version of it: not a line with a JSON object", path);
		break;
	default:
		moat_err("moatd on %s: %s", path, strerror(-err));
	}
	return MOAT_EXIT_NO_DAEMON;
}

/* Return: 0 with an answer that has an "ok"; or -errno. */
static int exchange(const struct moat_context *context, json_t *request,
		    json_t **answer)
{
	struct moat_client client;
	json_t *got = NULL;
	int err;

	err = moat_client_open(&client, context->socket, context->timeout_ms);
	if (!err)
		err = moat_client_send(&client, request);
	if (!err)
		err = moat_client_receive(&client, context->timeout_ms, &got);
	json_decref(request);
	moat_client_close(&client);
	if (!err && !json_is_boolean(json_object_get(got, "ok")))
		err = -EPROTO;
	if (err)
		json_decref(got);
	else
		*answer = got;
	return err;
}

int moat_client_try(const struct moat_context *context, json_t *request,
		    json_t **answer)
{
	json_t *got;
	int err = exchange(context, request, &got);

	if (!err && !json_is_true(json_object_get(got, "ok"))) {
		json_decref(got);
		err = -EPROTO;
	}
	if (!err)
		*answer = got;
	return err;
}

int moat_client_call(const struct moat_context *context, json_t *request,
		     json_t **answer)
{
	const char *why;
	json_t *got;
	int err = exchange(context, request, &got);

	if (err)
		return moat_client_explain(context, err);
	if (json_is_true(json_object_get(got, "ok"))) {
		*answer = got;
		return MOAT_EXIT_OK;
	}
	why = json_string_value(json_object_get(got, "error"));
	moat_err("moatd: %s", why ? why : "no, and no reason");
	json_decref(got);
	return MOAT_EXIT_FAILED;
}

int moat_client_watch(const struct moat_context *context,
		      struct moat_client *client)
{
	json_t *request = json_pack("{s:s}", "command", "watch");
	json_t *answer = NULL;
	int err = moat_client_open(client, context->socket, context->timeout_ms);

	if (!err)
		err = moat_client_send(client, request);
	if (!err)
		err = moat_client_receive(client, context->timeout_ms, &answer);
	if (!err && !json_is_true(json_object_get(answer, "ok")))
		err = -EPROTO;
	json_decref(answer);
	json_decref(request);
	return err;
}
