/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An event as a line for people.
 */
#ifndef MOAT_EVENTLINE_H
#define MOAT_EVENTLINE_H

#include "event.h"

#define MOAT_EVENTLINE_BYTES 640

/**
 * moat_eventline_format() - "when  storage: event: why (domain 7 -> 8), 2 disks"
 * @event: the event
 * @line: MOAT_EVENTLINE_BYTES; gets the line, without its end, clean
 */
void moat_eventline_format(const struct moat_event *event, char *line);

#endif
