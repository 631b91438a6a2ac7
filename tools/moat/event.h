/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moatd says has happened to a storage domain, taken out of its JSON.
 */
#ifndef MOAT_EVENT_H
#define MOAT_EVENT_H

#include <jansson.h>

/* X(name, head of its column) in the order in which they happen */
#define MOAT_PHASES(X) \
	X(detect, "DETECT") \
	X(destroy, "DESTROY") \
	X(pci, "PCI") \
	X(probe, "PROBE") \
	X(reconnect, "RECONNECT") \
	X(replay, "REPLAY")

enum moat_phase {
#define MOAT_PHASE_ENUM(name, head) MOAT_PHASE_##name,
	MOAT_PHASES(MOAT_PHASE_ENUM)
#undef MOAT_PHASE_ENUM
	MOAT_PHASE_COUNT,
};

extern const char * const moat_phase_names[MOAT_PHASE_COUNT];

/* How a person's request ends. */
enum moat_outcome {
	MOAT_OUTCOME_OPEN,	/* this event does not end it */
	MOAT_OUTCOME_GOOD,
	MOAT_OUTCOME_BAD,
};

/**
 * struct moat_event - one event
 * @time: as people read it
 * @storage: the storage domain's name
 * @event: what has happened
 * @detail: the reason and whatever else is told, or ""
 * @seconds: the same moment, since 1970; -1 if it is not told
 * @domid: the domain it happened to, -1 if it is not told
 * @new_domid: the domain in its place, -1 if there is none
 * @phases: milliseconds of each phase, -1 if it is not told
 * @total: their sum, -1 if none is told
 * @disks: how many disks it concerns, -1 if it is not told
 * @left: how many of them are not up, -1 if it is not told
 *
 * The strings live as long as the JSON object.
 */
struct moat_event {
	char time[40];
	const char *storage;
	const char *event;
	char detail[256];
	double seconds;
	double domid, new_domid;
	double phases[MOAT_PHASE_COUNT];
	double total;
	double disks, left;
};

/**
 * moat_event_decode() - take an event out of JSON
 * @object: what moatd sent
 * @event: filled in; what @object lacks is empty
 *
 * Return: 0, or -EINVAL if this is no event: it names neither what nor whom.
 */
int moat_event_decode(const json_t *object, struct moat_event *event);

/* Does it end a restart or an upgrade, and how? With disks that are not up, badly. */
enum moat_outcome moat_event_outcome(const struct moat_event *event);

#endif
