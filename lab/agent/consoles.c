// SPDX-License-Identifier: GPL-2.0
/*
 * `lab-agent consoles`: xenconsoled names the log of a domain's console when the
 * domain is created. A standby takes another domain's name later, so it is told to
 * open its logs anew whenever a domain is renamed: then a log holds all that every
 * domain said while it had that name.
 */
#include "consoles.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "watch.h"

enum { CONSOLES_MAX = 64, NAME_BYTES = 64, PATH_BYTES = 128 };

static struct console {
	bool used, seen;
	int domid;
	char name[NAME_BYTES];
} consoles[CONSOLES_MAX];

static struct console *console_find(int domid)
{
	struct console *empty = NULL;

	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (consoles[i].used && consoles[i].domid == domid)
			return &consoles[i];
		if (!consoles[i].used && !empty)
			empty = &consoles[i];
	}
	return empty;
}

/* Returns true when a domain that was known has another name now. */
static bool console_look(struct xs_handle *xs, int watch_fd, int domid)
{
	struct console *c = console_find(domid);
	char path[PATH_BYTES];
	bool renamed = false;
	char *name;

	if (!c)
		return false;
	snprintf(path, sizeof(path), "/local/domain/%d/name", domid);
	if (!c->used)
		watch_add(watch_fd, path);
	name = xs_read(xs, XBT_NULL, path, NULL);
	if (name) {
		renamed = c->used && strcmp(c->name, name);
		snprintf(c->name, sizeof(c->name), "%s", name);
		c->domid = domid;
		c->used = true;
		c->seen = true;
	}
	free(name);
	return renamed;
}

static bool look_at_all(struct xs_handle *xs, int watch_fd)
{
	unsigned int count = 0;
	char **ids = xs_directory(xs, XBT_NULL, "/local/domain", &count);
	bool renamed = false;

	for (int i = 0; i < CONSOLES_MAX; i++)
		consoles[i].seen = false;
	for (unsigned int i = 0; ids && i < count; i++)
		renamed |= console_look(xs, watch_fd, atoi(ids[i]));
	for (int i = 0; i < CONSOLES_MAX; i++)
		consoles[i].used &= consoles[i].seen;
	free(ids);
	return renamed;
}

static void open_anew(const char *pid_file)
{
	FILE *f = fopen(pid_file, "r");
	int pid;

	if (f && fscanf(f, "%d", &pid) == 1)
		kill(pid, SIGHUP);
	if (f)
		fclose(f);
}

/* Never returns but for an error. */
int consoles_run(const char *pid_file)
{
	struct xs_handle *xs = xs_open(0);
	struct pollfd pfd = { watch_open(), POLLIN, 0 };

	if (!xs || pfd.fd < 0 || watch_add(pfd.fd, "@introduceDomain") ||
	    watch_add(pfd.fd, "@releaseDomain")) {
		perror("lab-agent: consoles: xenstore");
		return 1;
	}
	while (poll(&pfd, 1, -1) >= 0)
		if (watch_fired(pfd.fd) && look_at_all(xs, pfd.fd))
			open_anew(pid_file);
	perror("lab-agent: consoles: poll");
	return 1;
}
