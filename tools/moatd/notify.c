// SPDX-License-Identifier: GPL-2.0
/*
 * sd_notify(3), as much of it as is needed.
 */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void moat_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')	/* the abstract name space */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* nobody to tell is nothing to tell */
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		      (struct sockaddr *)&to,
		      offsetof(struct sockaddr_un, sun_path) + len);
	close(fd);
}
