// SPDX-License-Identifier: GPL-2.0
/*
 * Uevents from the kernel's netlink socket.
 */
#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* room for a burst: a controller with hundreds of partitions at once */
#define RECEIVE_BUFFER (1 << 20)

static const char *value_of(const char *field, const char *key)
{
	size_t len = strlen(key);

	return strncmp(field, key, len) == 0 ? field + len : NULL;
}

bool moat_uevent_parse(const char *buf, size_t len, struct moat_uevent *out)
{
	struct moat_uevent ev = { "", "", "", "", "" };
	const struct {
		const char *key;
		const char **field;
	} fields[] = {
		{ "ACTION=", &ev.action },
		{ "DEVPATH=", &ev.devpath },
		{ "SUBSYSTEM=", &ev.subsystem },
		{ "DEVNAME=", &ev.devname },
		{ "MODALIAS=", &ev.modalias },
	};
	size_t head = strnlen(buf, len);

	/* "add@/devices/...": udev's own messages start otherwise */
	if (head == len || !memchr(buf, '@', head))
		return false;
	for (size_t at = head + 1; at < len; at += strlen(buf + at) + 1)
		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
			const char *v = value_of(buf + at, fields[i].key);

			if (v)
				*fields[i].field = v;
		}
	if (!*ev.action || !*ev.devpath)
		return false;
	*out = ev;
	return true;
}

bool moat_uevent_is_hardware(const struct moat_uevent *ev)
{
	return strcmp(ev->action, "add") == 0 &&
	       strncmp(ev->devpath, "/devices/", 9) == 0 &&
	       strncmp(ev->devpath, "/devices/virtual/", 17) != 0 &&
	       strncmp(ev->devpath, "/devices/system/", 16) != 0 &&
	       strncmp(ev->subsystem, "xen", 3) != 0;
}

int moat_uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int size = RECEIVE_BUFFER;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	/* without it bursts are lost, which -ENOBUFS will tell */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	return fd;
}

int moat_uevent_next(int fd, char *buf, size_t size, struct moat_uevent *out)
{
	for (;;) {
		struct sockaddr_nl from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, buf, size - 1, 0,
				       (struct sockaddr *)&from, &from_len);

		if (len < 0 && errno == EAGAIN)
			return 0;
		if (len < 0 && errno != EINTR)
			return -errno;
		/* only the kernel has port 0 */
		if (len < 0 || from.nl_pid != 0)
			continue;
		buf[len] = '\0';
		if (moat_uevent_parse(buf, len, out))
			return 1;
	}
}
