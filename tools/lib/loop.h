/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one event loop: file descriptors and what to do when they are readable.
 */
#ifndef MOAT_LOOP_H
#define MOAT_LOOP_H

#include <stdbool.h>

/* Something to wait for; embedded in what belongs to it. */
struct moat_source {
	int fd;
	/* Return: 0 to go on, anything else ends the loop with that value. */
	int (*ready)(struct moat_source *source);
};

struct moat_loop {
	int epoll_fd;
	/*
	 * Called before each wait, for work that no descriptor announces.
	 * Return: as ready().
	 */
	int (*before_wait)(void *context);
	void *context;
	/*
	 * before_wait() has left something undone: it is called again at once,
	 * after whoever else has something has had a turn.
	 */
	bool more;
};

int moat_loop_init(struct moat_loop *loop);
void moat_loop_deinit(struct moat_loop *loop);

/* Return: 0, or -errno. A source must be removed before its fd is closed. */
int moat_loop_add(struct moat_loop *loop, struct moat_source *source);
void moat_loop_remove(struct moat_loop *loop, struct moat_source *source);

/*
 * Should ready() be called, too, when the descriptor can be written? It is not
 * told which of the two it is. Return: 0, or -errno.
 */
int moat_loop_want_write(struct moat_loop *loop, struct moat_source *source,
			 bool wanted);

/* Run until a callback ends it. Return: its value, or -errno. */
int moat_loop_run(struct moat_loop *loop);

#endif
