// SPDX-License-Identifier: GPL-2.0
/*
 * Child processes of PID 1.
 */
#include "children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"

#define CHILDREN 16
#define AGAIN ".again"

static struct child {
	pid_t pid;	/* 0: free */
	bool again;	/* may be started once more */
	char path[256];
} children[CHILDREN];

static void exec_child(const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	char *const envp[] = { "PATH=/sbin:/bin:/usr/sbin:/usr/bin",
			       "HOME=/", "TERM=linux", NULL };
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	if (null > 0)
		dup2(null, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	setpriority(PRIO_PROCESS, 0, 0);
	execve(path, argv, envp);
	moat_err("%s: %s", path, strerror(errno));
	_exit(127);
}

static void start(struct child *child)
{
	child->pid = fork();
	if (child->pid == 0)
		exec_child(child->path);
	if (child->pid < 0) {
		moat_err("%s: fork: %s", child->path, strerror(errno));
		child->pid = 0;
		return;
	}
	moat_info("%s started, pid %d", child->path, child->pid);
}

static void start_path(const char *dir, const char *name)
{
	size_t len = strlen(name), suffix = strlen(AGAIN);
	struct stat st;

	for (struct child *c = children; c < children + CHILDREN; c++) {
		if (c->pid)
			continue;
		if (snprintf(c->path, sizeof(c->path), "%s/%s", dir, name) >=
		    (int)sizeof(c->path)) {
			moat_err("%s: \"%s\": name too long", dir, name);
			return;
		}
		if (stat(c->path, &st) < 0 || !S_ISREG(st.st_mode) ||
		    !(st.st_mode & 0111))
			return;
		c->again = len > suffix &&
			   strcmp(name + len - suffix, AGAIN) == 0;
		start(c);
		return;
	}
	moat_err("%s: \"%s\" not started: more than %d programs", dir, name,
		 CHILDREN);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void moat_children_start(const char *dir)
{
	struct dirent **names;
	int count = scandir(dir, &names, visible, alphasort);

	if (count < 0) {
		if (errno != ENOENT)
			moat_err("%s: %s", dir, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		start_path(dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static void ended(struct child *child, int status)
{
	if (WIFSIGNALED(status))
		moat_warn("%s killed by signal %d", child->path,
			  WTERMSIG(status));
	else
		moat_info("%s ended with status %d", child->path,
			  WEXITSTATUS(status));
	child->pid = 0;
	if (child->again) {
		child->again = false;
		start(child);
	}
}

void moat_children_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct child *c = children; c < children + CHILDREN; c++)
			if (c->pid == pid)
				ended(c, status);
}

/* Reap until nobody is left or a deadline has passed. */
static bool all_gone(time_t deadline)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		struct timespec now, left = { 0 };
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			continue;
		if (pid < 0)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= deadline)
			return false;
		left.tv_sec = deadline - now.tv_sec;
		sigtimedwait(&chld, NULL, &left);
	}
}

void moat_children_stop(unsigned int seconds)
{
	struct timespec now;

	for (struct child *c = children; c < children + CHILDREN; c++)
		c->again = false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	kill(-1, SIGTERM);
	if (all_gone(now.tv_sec + seconds))
		return;
	kill(-1, SIGKILL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!all_gone(now.tv_sec + seconds))
		moat_warn("a process does not end, left behind");
}
