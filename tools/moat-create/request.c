// SPDX-License-Identifier: GPL-2.0
/*
 * Running "xl create -n", which creates nothing and prints what it would have asked for.
 */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* no configuration comes near it */
#define JSON_MAX (1 << 20)

extern char **environ;

/* Start a program, with its standard output in a pipe. Return: 0, or -errno. */
static int start(char *const argv[], pid_t *pid, int *output)
{
	posix_spawn_file_actions_t actions;
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = posix_spawn_file_actions_init(&actions);
	if (!err) {
		err = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		if (!err)
			err = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (err)
		close(ends[0]);
	else
		*output = ends[0];
	return -err;
}

/* Read to the end. Return: 0, or -errno. */
static int read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t got;

	do {
		got = read(fd, text + used, size - 1 - used);
		if (got < 0 && errno != EINTR)
			return -errno;
		used += got > 0 ? got : 0;
		if (used == size - 1)
			return -E2BIG;
	} while (got);
	text[used] = '\0';
	return 0;
}

static int run(char *const argv[], char *text, size_t size)
{
	int output, status, err;
	pid_t pid;

	err = start(argv, &pid, &output);
	if (err)
		return err;
	err = read_all(output, text, size);
	close(output);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status)))
		err = -EINVAL;
	return err;
}

int moat_request_read(char *xl, char *const words[], char **json)
{
	static char create[] = "create", dry[] = "-n", quiet[] = "-q";
	char *const fixed[] = { xl, create, dry, quiet };
	const size_t head = sizeof(fixed) / sizeof(*fixed);
	char **argv, *text;
	size_t count = 0;
	int err = -ENOMEM;

	while (words[count])
		count++;
	argv = calloc(head + count + 1, sizeof(*argv));
	text = malloc(JSON_MAX);
	if (!argv || !text)
		goto out;
	memcpy(argv, fixed, sizeof(fixed));
	memcpy(argv + head, words, count * sizeof(*argv));
	err = run(argv, text, JSON_MAX);
	if (err)
		goto out;
	*json = text;
	text = NULL;
out:
	free(argv);
	free(text);
	return err;
}
