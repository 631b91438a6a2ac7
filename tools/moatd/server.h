/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket that moat(8) and other programs talk to: JSON, a line each way
 * (docs/recovery.md).
 */
#ifndef MOATD_SERVER_H
#define MOATD_SERVER_H

#include <jansson.h>

#include "../lib/loop.h"

struct moat_server;

/**
 * moat_server_create() - listen
 * @server: set to the new server
 * @path: the socket; its directory is made if need be
 * @answer: gives a new object as the answer to a request; sets @watch where
 *	    the client is to be told of events from then on
 *
 * Return: 0, or -errno.
 */
int moat_server_create(struct moat_server **server, struct moat_loop *loop,
		       const char *path,
		       json_t *(*answer)(void *context, const json_t *request,
					 bool *watch),
		       void *context);
void moat_server_destroy(struct moat_server *server);

/* Tell all who watch. */
void moat_server_tell(struct moat_server *server, const json_t *event);

#endif
