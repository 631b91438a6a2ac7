// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop, on epoll, level triggered.
 */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int moat_loop_init(struct moat_loop *loop)
{
	loop->before_wait = NULL;
	loop->context = NULL;
	loop->more = false;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll_fd < 0 ? -errno : 0;
}

void moat_loop_deinit(struct moat_loop *loop)
{
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

int moat_loop_add(struct moat_loop *loop, struct moat_source *source)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = source };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &ev) ?
		       -errno : 0;
}

void moat_loop_remove(struct moat_loop *loop, struct moat_source *source)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

int moat_loop_want_write(struct moat_loop *loop, struct moat_source *source,
			 bool wanted)
{
	struct epoll_event ev = { .events = EPOLLIN | (wanted ? EPOLLOUT : 0),
				  .data.ptr = source };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &ev) ?
		       -errno : 0;
}

int moat_loop_run(struct moat_loop *loop)
{
	for (;;) {
		/* one at a time: a callback may remove any other source */
		struct epoll_event ev;
		struct moat_source *source;
		int ret = loop->before_wait ?
				  loop->before_wait(loop->context) : 0;

		if (ret)
			return ret;
		ret = epoll_wait(loop->epoll_fd, &ev, 1, loop->more ? 0 : -1);
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (ret <= 0)
			continue;
		source = ev.data.ptr;
		ret = source->ready(source);
		if (ret)
			return ret;
	}
}
