// SPDX-License-Identifier: GPL-2.0
/*
 * Small files, read and written whole.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, char **text)
{
	size_t room = 4096, used = 0;
	char *buf = malloc(room);
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	while ((got = read(fd, buf + used, room - used - 1)) != 0) {
		if (got < 0) {
			int err = errno;

			if (err == EINTR)
				continue;
			free(buf);
			return -err;
		}
		used += got;
		if (room - used - 1 == 0) {
			char *more = realloc(buf, room * 2);

			if (!more) {
				free(buf);
				return -ENOMEM;
			}
			buf = more;
			room *= 2;
		}
	}
	buf[used] = '\0';
	*text = buf;
	return 0;
}

int moat_file_read(const char *path, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = read_all(fd, text);
	close(fd);
	return err;
}

int moat_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}
