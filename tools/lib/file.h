/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small files read whole, and one-value files written: configuration, module
 * indexes, sysfs, sysctl.
 */
#ifndef MOAT_FILE_H
#define MOAT_FILE_H

#include <stddef.h>

/**
 * moat_file_read() - read a whole file
 * @path: the file; need not have a size (proc, sysfs)
 * @text: set to its contents, NUL terminated; the caller frees it
 *
 * Return: 0, or -errno.
 */
int moat_file_read(const char *path, char **text);

/**
 * moat_file_write() - write one value to an existing file
 * @path: the file
 * @text: what to write, in one write(2)
 *
 * Return: 0, or -errno.
 */
int moat_file_write(const char *path, const char *text);

#endif
