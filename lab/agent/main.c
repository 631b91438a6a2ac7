// SPDX-License-Identifier: GPL-2.0
/*
 * The lab's agent: runs commands in a domain for the host.
 *
 *   lab-agent host DEVICE   in dom0: frames come through the virtio port DEVICE
 *   lab-agent domain        elsewhere: frames come from dom0's agent over vchan
 *   lab-agent hotplug       beside it, in a back-end domain: see hotplug.c
 *   lab-agent consoles PID  beside it, in dom0: see consoles.c
 *
 * One thread, one poll loop; idle, it sleeps in the kernel and costs nothing,
 * which matters to whoever counts CPU time in these domains. As process 1 it also
 * collects orphans.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#include "consoles.h"
#include "hotplug.h"
#include "link.h"
#include "router.h"
#include "session.h"
#include "watch.h"

enum { FIXED_FDS = 3, POLL_MAX = 1024 };

static struct xs_handle *xs;
static int watch_fd;
static int domid;
static struct link *up;		/* towards the host */
static struct session *sessions;
static bool in_dom0;

static void reply(const struct frame *f)
{
	if (f->type == FRAME_PING)
		link_send(up, FRAME_PONG, 0, NULL, 0);
}

static bool is_for_here(const struct frame *f, char *target, size_t size)
{
	size_t len = f->len > 8 ? strnlen((const char *)f->payload + 8, f->len - 8) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(target, f->payload + 8, len);
	target[len] = 0;
	return !in_dom0 || !strcmp(target, "dom0");
}

static void dispatch(const struct frame *f)
{
	char target[64];

	if (!f->session) {
		reply(f);
	} else if (f->type == FRAME_OPEN) {
		if (is_for_here(f, target, sizeof(target)))
			session_open(&sessions, up, f);
		else if (f->len > 8)
			router_open(f, target);
	} else if (!session_frame(&sessions, up, f) && in_dom0) {
		router_frame(f);
	}
}

static void take_frames(void)
{
	struct frame f;

	while (link_next(up, &f)) {
		dispatch(&f);
		link_done(up, &f);
	}
}

static void take_children(int sigfd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(sigfd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		session_exited(sessions, pid, status);
}

static int own_domid(void)
{
	unsigned int len;
	char *text = xs_read(xs, XBT_NULL, "domid", &len);
	int id = text ? atoi(text) : -1;

	free(text);
	return id;
}

/*
 * The link of a domain ends when dom0's agent closes it, and when the domain was
 * restored from a file, under a new number: its grants and event channels are then
 * void. Debian's kernel hits a BUG when such an event channel is closed, so the old
 * link is abandoned as it is.
 */
static void listen_again(void)
{
	int id = own_domid();

	session_drop_link(sessions, up);
	if (id == domid)
		link_close(up);
	domid = id;
	up = link_listen(LAB_XS_DIR);
	if (!up) {
		fprintf(stderr, "lab-agent: cannot offer a vchan: %s\n", strerror(errno));
		exit(1);
	}
}

static void take_watches(void)
{
	unsigned int count;

	if (!watch_fired(watch_fd))
		return;
	if (in_dom0) {
		router_domains_changed();
	} else {
		char *ref = xs_read(xs, XBT_NULL, LAB_XS_DIR "/ring-ref", &count);

		if (!ref)
			listen_again();
		free(ref);
	}
}

static void turn(int sigfd)
{
	static struct pollfd pfd[POLL_MAX];
	int timeout = in_dom0 ? router_tick() : -1;
	int count = FIXED_FDS;
	int routed = 0;
	int first;

	session_reap(&sessions);
	link_flush(up);
	if (in_dom0)
		router_flush();
	pfd[0] = (struct pollfd){ up->fd, link_events(up), 0 };
	pfd[1] = (struct pollfd){ sigfd, POLLIN, 0 };
	pfd[2] = (struct pollfd){ watch_fd, POLLIN, 0 };
	if (in_dom0)
		routed = router_poll_fill(pfd + count);
	first = count + routed;
	count = first;
	for (struct session *s = sessions; s && count + SESSION_FDS < POLL_MAX; s = s->next)
		count += session_poll_fill(s, pfd + count);
	if (poll(pfd, count, timeout) < 0 && errno != EINTR) {
		perror("lab-agent: poll");
		exit(1);
	}
	for (struct session *s = sessions; s; s = s->next)
		session_poll_done(s, pfd + first, count - first);
	if (in_dom0)
		router_poll_done(pfd + FIXED_FDS, routed);
	if (pfd[0].revents) {
		link_pump(up, pfd[0].revents);
		take_frames();
	}
	if (pfd[1].revents)
		take_children(sigfd);
	if (pfd[2].revents)
		take_watches();
	if (up->broken && in_dom0)
		exit(1);
	if (up->broken)
		listen_again();
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int start(int sigfd, const char *device)
{
	xs = xs_open(0);
	watch_fd = watch_open();
	domid = xs ? own_domid() : -1;
	if (in_dom0)
		up = link_open_fd(open(device, O_RDWR | O_CLOEXEC));
	else
		up = link_listen(LAB_XS_DIR);
	if (!xs || watch_fd < 0 || sigfd < 0 || !up || up->fd < 0)
		return -1;
	if (!in_dom0)
		return watch_add(watch_fd, LAB_XS_DIR);
	if (router_init(xs, watch_fd, up))
		return -1;
	link_send(up, FRAME_HELLO, 0, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	int sigfd;

	if (argc == 2 && !strcmp(argv[1], "hotplug"))
		return hotplug_run();
	if (argc == 3 && !strcmp(argv[1], "consoles"))
		return consoles_run(argv[2]);
	in_dom0 = argc == 3 && !strcmp(argv[1], "host");
	if (!in_dom0 && (argc != 2 || strcmp(argv[1], "domain"))) {
		fprintf(stderr, "usage: lab-agent host DEVICE | domain | hotplug | "
			"consoles PID-FILE\n");
		return 2;
	}
	sigfd = watch_signals();
	if (start(sigfd, argv[2])) {
		fprintf(stderr, "lab-agent: cannot start: %s\n", strerror(errno));
		return 1;
	}
	for (;;)
		turn(sigfd);
}
