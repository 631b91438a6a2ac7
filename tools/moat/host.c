// SPDX-License-Identifier: GPL-2.0
/*
 * Files and programs of the machine.
 */
#include "host.h"

#include "lib/file.h"
#include "xstore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_SECONDS 10.0
#define OUTPUT_BYTES 65536u	/* what is more is not wanted */

static bool place(const struct moat_host *host, const char *path, char *buf)
{
	return snprintf(buf, MOAT_HOST_PATH, "%s%s", host->root, path) <
	       MOAT_HOST_PATH;
}

char *moat_host_read(const struct moat_host *host, const char *path)
{
	char buf[MOAT_HOST_PATH], *text;
	int err = place(host, path, buf) ? moat_file_read(buf, &text) :
					   -ENAMETOOLONG;

	if (!err)
		return text;
	errno = -err;
	return NULL;
}

bool moat_host_exists(const struct moat_host *host, const char *path)
{
	char buf[MOAT_HOST_PATH];

	return place(host, path, buf) && access(buf, F_OK) == 0;
}

bool moat_host_resolve(const struct moat_host *host, const char *path,
		       char *real)
{
	char buf[MOAT_HOST_PATH], *found;
	bool fits;

	if (!place(host, path, buf))
		return false;
	found = realpath(buf, NULL);
	if (!found)
		return false;
	fits = snprintf(real, MOAT_HOST_PATH, "%s", found) < MOAT_HOST_PATH;
	free(found);
	return fits;
}

static void become(const char *const *argv, int fd)
{
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s", argv[0], strerror(errno));
	fflush(stderr);
	_exit(127);
}

/* Read up to the end. Return: 0, or -errno. */
static int take_output(int fd, char *text)
{
	double end = moat_xstore_clock() + RUN_SECONDS;
	size_t have = 0;

	for (;;) {
		double left = end - moat_xstore_clock();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char drop[512];
		bool full = have == OUTPUT_BYTES - 1;
		ssize_t got;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)(left * 1e3) + 1) <= 0)
			continue;
		got = full ? read(fd, drop, sizeof(drop)) :
			     read(fd, text + have, OUTPUT_BYTES - 1 - have);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		if (got > 0 && !full)
			have += got;
	}
	text[have] = '\0';
	return 0;
}

int moat_host_run(const char *const *argv, char **text)
{
	char *output = malloc(OUTPUT_BYTES);
	int pipes[2], status, err;
	pid_t pid;

	*text = NULL;
	if (!output)
		return -ENOMEM;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		free(output);
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		become(argv, pipes[1]);
	}
	close(pipes[1]);
	err = pid < 0 ? -errno : take_output(pipes[0], output);
	close(pipes[0]);
	if (err) {
		free(output);
		if (pid > 0 && kill(pid, SIGKILL) == 0)
			waitpid(pid, &status, 0);
		return err;
	}
	*text = output;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
