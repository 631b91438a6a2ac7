// SPDX-License-Identifier: GPL-2.0
/*
 * Loop devices through /dev/loop-control.
 */
#include "loopdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* somebody else may take the free device between the two calls */
#define TRIES 16

/* Open a device that is free at this moment. Return: its fd, or -errno. */
static int open_free(int flags, struct moat_loopdev *out)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number, fd;

	if (control < 0)
		return -errno;
	number = ioctl(control, LOOP_CTL_GET_FREE);
	fd = -errno;
	close(control);
	if (number < 0)
		return fd;
	snprintf(out->path, sizeof(out->path), "/dev/loop%d", number);
	fd = open(out->path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int configure(int file_fd, const char *file, int flags, bool direct,
		     struct moat_loopdev *out)
{
	struct loop_config config = { .fd = file_fd };
	struct stat st;
	int fd = open_free(flags, out);

	if (fd < 0)
		return fd;
	if (flags == O_RDONLY)
		config.info.lo_flags |= LO_FLAGS_READ_ONLY;
	if (direct)
		config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
	/* only for people to read; the kernel keeps the first 63 bytes */
	memcpy(config.info.lo_file_name, file,
	       strnlen(file, LO_NAME_SIZE - 1));
	if (ioctl(fd, LOOP_CONFIGURE, &config) < 0 || fstat(fd, &st) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	out->fd = fd;
	out->dev = st.st_rdev;
	return 0;
}

int moat_loopdev_attach(const char *file, bool read_only, bool direct,
			struct moat_loopdev *out)
{
	int flags = read_only ? O_RDONLY : O_RDWR;
	int file_fd = open(file, flags | O_CLOEXEC);
	int err = -EBUSY;

	if (file_fd < 0)
		return -errno;
	for (int i = 0; i < TRIES && err == -EBUSY; i++)
		err = configure(file_fd, file, flags, direct, out);
	close(file_fd);
	return err;
}

void moat_loopdev_detach(struct moat_loopdev *loop)
{
	if (loop->fd < 0)
		return;
	/* while the kernel's back end still has it open, this only marks it */
	ioctl(loop->fd, LOOP_CLR_FD);
	close(loop->fd);
	loop->fd = -1;
}
