/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to moatd: one JSON object a line, each way.
 */
#ifndef MOAT_CLIENT_H
#define MOAT_CLIENT_H

#include "command.h"

#include <jansson.h>
#include <stddef.h>

#define MOAT_CLIENT_SOCKET "/run/moat/moatd.sock"

/* no answer is longer; one that is comes from something else than moatd */
#define MOAT_CLIENT_LINE_MAX (16u << 20)

struct moat_client {
	int fd;			/* -1: not connected */
	char *buf;
	size_t have, room;
	size_t line;		/* bytes of the line handed out last */
};

/**
 * moat_client_open() - connect
 * @client: set up; ends with moat_client_close(), on failure too
 * @path: moatd's socket
 * @timeout_ms: for how long; what is sent on it may wait as long
 *
 * Return: 0, or -errno; -ETIMEDOUT; -ENOENT and -ECONNREFUSED where no moatd listens.
 */
int moat_client_open(struct moat_client *client, const char *path,
		     int timeout_ms);
void moat_client_close(struct moat_client *client);

/**
 * moat_client_send() - send a request
 * @client: the connection
 * @request: an object
 *
 * Return: 0, or -errno.
 */
int moat_client_send(struct moat_client *client, const json_t *request);

/**
 * moat_client_receive() - wait for an object
 * @client: the connection
 * @timeout_ms: for how long; -1: for ever
 * @object: set to it; the caller gives it back
 *
 * Return: 0; -ETIMEDOUT; -EPIPE if moatd hung up; -EPROTO if what came is not
 * an object; -EMSGSIZE if it has no end; or -errno.
 */
int moat_client_receive(struct moat_client *client, int timeout_ms,
			json_t **object);

/**
 * moat_client_explain() - say on stderr why moatd cannot be talked to
 * @context: where it was looked for
 * @err: what one of the above returned
 *
 * Return: MOAT_EXIT_NO_DAEMON.
 */
int moat_client_explain(const struct moat_context *context, int err);

/**
 * moat_client_call() - one request, one answer, complaints included
 * @context: where moatd is
 * @request: given back here
 * @answer: set to an answer in which "ok" is true; the caller gives it back
 *
 * Return: MOAT_EXIT_OK, or the status to end with; all has been said then.
 */
int moat_client_call(const struct moat_context *context, json_t *request,
		     json_t **answer);

/**
 * moat_client_try() - one request, one answer, and not a word about it
 * @context: where moatd is
 * @request: given back here
 * @answer: set to an answer in which "ok" is true; the caller gives it back
 *
 * Return: 0, or -errno; -EPROTO if "ok" is not true.
 */
int moat_client_try(const struct moat_context *context, json_t *request,
		    json_t **answer);

/**
 * moat_client_watch() - connect, and have moatd send its events from now on
 * @context: where moatd is
 * @client: set up; ends with moat_client_close(), on failure too
 *
 * When it returns 0 moatd has agreed: no later event is missed.
 *
 * Return: 0, or -errno.
 */
int moat_client_watch(const struct moat_context *context,
		      struct moat_client *client);

#endif
