// SPDX-License-Identifier: GPL-2.0
/*
 * Names of settings, as people write them.
 */
#include "tune.h"

#include <linux/export.h>
#include <linux/string.h>

/* Indexed by enum moat_mode, ends with NULL. */
const char *const moat_mode_names[] = { "event", "spin", "adaptive", NULL };
EXPORT_SYMBOL_GPL(moat_mode_names);

/**
 * moat_tune_parse() - find a word in a list
 * @names: the list, ends with NULL
 * @text: the word, a newline behind it is ignored
 *
 * Context: any.
 * Return: its index, or -EINVAL.
 */
int moat_tune_parse(const char *const *names, const char *text)
{
	int i;

	for (i = 0; names[i]; i++)
		if (sysfs_streq(names[i], text))
			return i;
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(moat_tune_parse);
