// SPDX-License-Identifier: GPL-2.0
/*
 * Words for what moatd tells.
 */
#include "words.h"

#include "event.h"
#include "field.h"
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void append(char *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What does not fit is cut off. */
static void append(char *buf, const char *fmt, ...)
{
	size_t at = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + at, MOAT_WORDS_TEXT - at, fmt, args);
	va_end(args);
}

/* The problems of one that serves all the same, each word once. */
static void append_problems(char *buf, const json_t *storage)
{
	const json_t *list = json_object_get(storage, "problems");
	const char *before = ": ";
	size_t i, k;

	for (i = 0; i < json_array_size(list); i++) {
		const char *word = moat_field_text(json_array_get(list, i),
						   "problem");

		for (k = 0; k < i; k++)
			if (strcmp(moat_field_text(json_array_get(list, k),
						   "problem"), word) == 0)
				break;
		if (k < i)
			continue;
		append(buf, "%s%s", before, word);
		before = ", ";
	}
}

/* "degraded" takes the place of "ready"; another state says more than it. */
char *moat_words_state(const json_t *storage, char *buf)
{
	const char *state = moat_field_text(storage, "state");
	const char *condition = moat_field_text(storage, "condition");
	const char *why = moat_field_text(storage, "why");
	const char *wish = moat_field_text(storage, "wish");

	*buf = '\0';
	if (strcmp(state, "ready") == 0 && strcmp(condition, "degraded") == 0) {
		append(buf, "%s", condition);
		append_problems(buf, storage);
	} else {
		append(buf, "%s", state);
	}
	if (*why)
		append(buf, ": %s", why);
	if (json_is_true(json_object_get(storage, "held")) &&
	    strcmp(state, "held") != 0 && strcmp(state, "ready") != 0)
		append(buf, ", held");
	if (*wish)
		append(buf, ", asked to %s", wish);
	moat_text_clean(buf);
	return buf;
}

char *moat_words_standby(const json_t *storage, char *buf)
{
	const json_t *standby = json_object_get(storage, "standby");
	double domid = moat_field_number(standby, "domid");

	*buf = '\0';
	append(buf, "%s", moat_field_text(standby, "state"));
	if (domid >= 0)
		append(buf, " (%.0f)", domid);
	return buf;
}

/* A device that is not with the domain it belongs to is marked. */
char *moat_words_pci(const json_t *storage, char *buf)
{
	const json_t *device;
	size_t i;

	*buf = '\0';
	json_array_foreach(json_object_get(storage, "pci"), i, device) {
		bool plain = json_is_string(device);
		const char *name = plain ? json_string_value(device) :
					   moat_field_text(device, "device");
		bool away = !plain && moat_field_number(device, "domid") !=
				      moat_field_number(storage, "domid");

		append(buf, "%s%s%s", *buf ? " " : "", name,
		       away ? "(away)" : "");
	}
	return buf;
}

char *moat_words_last(const json_t *storage, char *buf)
{
	char total[MOAT_TEXT_SHORT];
	struct moat_event event;

	*buf = '\0';
	if (moat_event_decode(json_object_get(storage, "last"), &event))
		return buf;
	append(buf, "%s %s%s%s", event.time, event.event,
	       *event.detail ? ": " : "", event.detail);
	if (event.total >= 0)
		append(buf, ", %s", moat_text_age(event.total, total));
	return buf;
}

const char *moat_words_xenbus(const json_t *disk, const char *key)
{
	static const char * const digits[] = {
		"0", "1", "2", "3", "4", "5", "6", "7", "8",
	};
	double number = moat_field_number(disk, key);

	return moat_text_xenbus(number >= 0 && number < 9 ?
				digits[(int)number] :
				moat_field_text(disk, key));
}

const char *moat_words_access(const json_t *disk)
{
	const char *mode = moat_field_text(disk, "mode");

	return strcmp(mode, "w") == 0 ? "read-write" :
	       strcmp(mode, "r") == 0 ? "read-only" : mode;
}

/* What of a disk makes it stay away from its storage domain for ever. */
const char *moat_words_disk(const json_t *disk)
{
	const char *state = moat_field_text(disk, "moat_state");

	if (*state)
		return state;
	return json_is_false(json_object_get(disk, "recovery")) &&
	       strcmp(moat_field_text(disk, "cover"), "takeover") != 0 ?
		       "cannot recover" : "";
}

/* An earlier moatd says nothing about it. */
const char *moat_words_cover(const json_t *disk, char *buf)
{
	const char *cover = moat_field_text(disk, "cover");
	const char *why = moat_field_text(disk, "cover_why");

	*buf = '\0';
	append(buf, "%s%s%s", cover, *why ? ": " : "", why);
	return buf;
}
