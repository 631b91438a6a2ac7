// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts, standard streams and sysctls of PID 1.
 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"

static const struct {
	const char *type, *where, *options;
	unsigned long flags;
} mounts[] = {
	{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID },
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devpts", "/dev/pts", "mode=0600", MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV },
	{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV },
	{ "tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NODEV },
};

int moat_mounts_init(void)
{
	int first = 0;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		const char *where = mounts[i].where;

		if (mkdir(where, 0755) < 0 && errno != EEXIST &&
		    access(where, F_OK) < 0) {
			moat_warn("mkdir %s: %s", where, strerror(errno));
			continue;
		}
		if (mount(mounts[i].type, where, mounts[i].type,
			  mounts[i].flags, mounts[i].options) == 0 ||
		    errno == EBUSY)
			continue;
		if (!first)
			first = -errno;
		moat_warn("mount %s on %s: %s", mounts[i].type, where,
			  strerror(errno));
	}
	return first;
}

void moat_mounts_stdio(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* One "key=value", modified in place. */
static void apply(char *line, const char *name)
{
	char path[256], with_newline[256];
	char *value = strchr(line, '=');
	char *key_end = value;
	int err;

	if (!value) {
		moat_warn("%s: \"%s\" is not key=value", name, line);
		return;
	}
	*value++ = '\0';
	while (key_end > line && (key_end[-1] == ' ' || key_end[-1] == '\t'))
		*--key_end = '\0';
	value += strspn(value, " \t");
	for (char *c = line; *c; c++)
		if (*c == '.')
			*c = '/';
	snprintf(path, sizeof(path), "/proc/sys/%s", line);
	/* kernel.printk_devkmsg insists on the newline */
	snprintf(with_newline, sizeof(with_newline), "%s\n", value);
	err = moat_file_write(path, with_newline);
	if (err)
		moat_warn("%s: %s=%s: %s", name, line, value, strerror(-err));
}

void moat_mounts_sysctl(const char *text, const char *name)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[256];

		if (len >= sizeof(line)) {
			moat_warn("%s: a line is too long, skipped", name);
		} else {
			char *start = line;

			memcpy(line, text, len);
			line[len] = '\0';
			line[strcspn(line, "#")] = '\0';
			start += strspn(start, " \t\r");
			start[strcspn(start, "\r")] = '\0';
			if (*start)
				apply(start, name);
		}
		text += len;
		if (*text)
			text++;
	}
}
