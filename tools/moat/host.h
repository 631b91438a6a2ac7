/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that moat check looks at: its files, and its programs.
 */
#ifndef MOAT_HOST_H
#define MOAT_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define MOAT_HOST_PATH 512

/* All files are looked for below @root; "" is the machine itself. */
struct moat_host {
	const char *root;
};

/**
 * moat_host_read() - read a file whole
 * @host: the machine
 * @path: the file
 *
 * Return: its text, to be freed; NULL if it cannot be read, see errno.
 */
char *moat_host_read(const struct moat_host *host, const char *path);

bool moat_host_exists(const struct moat_host *host, const char *path);

/**
 * moat_host_resolve() - where a path leads to
 * @host: the machine
 * @path: with symbolic links in it, relative ones (sysfs has no others)
 * @real: MOAT_HOST_PATH bytes, filled in on success; root and all
 */
bool moat_host_resolve(const struct moat_host *host, const char *path,
		       char *real);

/**
 * moat_host_run() - run a program, and take what it says
 * @argv: its name, looked for in PATH, and its words; ends with NULL
 * @text: set to what it wrote, its complaints included, to be freed; NULL if it
 *	  could not be run
 *
 * It is killed after ten seconds.
 *
 * Return: its exit status; -ETIMEDOUT; or another -errno.
 */
int moat_host_run(const char *const *argv, char **text);

#endif
