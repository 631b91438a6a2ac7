// SPDX-License-Identifier: GPL-2.0
/*
 * Running commands. A session ends when its command has ended and what it wrote
 * before has been sent on; a background process that still holds the streams does
 * not keep the session open. A session whose link is gone lets its command run on
 * and throws its output away: a suspended and restored domain loses its link,
 * and must not lose its workload.
 */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "builtin.h"

enum { ARGS_MAX = 1024, READ_BYTES = 32768, ALL_SIGNALS = 65 };

static uint32_t word(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Everything the agent changed about the process is undone before the command. */
static void child_run(char **argv, const int io[SESSION_FDS], bool pty)
{
	sigset_t none;

	setsid();
	for (int i = 0; i < SESSION_FDS; i++)
		dup2(io[i], i);
	if (pty)
		ioctl(0, TIOCSCTTY, 0);
	for (int i = 1; i < ALL_SIGNALS; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_range(3, ~0U, 0);
	if (argv[0][0] == '@')
		_exit(builtin_run(argv));
	execvp(argv[0], argv);
	fprintf(stderr, "lab-agent: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* On success @ours holds the agent's ends, and the command's are closed. */
static pid_t child_start(char **argv, int ours[SESSION_FDS], bool pty)
{
	int theirs[SESSION_FDS] = { -1, -1, -1 };
	int pipes[SESSION_FDS][2];
	pid_t pid;

	if (pty) {
		int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

		if (master < 0 || grantpt(master) || unlockpt(master))
			return -1;
		theirs[0] = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
		theirs[1] = dup(theirs[0]);
		theirs[2] = dup(theirs[0]);
		ours[0] = master;
		ours[1] = dup(master);
		ours[2] = -1;
	} else {
		for (int i = 0; i < SESSION_FDS; i++) {
			if (pipe2(pipes[i], O_CLOEXEC))
				return -1;
			theirs[i] = pipes[i][i ? 1 : 0];
			ours[i] = pipes[i][i ? 0 : 1];
		}
	}
	pid = fork();
	if (!pid)
		child_run(argv, theirs, pty);
	for (int i = 0; i < SESSION_FDS; i++) {
		close_fd(&theirs[i]);
		if (ours[i] >= 0)
			nonblock(ours[i]);
	}
	return pid;
}

static int split_args(char *text, size_t len, char **argv)
{
	int argc = 0;

	for (size_t at = 0; at < len && argc < ARGS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	return argc;
}

/* Starts the command of an OPEN frame; the target name in it was the router's. */
void session_open(struct session **list, struct link *l, const struct frame *f)
{
	static char text[FRAME_MAX + 1];
	static char *argv[ARGS_MAX + 1];
	struct session *s;
	int argc;

	if (f->len < 8)
		return;
	memcpy(text, f->payload, f->len);
	text[f->len] = 0;
	argc = split_args(text + 8, f->len - 8, argv);
	s = calloc(1, sizeof(*s));
	if (argc < 2 || !s) {
		link_send(l, FRAME_LOST, f->session, "no command", 10);
		free(s);
		return;
	}
	s->link = l;
	s->id = f->session;
	s->pty = word(f->payload + 4) & OPEN_PTY;
	for (int i = 0; i < SESSION_FDS; i++) {
		s->fd[i] = -1;
		s->window[i] = FRAME_WINDOW;
	}
	s->pid = child_start(argv + 1, s->fd, s->pty);
	if (s->pid < 0) {
		link_send(l, FRAME_LOST, f->session, "cannot start a process", 22);
		free(s);
		return;
	}
	s->next = *list;
	*list = s;
}

static void write_input(struct session *s)
{
	size_t sent = 0;
	ssize_t n;

	while (s->fd[0] >= 0 && buffer_len(&s->input)) {
		n = write(s->fd[0], buffer_head(&s->input), buffer_len(&s->input));
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			close_fd(&s->fd[0]);
			break;
		}
		buffer_drop(&s->input, n);
		sent += n;
	}
	if (s->fd[0] < 0) {		/* nobody reads: take it all, and forget it */
		sent += buffer_len(&s->input);
		buffer_drop(&s->input, buffer_len(&s->input));
	}
	if (sent && s->link) {
		uint32_t credit[2] = { FRAME_STDIN, sent };

		link_send(s->link, FRAME_CREDIT, s->id, credit, sizeof(credit));
	}
	if (s->input_ended && !buffer_len(&s->input) && !s->pty)
		close_fd(&s->fd[0]);
}

static void frame_input(struct session *s, const struct frame *f)
{
	if (f->len)
		buffer_add(&s->input, f->payload, f->len);
	else
		s->input_ended = true;
	write_input(s);
}

/* Returns false when the frame belongs to no session here. */
bool session_frame(struct session **list, struct link *l, const struct frame *f)
{
	struct session *s = *list;

	while (s && (s->id != f->session || s->link != l))
		s = s->next;
	if (!s)
		return false;
	if (f->type == FRAME_STDIN) {
		frame_input(s, f);
	} else if (f->type == FRAME_CREDIT && f->len == 8) {
		if (word(f->payload) == FRAME_STDOUT)
			s->window[1] += word(f->payload + 4);
		else if (word(f->payload) == FRAME_STDERR)
			s->window[2] += word(f->payload + 4);
	} else if (f->type == FRAME_SIGNAL && f->len == 4 && !s->exited) {
		kill(-s->pid, word(f->payload));
	} else if (f->type == FRAME_WINSIZE && f->len == 8 && s->fd[0] >= 0) {
		struct winsize w = { .ws_row = word(f->payload),
				     .ws_col = word(f->payload + 4) };

		ioctl(s->fd[0], TIOCSWINSZ, &w);
	}
	return true;
}

/* Sends what the command wrote, as far as the reader's window goes. */
static void read_output(struct session *s, int i)
{
	static unsigned char data[READ_BYTES];

	while (s->fd[i] >= 0 && (s->window[i] || !s->link)) {
		size_t room = sizeof(data);
		ssize_t n;

		if (s->link && room > s->window[i])
			room = s->window[i];
		n = read(s->fd[i], data, room);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			close_fd(&s->fd[i]);
			break;
		}
		if (!s->link)
			continue;
		s->window[i] -= n;
		link_send(s->link, FRAME_STDOUT + i - 1, s->id, data, n);
	}
}

/* Fills up to three entries; returns how many. */
int session_poll_fill(const struct session *s, struct pollfd *pfd)
{
	int count = 0;

	if (s->fd[0] >= 0 && buffer_len(&s->input))
		pfd[count++] = (struct pollfd){ s->fd[0], POLLOUT, 0 };
	for (int i = 1; i < SESSION_FDS; i++)
		if (s->fd[i] >= 0 && (s->window[i] || !s->link))
			pfd[count++] = (struct pollfd){ s->fd[i], POLLIN, 0 };
	return count;
}

void session_poll_done(struct session *s, const struct pollfd *pfd, int count)
{
	for (int n = 0; n < count; n++) {
		if (!pfd[n].revents)
			continue;
		if (pfd[n].fd == s->fd[0])
			write_input(s);
		for (int i = 1; i < SESSION_FDS; i++)
			if (pfd[n].fd == s->fd[i])
				read_output(s, i);
	}
}

void session_exited(struct session *list, pid_t pid, int status)
{
	for (struct session *s = list; s; s = s->next) {
		if (s->pid == pid && !s->exited) {
			s->exited = true;
			s->status = status;
		}
	}
}

/*
 * The command has ended. What it wrote is in the pipes already; once a read comes
 * back empty although the window is open, the rest is some background process's.
 */
static bool session_drained(struct session *s)
{
	for (int i = 1; i < SESSION_FDS; i++) {
		read_output(s, i);
		if (s->fd[i] >= 0 && s->link && !s->window[i])
			return false;
	}
	return true;
}

static void session_finish(struct session *s)
{
	uint32_t end[2] = { 0, WEXITSTATUS(s->status) };

	if (WIFSIGNALED(s->status)) {
		end[0] = 1;
		end[1] = WTERMSIG(s->status);
	}
	if (s->link)
		link_send(s->link, FRAME_EXIT, s->id, end, sizeof(end));
	for (int i = 0; i < SESSION_FDS; i++)
		close_fd(&s->fd[i]);
	buffer_free(&s->input);
	free(s);
}

void session_reap(struct session **list)
{
	while (*list) {
		struct session *s = *list;

		if (s->exited && session_drained(s)) {
			*list = s->next;
			session_finish(s);
		} else {
			list = &s->next;
		}
	}
}

void session_drop_link(struct session *list, const struct link *l)
{
	for (struct session *s = list; s; s = s->next)
		if (s->link == l)
			s->link = NULL;
}
