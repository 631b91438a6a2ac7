// SPDX-License-Identifier: GPL-2.0
/*
 * Loop devices through /dev/loop-control.
 */
#include "loopdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/file.h"

/* somebody else may take the free device between the two calls */
#define TRIES 16
#define SECTOR_SHIFT 9

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
	if (err)
		close(file_fd);
	else
		out->file_fd = file_fd;
	return err;
}

/* Read a loop device's attribute, without the newline. Return: 0, or -errno. */
static int read_attribute(const char *device, const char *name, char **text)
{
	char path[320];
	int err;

	snprintf(path, sizeof(path), "/sys/block/%s/loop/%s", device, name);
	err = moat_file_read(path, text);
	if (!err)
		(*text)[strcspn(*text, "\n")] = '\0';
	return err;
}

static bool lingers_on(const char *device, const struct stat *file)
{
	struct stat st;
	bool is = false;
	char *text;

	/* the kernel's mark of one that was to be let go while it was open */
	if (read_attribute(device, "autoclear", &text))
		return false;
	is = strcmp(text, "1") == 0;
	free(text);
	if (!is || read_attribute(device, "backing_file", &text))
		return false;
	is = stat(text, &st) == 0 && st.st_dev == file->st_dev &&
	     st.st_ino == file->st_ino;
	free(text);
	return is;
}

bool moat_loopdev_lingers(const char *file)
{
	struct dirent *entry;
	struct stat st;
	bool found = false;
	DIR *dir;

	if (stat(file, &st) < 0)
		return false;
	dir = opendir("/sys/block");
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)) != NULL)
		found = strncmp(entry->d_name, "loop", 4) == 0 &&
			lingers_on(entry->d_name, &st);
	closedir(dir);
	return found;
}

long long moat_loopdev_grow(const struct moat_loopdev *loop)
{
	struct statx st;
	uint64_t now;

	/* what is known of the file's size, without asking whoever has the file */
	if (statx(loop->file_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_SIZE,
		  &st) < 0 || ioctl(loop->fd, BLKGETSIZE64, &now) < 0)
		return -errno;
	/* a device has whole sectors */
	if (st.stx_size >> SECTOR_SHIFT <= now >> SECTOR_SHIFT)
		return 0;
	return ioctl(loop->fd, LOOP_SET_CAPACITY, 0) < 0 ? -errno : (long long)st.stx_size;
}

void moat_loopdev_detach(struct moat_loopdev *loop)
{
	if (loop->fd < 0)
		return;
	/* while the kernel's back end still has it open, this only marks it */
	ioctl(loop->fd, LOOP_CLR_FD);
	close(loop->fd);
	close(loop->file_fd);
	loop->fd = -1;
}
