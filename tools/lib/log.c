// SPDX-License-Identifier: GPL-2.0
/*
 * Log lines, to the kernel's log or to stderr.
 */
#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* the kernel cuts a record at 1 KiB less its own prefix */
#define LINE_MAX_BYTES 960

static const char *log_tag = "moat";
static int log_fd = STDERR_FILENO;
static bool log_is_kmsg;
static bool log_is_journal;
static int log_threshold = LOG_INFO;

/* Is stderr the stream that the journal gave to a service? */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fd, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void moat_log_init(const char *tag, bool kmsg)
{
	log_tag = tag;
	if (log_is_kmsg)
		close(log_fd);
	log_fd = STDERR_FILENO;
	log_is_kmsg = false;
	if (kmsg) {
		int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

		if (fd >= 0) {
			log_fd = fd;
			log_is_kmsg = true;
		}
	}
	log_is_journal = !log_is_kmsg && is_journal(log_fd);
}

void moat_log_level(int level)
{
	log_threshold = level;
}

static void replace_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void moat_log(int level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	char line[LINE_MAX_BYTES + 64];
	va_list args;
	int len;

	if (level > log_threshold)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	replace_controls(text);

	if (log_is_kmsg)
		len = snprintf(line, sizeof(line), "<%d>%s: %s\n",
			       LOG_DAEMON | level, log_tag, text);
	else if (log_is_journal)
		len = snprintf(line, sizeof(line), "<%d>%s\n", level, text);
	else
		len = snprintf(line, sizeof(line), "%s: %s\n", log_tag, text);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	/* a log that cannot be written has nowhere to complain */
	if (write(log_fd, line, len) < 0)
		return;
}
