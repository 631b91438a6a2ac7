/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session is one command the host runs in this domain: its process group, its
 * three streams, and how much each stream may still send before the reader has
 * taken what was sent.
 */
#ifndef LAB_SESSION_H
#define LAB_SESSION_H

#include <poll.h>
#include <sys/types.h>

#include "link.h"

enum { SESSION_FDS = 3 };

struct session {
	struct session *next;
	struct link *link;
	uint32_t id;
	pid_t pid;
	int fd[SESSION_FDS];		/* stdin, stdout, stderr: our ends, or -1 */
	uint32_t window[SESSION_FDS];	/* bytes stdout and stderr may still send */
	struct buffer input;
	bool input_ended;
	bool pty;
	bool exited;
	int status;
};

void session_open(struct session **list, struct link *l, const struct frame *f);
bool session_frame(struct session **list, struct link *l, const struct frame *f);
int session_poll_fill(const struct session *s, struct pollfd *pfd);
void session_poll_done(struct session *s, const struct pollfd *pfd, int count);
void session_exited(struct session *list, pid_t pid, int status);
void session_reap(struct session **list);
void session_drop_link(struct session *list, const struct link *l);

#endif
