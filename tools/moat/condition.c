// SPDX-License-Identifier: GPL-2.0
/*
 * Facts, judged.
 *
 * What passes by itself within seconds on a host that is well (a standby that
 * boots, a guest that has not loaded its driver yet) is no problem, or whoever
 * asks at night is told about it every night. Nor is what somebody has chosen: a
 * front end that cannot recover, a storage domain without a standby.
 */
#include "condition.h"

#include "command.h"
#include "event.h"
#include "field.h"
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Ages in ms that are worth a word long before moatd acts on them. */
#define SILENT_MS 5000
#define POLLER_MS 2000
#define DEVICE_MS 10000

#define XENBUS_CONNECTED 4

static const char * const names[] = { "ok", "degraded", "down" };

const char *moat_condition_name(enum moat_condition condition)
{
	return names[condition];
}

int moat_condition_exit(enum moat_condition condition)
{
	static const int statuses[] = {
		MOAT_EXIT_OK, MOAT_EXIT_DEGRADED, MOAT_EXIT_DOWN,
	};

	return statuses[condition];
}

/* A judgement under way. */
struct judge {
	const json_t *storage;
	const char *name;
	json_t *problems;
	enum moat_condition worst;
};

/* Something wrong: with a disk, or with all of it (NULL). */
struct problem {
	enum moat_condition condition;
	const char *word;
	const json_t *disk;
	const char *advice;
};

/* A copy of a field; what is no text becomes null. */
static json_t *copy_text(const json_t *object, const char *key)
{
	const char *text = moat_field_text(object, key);

	return *text ? json_string(text) : json_null();
}

/* An advice, with the storage domain's name where STORAGE stands. */
static void name_it(const char *advice, const char *name, char *buf,
		    size_t size)
{
	static const char word[] = "STORAGE";
	const char *at = strstr(advice, word);

	if (at)
		snprintf(buf, size, "%.*s%s%s", (int)(at - advice), advice, name,
			 at + strlen(word));
	else
		snprintf(buf, size, "%s", advice);
	moat_text_clean(buf);
}

static void found(struct judge *j, const struct problem *p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void found(struct judge *j, const struct problem *p, const char *fmt, ...)
{
	char text[512], advice[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	moat_text_clean(text);
	name_it(p->advice, j->name, advice, sizeof(advice));
	json_array_append_new(
		j->problems,
		json_pack("{s:s, s:s, s:o, s:o, s:s, s:s}", "problem", p->word,
			  "condition", names[p->condition],
			  "domain", copy_text(p->disk, "domain"),
			  "vdev", copy_text(p->disk, "vdev"),
			  "text", text, "advice", advice));
	if (p->condition > j->worst)
		j->worst = p->condition;
}

/* --- the storage domain --------------------------------------------------- */

/* Every state but those in which all is as it should be. */
static const struct {
	const char *state;
	struct problem problem;
	const char *text;
} states[] = {
	{ "gave-up", { MOAT_CONDITION_DOWN, "gave-up", NULL,
	  "find out why with 'moat events'; then 'moat restart STORAGE'" },
	  "it crashed again and again, and moatd has given up" },
	{ "waiting", { MOAT_CONDITION_DOWN, "waiting", NULL,
	  "'moat events' tells the reasons; 'moat restart STORAGE' does not wait" },
	  "it crashes again and again; moatd waits before the next try" },
	{ "recovering", { MOAT_CONDITION_DOWN, "recovering", NULL,
	  "wait; 'moat events --follow' tells how STORAGE gets on" },
	  "it is being replaced" },
	{ "absent", { MOAT_CONDITION_DOWN, "absent", NULL,
	  "moatd's log says why there is no STORAGE: 'journalctl -u moatd'" },
	  "there is no such domain" },
	{ "foreign", { MOAT_CONDITION_DOWN, "foreign", NULL,
	  "'moat adopt STORAGE' if it is Moat's; or give one of them another name" },
	  "a domain that is not Moat's has its name" },
	{ "suspended", { MOAT_CONDITION_DOWN, "suspended", NULL,
	  "wait; moatd replaces STORAGE by itself if it goes on" },
	  "it says that it is being saved" },
	{ "held", { MOAT_CONDITION_DOWN, "held", NULL,
	  "'moat resume STORAGE' when you are done" },
	  "moatd would replace it, and leaves it alone, as it was told" },
	{ "booting", { MOAT_CONDITION_DOWN, "booting", NULL,
	  "wait; 'xl console STORAGE' shows how far it is" },
	  "it has not booted yet" },
};

static bool is_ready(const json_t *storage)
{
	const char *state = moat_field_text(storage, "state");

	return strcmp(state, "ready") == 0 || strcmp(state, "upgrading") == 0;
}

static void judge_state(struct judge *j)
{
	static const struct problem other = {
		MOAT_CONDITION_DEGRADED, "state", NULL,
		"moatd(8) says what it means for STORAGE",
	};
	const char *state = moat_field_text(j->storage, "state");
	const char *why = moat_field_text(j->storage,
					  strcmp(state, "held") == 0 ? "verdict" : "why");

	if (is_ready(j->storage))
		return;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(states[i].state, state) == 0) {
			found(j, &states[i].problem, "%s%s%s", states[i].text,
			      *why ? ": " : "", why);
			return;
		}
	found(j, &other, "moatd calls its state '%s'", state);
}

/* One that is held and would be replaced is told as that. */
static void judge_hold(struct judge *j)
{
	static const struct problem problem = {
		MOAT_CONDITION_DEGRADED, "held", NULL,
		"'moat resume STORAGE' when you are done",
	};

	if (json_is_true(json_object_get(j->storage, "held")) &&
	    strcmp(moat_field_text(j->storage, "state"), "held") != 0)
		found(j, &problem, "moatd does nothing for it, as it was told");
}

/* "; 3 min ago: create failed with status 1", or nothing */
static void describe_failure(const json_t *failure, char *text, size_t size)
{
	struct moat_event event;

	*text = '\0';
	if (moat_event_decode(failure, &event) == 0)
		snprintf(text, size, "; what failed last, %s: %s", event.time,
			 event.detail);
}

static void judge_standby(struct judge *j)
{
	static const struct problem problem = {
		MOAT_CONDITION_DEGRADED, "no-standby", NULL,
		"'moat events' says why STORAGE has none; is there memory ('xl info')?",
	};
	const json_t *standby = json_object_get(j->storage, "standby");
	bool gave_up = json_is_true(json_object_get(j->storage,
						    "standby_gave_up"));
	char failure[384];

	if (!json_is_true(json_object_get(j->storage, "standby_wanted")) ||
	    json_is_object(standby))
		return;
	describe_failure(json_object_get(j->storage, "failure"), failure,
			 sizeof(failure));
	found(j, &problem,
	      "it has no standby%s: the next recovery has to wait for a boot%s",
	      gave_up ? ", those made died one after the other" : "", failure);
}

static void judge_pci(struct judge *j)
{
	static const struct problem problem = {
		MOAT_CONDITION_DEGRADED, "device-away", NULL,
		"see 'xl pci-assignable-list'; STORAGE gets it when it is free",
	};
	double own = moat_field_number(j->storage, "domid");
	const json_t *device;
	size_t i;

	json_array_foreach(json_object_get(j->storage, "pci"), i, device) {
		double holder = moat_field_number(device, "domid");

		if (!json_is_object(device) || holder == own)
			continue;
		if (holder < 0)
			found(j, &problem, "no domain has its device %s",
			      moat_field_text(device, "device"));
		else
			found(j, &problem, "domain %.0f has its device %s",
			      holder, moat_field_text(device, "device"));
	}
}

static void judge_age(struct judge *j, const json_t *object, const char *key,
		      double limit, const struct problem *problem,
		      const char *text)
{
	double age = moat_field_number(object, key);
	char buf[MOAT_TEXT_SHORT];

	if (age >= limit)
		found(j, problem, "%s for %s", text, moat_text_age(age, buf));
}

static void judge_health(struct judge *j)
{
	static const struct problem silent = {
		MOAT_CONDITION_DEGRADED, "silent", NULL,
		"if it goes on moatd replaces STORAGE; is the host overcommitted ('xl top')?",
	}, poller = {
		MOAT_CONDITION_DEGRADED, "poller", NULL,
		"if it goes on moatd replaces STORAGE; is the host overcommitted ('xl top')?",
	}, device = {
		MOAT_CONDITION_DEGRADED, "device", NULL,
		"look at the device; moatd replaces STORAGE by itself if it goes on",
	};
	const json_t *health = json_object_get(j->storage, "health");

	judge_age(j, j->storage, "heartbeat_age_ms", SILENT_MS, &silent,
		  "it has given no sign of life");
	judge_age(j, health, "poller_ms", POLLER_MS, &poller,
		  "one of its pollers has not answered");
	judge_age(j, health, "device_ms", DEVICE_MS, &device,
		  "its device, with work to do, has done nothing");
}

/* --- its disks ----------------------------------------------------------- */

static bool is_served(const json_t *storage, const json_t *disk)
{
	return moat_field_number(disk, "back_state") == XENBUS_CONNECTED &&
	       moat_field_number(disk, "backend_domid") ==
			moat_field_number(storage, "domid");
}

int moat_condition_would_lose(const json_t *storage, const json_t *disk)
{
	return json_is_false(json_object_get(disk, "recovery")) &&
	       strcmp(moat_field_text(disk, "cover"), "takeover") != 0 &&
	       moat_field_number(disk, "front_state") == XENBUS_CONNECTED &&
	       is_served(storage, disk);
}

/* A front end that is connected, to a back end that is not. */
static bool is_stranded(const json_t *storage, const json_t *disk)
{
	return moat_field_number(disk, "front_state") == XENBUS_CONNECTED &&
	       !is_served(storage, disk);
}

static void judge_disk(struct judge *j, const json_t *disk)
{
	struct problem p = { MOAT_CONDITION_DEGRADED, NULL, disk, NULL };
	const char *trouble = moat_field_text(disk, "trouble");
	const char *misfit = moat_field_text(disk, "misfit");

	if (strcmp(moat_field_text(disk, "moat_state"), "failed") == 0) {
		p.word = "disk-failed";
		p.advice = "detach it, and attach it anew to STORAGE";
		found(j, &p, "it waited too long: all its I/O fails%s%s",
		      *trouble ? "; " : "", trouble);
	} else if (*trouble) {
		p.word = "disk-trouble";
		p.advice = "STORAGE's console and the domain's own log say more";
		found(j, &p, "its front end complains: %s", trouble);
	} else if (strcmp(moat_field_text(disk, "hotplug"), "error") == 0) {
		p.word = "disk-refused";
		p.advice = "is the disk's target there in STORAGE? Its console says more";
		found(j, &p, "the storage domain cannot serve %s",
		      moat_field_text(disk, "params"));
	} else if (*misfit) {
		p.word = "disk-misfit";
		p.advice = "STORAGE has to offer what it did, and the very disk; see its console";
		found(j, &p, "the new storage domain leaves it alone: %s", misfit);
	} else if (is_ready(j->storage) && is_stranded(j->storage, disk)) {
		p.word = "disk-stranded";
		p.advice = "where STORAGE does not take it back, detach it, or restart its domain";
		found(j, &p, "nobody serves it%s",
		      json_is_false(json_object_get(disk, "recovery")) ?
			      ", and its front end cannot recover" : "");
	}
}

enum moat_condition moat_condition_judge(json_t *storage)
{
	struct judge j = {
		.storage = storage,
		.name = moat_field_text(storage, "name"),
		.problems = json_array(),
	};
	const json_t *disk;
	size_t i;

	judge_state(&j);
	judge_hold(&j);
	if (is_ready(storage)) {
		judge_standby(&j);
		judge_pci(&j);
		judge_health(&j);
	}
	json_array_foreach(json_object_get(storage, "disks"), i, disk)
		if (json_is_object(disk))
			judge_disk(&j, disk);
	json_object_set_new(storage, "condition", json_string(names[j.worst]));
	json_object_set_new(storage, "problems", j.problems);
	return j.worst;
}
