// SPDX-License-Identifier: GPL-2.0
/*
 * Events, decoded.
 */
#include "event.h"

#include "field.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char * const moat_phase_names[MOAT_PHASE_COUNT] = {
#define MOAT_PHASE_NAME(name, head) #name,
	MOAT_PHASES(MOAT_PHASE_NAME)
#undef MOAT_PHASE_NAME
};

static void decode_phases(const json_t *phases, struct moat_event *event)
{
	event->total = -1;
	for (size_t i = 0; i < MOAT_PHASE_COUNT; i++) {
		char key[32];
		double ms;

		snprintf(key, sizeof(key), "%s_ms", moat_phase_names[i]);
		ms = moat_field_number(phases, key);
		event->phases[i] = ms;
		if (ms >= 0)
			event->total = (event->total < 0 ? 0 : event->total) +
				       ms;
	}
}

/* Append to a text; what does not fit is cut off. */
static void append(struct moat_event *event, const char *between,
		   const char *text)
{
	size_t at = strlen(event->detail);

	if (*text)
		snprintf(event->detail + at, sizeof(event->detail) - at,
			 "%s%s", at ? between : "", text);
}

/* "heartbeat: app xvda: what moatd says about it; 2 disks not up in time" */
static void decode_detail(const json_t *object, struct moat_event *event)
{
	char text[48];

	append(event, "", moat_field_text(object, "why"));
	append(event, ": ", moat_field_text(object, "domain"));
	append(event, " ", moat_field_text(object, "vdev"));
	append(event, ": ", moat_field_text(object, "text"));
	append(event, "; console: ", moat_field_text(object, "console"));
	if (event->left > 0) {
		snprintf(text, sizeof(text), "%.0f disk%s not up in time",
			 event->left, event->left == 1 ? "" : "s");
		append(event, "; ", text);
	}
}

int moat_event_decode(const json_t *object, struct moat_event *event)
{
	const json_t *left = json_object_get(object, "left");
	double seconds = moat_field_number(object, "time");

	memset(event, 0, sizeof(*event));
	event->storage = moat_field_text(object, "storage");
	event->event = moat_field_text(object, "event");
	if (!*event->storage || !*event->event)
		return -EINVAL;
	event->left = json_is_array(left) ? (double)json_array_size(left) :
					    moat_field_number(object, "left");
	decode_detail(object, event);
	event->seconds = seconds;
	event->domid = moat_field_number(object, "domid");
	event->new_domid = moat_field_number(object, "new_domid");
	event->disks = moat_field_number(object, "disks");
	decode_phases(json_object_get(object, "phases"), event);
	if (seconds >= 0)
		moat_text_time(seconds, event->time, sizeof(event->time));
	else
		snprintf(event->time, sizeof(event->time), "%s",
			 moat_field_text(object, "time"));
	return 0;
}

enum moat_outcome moat_event_outcome(const struct moat_event *event)
{
	if (strcmp(event->event, "recovered") == 0 ||
	    strcmp(event->event, "upgraded") == 0)
		return event->left > 0 ? MOAT_OUTCOME_BAD : MOAT_OUTCOME_GOOD;
	if (strcmp(event->event, "gave-up") == 0 ||
	    strcmp(event->event, "upgrade-aborted") == 0)
		return MOAT_OUTCOME_BAD;
	return MOAT_OUTCOME_OPEN;
}
