// SPDX-License-Identifier: GPL-2.0
/*
 * Watches, through the kernel's xenbus device. Who was woken looks at everything it
 * cares about again, so the events are counted, not read.
 */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define TOKEN "lab"

enum { EVENT_BYTES = 4096 };

/* Returns a descriptor to poll, or -1. */
int watch_open(void)
{
	return open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

static int request(int fd, uint32_t type, const char *path)
{
	unsigned char message[XENSTORE_PAYLOAD_MAX];
	struct xsd_sockmsg head = { .type = type };
	size_t path_len = strlen(path) + 1;

	head.len = path_len + sizeof(TOKEN);
	if (sizeof(head) + head.len > sizeof(message))
		return -1;
	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), path, path_len);
	memcpy(message + sizeof(head) + path_len, TOKEN, sizeof(TOKEN));
	head.len += sizeof(head);
	return write(fd, message, head.len) == (ssize_t)head.len ? 0 : -1;
}

int watch_add(int fd, const char *path)
{
	return request(fd, XS_WATCH, path);
}

void watch_remove(int fd, const char *path)
{
	request(fd, XS_UNWATCH, path);
}

/* Takes all that has arrived; replies count as events, which costs one look more. */
bool watch_fired(int fd)
{
	unsigned char events[EVENT_BYTES];
	bool fired = false;

	while (read(fd, events, sizeof(events)) > 0)
		fired = true;
	return fired;
}
