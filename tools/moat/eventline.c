// SPDX-License-Identifier: GPL-2.0
/*
 * Events as lines.
 */
#include "eventline.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What does not fit is cut off. */
static void append(char *line, const char *fmt, ...)
{
	size_t at = strlen(line);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + at, MOAT_EVENTLINE_BYTES - at, fmt, args);
	va_end(args);
}

void moat_eventline_format(const struct moat_event *event, char *line)
{
	*line = '\0';
	append(line, "%s  %s: %s", event->time, event->storage, event->event);
	if (*event->detail)
		append(line, ": %s", event->detail);
	if (event->domid >= 0 && event->new_domid >= 0)
		append(line, " (domain %.0f -> %.0f)", event->domid,
		       event->new_domid);
	if (event->disks >= 0)
		append(line, ", %.0f disk%s", event->disks,
		       event->disks == 1 ? "" : "s");
	moat_text_clean(line);
}
