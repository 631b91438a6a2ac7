// SPDX-License-Identifier: GPL-2.0
/*
 * Disk specifications. xl splits at commas and strips blanks; only the target,
 * which stands last, may hold commas.
 */
#include "diskspec.h"

#include <stdio.h>
#include <string.h>

#define TARGET_MAX 4096u

static bool is_word(const char *text)
{
	return *text && text[strcspn(text, ", \t\n=\"'")] == '\0';
}

static bool is_vdev(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	return *text && strlen(text) < 16 &&
	       strspn(text, allowed) == strlen(text);
}

const char *moat_diskspec_format(const char *vdev, const char *storage,
				 const char *target, bool readonly,
				 char *spec)
{
	size_t len = strlen(target);

	if (!is_vdev(vdev))
		return "VDEV must be a name like xvdb";
	if (!is_word(storage) || strlen(storage) > 256)
		return "STORAGE must be the name or number of a domain";
	if (target[0] != '/')
		return "TARGET must be a path in the storage domain, from / on";
	if (len > TARGET_MAX || strchr(target, '\n') ||
	    target[len - 1] == ' ' || target[len - 1] == '\t')
		return "TARGET is too long, or has a line's end or blanks at its end";
	snprintf(spec, MOAT_DISKSPEC_BYTES,
		 "format=raw,backendtype=phy,backend=%s,vdev=%s,access=%c,target=%s",
		 storage, vdev, readonly ? 'r' : 'w', target);
	return NULL;
}
