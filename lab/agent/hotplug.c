// SPDX-License-Identifier: GPL-2.0
/*
 * `lab-agent hotplug`: what Xen's udev rules and block script do in a back-end domain, for
 * dom0 and for lab domains that do not run moat-init. It gives every new block back
 * end its device number (params -> physical-device) and removes the nodes of back
 * ends that are closed for good, so that libxl never waits for them.
 */
#include "hotplug.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xenstore.h>

#include "watch.h"

#define BACKENDS "backend/vbd"

enum { STATE_CLOSED = 6, PATH_BYTES = 256 };

static char *read_node(struct xs_handle *xs, const char *dir, const char *node)
{
	char path[PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, node);
	return xs_read(xs, XBT_NULL, path, NULL);
}

static void write_node(struct xs_handle *xs, const char *dir, const char *node,
		       const char *value)
{
	char path[PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, node);
	if (!xs_write(xs, XBT_NULL, path, value, strlen(value)))
		perror(path);
}

/* A path that names no block device yet is tried again with the next event. */
static void resolve(struct xs_handle *xs, const char *dir, const char *params)
{
	char number[32];
	struct stat st;

	if (stat(params, &st) || !S_ISBLK(st.st_mode)) {
		fprintf(stderr, "lab-agent: %s: no block device\n", params);
		return;
	}
	snprintf(number, sizeof(number), "%x:%x", major(st.st_rdev), minor(st.st_rdev));
	write_node(xs, dir, "physical-device", number);
	write_node(xs, dir, "physical-device-path", params);
	write_node(xs, dir, "hotplug-status", "connected");
}

/* In dom0 libxl removes them, and fails when they are gone already. */
static void remove_node(struct xs_handle *xs, const char *dir)
{
	char *domid = xs_read(xs, XBT_NULL, "domid", NULL);

	if (domid && strcmp(domid, "0"))
		xs_rm(xs, XBT_NULL, dir);
	free(domid);
}

static void look_at(struct xs_handle *xs, const char *dir)
{
	char *params = read_node(xs, dir, "params");
	char *device = read_node(xs, dir, "physical-device");
	char *state = read_node(xs, dir, "state");
	char *online = read_node(xs, dir, "online");

	if (state && atoi(state) == STATE_CLOSED && (!online || !atoi(online)))
		remove_node(xs, dir);
	else if (params && params[0] && !device)
		resolve(xs, dir, params);
	free(params);
	free(device);
	free(state);
	free(online);
}

static void look_at_all(struct xs_handle *xs)
{
	unsigned int fronts = 0;
	char **front = xs_directory(xs, XBT_NULL, BACKENDS, &fronts);
	char path[PATH_BYTES];

	for (unsigned int i = 0; front && i < fronts; i++) {
		unsigned int devices = 0;
		char **device;

		snprintf(path, sizeof(path), BACKENDS "/%s", front[i]);
		device = xs_directory(xs, XBT_NULL, path, &devices);
		for (unsigned int j = 0; device && j < devices; j++) {
			snprintf(path, sizeof(path), BACKENDS "/%s/%s", front[i],
				 device[j]);
			look_at(xs, path);
		}
		free(device);
	}
	free(front);
}

/* Never returns but for an error. */
int hotplug_run(void)
{
	struct xs_handle *xs = xs_open(0);
	struct pollfd pfd = { watch_open(), POLLIN, 0 };

	if (!xs || pfd.fd < 0 || watch_add(pfd.fd, BACKENDS)) {
		perror("lab-agent: hotplug: xenstore");
		return 1;
	}
	while (poll(&pfd, 1, -1) >= 0)
		if (watch_fired(pfd.fd))
			look_at_all(xs);
	perror("lab-agent: hotplug: poll");
	return 1;
}
