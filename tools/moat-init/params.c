// SPDX-License-Identifier: GPL-2.0
/*
 * Parsing of a back end's `params` and `mode`.
 */
#include "params.h"

#include <stdio.h>
#include <string.h>

static const char *const prefixes[] = { "phy:", "file:", "raw:", "aio:" };

static const char *skip_prefix(const char *text)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(text, prefixes[i], len) == 0)
			return text + len;
	}
	return text;
}

const char *moat_params_parse(const char *text, struct moat_params *out)
{
	const char *path = skip_prefix(text);
	size_t head = strcspn(path, ":/");
	int len;

	if (!*path)
		return "empty";
	/*
	 * "qcow2:..." or "nbd:...": a format that needs a user-space back end; but
	 * not "disk/by-path/pci-0000:..."
	 */
	if (path[head] == ':')
		return "an image format or protocol that is not served here; "
		       "use a raw device or file";
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "has a control character";
	len = snprintf(out->path, sizeof(out->path), "%s%s",
		       path[0] == '/' ? "" : "/dev/", path);
	if (len >= (int)sizeof(out->path))
		return "too long";
	out->device = strncmp(out->path, "/dev/", 5) == 0;
	return NULL;
}

const char *moat_params_mode(const char *text, bool *read_only, bool *shared)
{
	if (strcmp(text, "r") && strcmp(text, "w") && strcmp(text, "w!") &&
	    strcmp(text, "r!"))
		return "neither r nor w";
	*read_only = text[0] == 'r';
	*shared = text[1] == '!';
	return NULL;
}
