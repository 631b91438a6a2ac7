/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One setting out of a file of "NAME = VALUE" lines: what the shell reads in
 * /etc/default, xl.conf(5), xl.cfg(5).
 */
#ifndef MOAT_SETTINGS_H
#define MOAT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * moat_settings_get() - the value of a setting
 * @text: the file; NULL: there is none
 * @name: the setting
 * @value: filled in if it is there: without quotes and comment; of a value of
 *	   several lines, its first line
 * @size: of @value
 *
 * Where it stands more than once the last one counts, as it does for them.
 *
 * Return: whether it is there.
 */
bool moat_settings_get(const char *text, const char *name, char *value,
		       size_t size);

#endif
