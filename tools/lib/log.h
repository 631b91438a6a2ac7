/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line of log per thing that happens, with a syslog level.
 *
 * PID 1 of a storage domain writes to /dev/kmsg, so that its lines stand
 * between the kernel's in one log; any other program writes to stderr, and, if
 * that is the journal's, with the level in front as the journal wants it.
 */
#ifndef MOAT_LOG_H
#define MOAT_LOG_H

#include <stdbool.h>
#include <syslog.h>

/**
 * moat_log_init() - say where lines go
 * @tag: the program's name, put in front of each line; kept, not copied
 * @kmsg: write to the kernel's log rather than to stderr
 *
 * Falls back to stderr if /dev/kmsg cannot be opened. May be called again.
 */
void moat_log_init(const char *tag, bool kmsg);

/**
 * moat_log_level() - drop lines less urgent than a level
 * @level: LOG_ERR .. LOG_DEBUG; LOG_INFO until told otherwise
 */
void moat_log_level(int level);

/**
 * moat_log() - write one line
 * @level: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG
 * @fmt: printf format, without a newline; control characters in the result
 *	 are replaced, so that a value from outside cannot forge a line
 */
void moat_log(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define moat_err(...) moat_log(LOG_ERR, __VA_ARGS__)
#define moat_warn(...) moat_log(LOG_WARNING, __VA_ARGS__)
#define moat_notice(...) moat_log(LOG_NOTICE, __VA_ARGS__)
#define moat_info(...) moat_log(LOG_INFO, __VA_ARGS__)
#define moat_debug(...) moat_log(LOG_DEBUG, __VA_ARGS__)

#endif
