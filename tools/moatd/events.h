/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has happened, for people and programs: JSON, a line each, in a file and,
 * the latest of them, in memory.
 */
#ifndef MOATD_EVENTS_H
#define MOATD_EVENTS_H

#include <jansson.h>

#define MOAT_EVENTS_KEPT 200

struct moat_events;

/**
 * moat_events_create() - read back what the file's end holds
 * @path: the file; its directory is made if need be
 * @told: called with each new event, if not NULL
 *
 * Return: NULL for want of memory. A file that cannot be written is logged.
 */
struct moat_events *moat_events_create(const char *path,
				       void (*told)(void *context,
						    const json_t *event),
				       void *context);

/* The file may have been renamed: go on in one of the old name. */
void moat_events_reopen(struct moat_events *events);
void moat_events_destroy(struct moat_events *events);

/**
 * moat_events_add() - one more
 * @storage: the storage domain's name
 * @event: what has happened
 * @more: further keys; the reference is taken, may be NULL
 */
void moat_events_add(struct moat_events *events, const char *storage,
		     const char *event, json_t *more);

/* Return: a new array of those with an id above @since. */
json_t *moat_events_list(const struct moat_events *events, json_int_t since);

/* Return: the last event of a storage domain with this name, or NULL. */
const json_t *moat_events_last(const struct moat_events *events,
			       const char *storage, const char *event);

#endif
