// SPDX-License-Identifier: GPL-2.0
/*
 * NAME = VALUE
 */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t"

/* The value in a line's rest: what is in quotes, or all up to a comment. */
static void take_value(const char *from, char *value, size_t size)
{
	size_t len;

	from += strspn(from, BLANKS);
	if (*from == '"' || *from == '\'') {
		char quote[] = { *from++, '\n', '\0' };

		len = strcspn(from, quote);
	} else {
		len = strcspn(from, "#\n");
		while (len && strchr(BLANKS, from[len - 1]))
			len--;
	}
	snprintf(value, size, "%.*s", (int)len, from);
}

bool moat_settings_get(const char *text, const char *name, char *value,
		       size_t size)
{
	size_t len = strlen(name);
	bool found = false;

	while (text && *text) {
		const char *at = text + strspn(text, BLANKS);

		if (strncmp(at, name, len) == 0) {
			at += len;
			at += strspn(at, BLANKS);
			if (*at == '=') {
				take_value(at + 1, value, size);
				found = true;
			}
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return found;
}
