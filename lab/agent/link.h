/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A link carries frames between two agents, or between an agent and the host.
 * Below it lies either a file descriptor (the virtio port of dom0) or a vchan (a
 * ring of granted pages and an event channel between dom0 and another domain).
 *
 * A frame is a header of three little-endian words (payload length, session,
 * type) and its payload. lab/wire.py is the host's twin of this file.
 */
#ifndef LAB_LINK_H
#define LAB_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum frame_type {
	FRAME_OPEN = 1,		/* wait_ms, flags, then target, argv...: NUL-terminated */
	FRAME_STDIN = 2,	/* bytes; empty: end of file */
	FRAME_STDOUT = 3,
	FRAME_STDERR = 4,
	FRAME_EXIT = 5,		/* kind (0 exit, 1 signal), value */
	FRAME_CREDIT = 6,	/* stream (a frame type), bytes consumed */
	FRAME_SIGNAL = 7,	/* signal number for the command's process group */
	FRAME_LOST = 8,		/* text: why the session cannot go on */
	FRAME_WINSIZE = 9,	/* rows, columns */
	FRAME_PING = 10,
	FRAME_PONG = 11,
	FRAME_HELLO = 12,	/* the agent has started */
};

enum { FRAME_HEADER = 12, FRAME_MAX = 65536, FRAME_WINDOW = 262144 };
enum { OPEN_PTY = 1 };

struct frame {
	uint32_t len;
	uint32_t session;
	uint32_t type;
	const unsigned char *payload;
};

struct libxenvchan;

struct link {
	int fd;			/* what to poll; for a vchan its event channel */
	struct libxenvchan *vchan;
	struct buffer in;
	struct buffer out;
	bool broken;
};

struct link *link_open_fd(int fd);
struct link *link_listen(const char *xs_path);
struct link *link_connect(int domid, const char *xs_path);
void link_close(struct link *l);

void link_send(struct link *l, uint32_t type, uint32_t session,
	       const void *payload, size_t len);
short link_events(const struct link *l);
void link_pump(struct link *l, short revents);
void link_flush(struct link *l);
bool link_next(struct link *l, struct frame *f);
void link_done(struct link *l, const struct frame *f);

#endif
