// SPDX-License-Identifier: GPL-2.0
/*
 * A person's own program. What it says goes where moatd's own log goes.
 */
#include "hook.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

/* A memory file with the event in it: written at once, and without a reader. */
static int event_file(const json_t *event)
{
	int fd = memfd_create("event", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (json_dumpfd(event, fd, JSON_COMPACT) || write(fd, "\n", 1) != 1 ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void become(const char *command, const json_t *event, int input)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(input, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl(command, command, text_of(event, "event"),
	      text_of(event, "storage"), NULL);
	dprintf(STDERR_FILENO, "%s: %s\n", command, strerror(errno));
	_exit(127);
}

static int set_timer(struct moat_hook *h)
{
	const struct itimerspec limit = {
		.it_value.tv_sec = MOAT_HOOK_MS / 1000,
		.it_value.tv_nsec = MOAT_HOOK_MS % 1000 * 1000000L,
	};

	h->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (h->timer.fd < 0)
		return -errno;
	if (timerfd_settime(h->timer.fd, 0, &limit, NULL) == 0 &&
	    moat_loop_add(h->loop, &h->timer) == 0)
		return 0;
	close(h->timer.fd);
	return -EIO;
}

static void kill_all(pid_t pid)
{
	/* its group, if it has come so far as to have one */
	if (kill(-pid, SIGKILL) < 0)
		kill(pid, SIGKILL);
}

static int ended(struct moat_source *source);
static int too_late(struct moat_source *source);

/* Wait for its end, and for the end of our patience. */
static int follow(struct moat_hook *h)
{
	int err;

	h->source.ready = ended;
	h->timer.ready = too_late;
	h->source.fd = pidfd_open(h->pid, 0);
	if (h->source.fd < 0)
		return -errno;
	err = moat_loop_add(h->loop, &h->source);
	if (!err) {
		err = set_timer(h);
		if (!err)
			return 0;
		moat_loop_remove(h->loop, &h->source);
	}
	close(h->source.fd);
	return err;
}

static int start(struct moat_hook *h, const json_t *event)
{
	int err, input = event_file(event);

	if (input < 0)
		return input;
	h->pid = fork();
	if (h->pid == 0)
		become(h->command, event, input);
	err = h->pid < 0 ? -errno : follow(h);
	close(input);
	if (!err)
		return 0;
	if (h->pid > 0) {
		kill_all(h->pid);
		waitpid(h->pid, NULL, 0);
	}
	h->pid = 0;
	return err;
}

/* Run it for the oldest event that waits, unless it runs. */
static void advance(struct moat_hook *h)
{
	while (!h->pid && json_array_size(h->waiting)) {
		int err = start(h, json_array_get(h->waiting, 0));

		json_array_remove(h->waiting, 0);
		if (err)
			moat_warn("%s: %s", h->command, strerror(-err));
	}
	if (!h->pid && h->dropped) {
		moat_warn("%s: was too slow for %u events", h->command,
			  h->dropped);
		h->dropped = 0;
	}
}

static int ended(struct moat_source *source)
{
	struct moat_hook *h = (struct moat_hook *)source;
	int status = 0;

	waitpid(h->pid, &status, WNOHANG);
	moat_loop_remove(h->loop, &h->source);
	moat_loop_remove(h->loop, &h->timer);
	close(h->source.fd);
	close(h->timer.fd);
	h->pid = 0;
	if (WIFSIGNALED(status))
		moat_warn("%s: ended by signal %d", h->command,
			  WTERMSIG(status));
	else if (WEXITSTATUS(status))
		moat_warn("%s: failed with status %d", h->command,
			  WEXITSTATUS(status));
	advance(h);
	return 0;
}

/* Its end, which follows, does the rest. */
static int too_late(struct moat_source *source)
{
	struct moat_hook *h = (struct moat_hook *)((char *)source -
				offsetof(struct moat_hook, timer));
	uint64_t times;

	if (read(source->fd, &times, sizeof(times)) != sizeof(times))
		return 0;
	moat_warn("%s: took longer than %d s", h->command, MOAT_HOOK_MS / 1000);
	kill_all(h->pid);
	return 0;
}

void moat_hook_tell(struct moat_hook *hook, struct moat_loop *loop,
		    const char *command, const json_t *event)
{
	if (!command)
		return;
	hook->loop = loop;
	if (!hook->command || strcmp(hook->command, command) != 0) {
		free(hook->command);
		hook->command = strdup(command);
	}
	if (!hook->command)
		return;
	if (!hook->waiting)
		hook->waiting = json_array();
	if (json_array_size(hook->waiting) < MOAT_HOOK_WAITING)
		json_array_append_new(hook->waiting, json_deep_copy(event));
	else
		hook->dropped++;
	advance(hook);
}

void moat_hook_deinit(struct moat_hook *hook)
{
	json_decref(hook->waiting);
	free(hook->command);
	if (hook->pid) {
		moat_loop_remove(hook->loop, &hook->source);
		moat_loop_remove(hook->loop, &hook->timer);
		close(hook->source.fd);
		close(hook->timer.fd);
	}
	memset(hook, 0, sizeof(*hook));
}
