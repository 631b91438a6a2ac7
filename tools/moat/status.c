// SPDX-License-Identifier: GPL-2.0
/*
 * moat status: how the storage domains are, and the disks they serve. What
 * moatd answers is passed on as it is with --json, and as two tables without.
 */
#include "args.h"
#include "client.h"
#include "event.h"
#include "field.h"
#include "table.h"
#include "text.h"

#include "lib/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct moat_column storage_columns[] = {
	{ "STORAGE", false }, { "STATE", false }, { "DOMAIN", true },
	{ "STANDBY", false }, { "PCI", false }, { "HEARTBEAT", true },
	{ "POLLER", true }, { "DEVICE", true }, { "DISKS", true },
	{ "RECOVERIES", true }, { "LAST", false }, { NULL, false },
};

static const struct moat_column disk_columns[] = {
	{ "APPLICATION", false }, { "DOMAIN", true }, { "DISK", false },
	{ "STORAGE", false }, { "ACCESS", false }, { "FRONT", false },
	{ "BACK", false }, { "STATE", false }, { "TARGET", false },
	{ "TROUBLE", false }, { NULL, false },
};

/* --- storage domains --------------------------------------------------- */

static void add_number(struct moat_table *t, double value)
{
	if (value < 0)
		moat_table_add(t, "-");
	else
		moat_table_add(t, "%.0f", value);
}

static void add_age(struct moat_table *t, const json_t *object, const char *key)
{
	char age[MOAT_TEXT_SHORT];

	moat_table_add(t, "%s", moat_text_age(moat_field_number(object, key),
					      age));
}

static void add_state(struct moat_table *t, const json_t *storage)
{
	const char *why = moat_field_text(storage, "why");
	const char *wish = moat_field_text(storage, "wish");

	moat_table_add(t, "%s%s%s%s%s", moat_field_text(storage, "state"),
		       *why ? ": " : "", why, *wish ? ", asked to " : "",
		       wish);
}

static void add_standby(struct moat_table *t, const json_t *standby)
{
	double domid = moat_field_number(standby, "domid");

	if (domid >= 0)
		moat_table_add(t, "%s (%.0f)",
			       moat_field_text(standby, "state"), domid);
	else
		moat_table_add(t, "%s", moat_field_text(standby, "state"));
}

/* A device that is not with the domain it belongs to is marked. */
static void add_pci(struct moat_table *t, const json_t *storage)
{
	const json_t *device;
	char text[512] = "";
	size_t i;

	json_array_foreach(json_object_get(storage, "pci"), i, device) {
		bool plain = json_is_string(device);
		const char *name = plain ? json_string_value(device) :
					   moat_field_text(device, "device");
		bool away = !plain && moat_field_number(device, "domid") !=
				      moat_field_number(storage, "domid");
		size_t at = strlen(text);

		snprintf(text + at, sizeof(text) - at, "%s%s%s",
			 at ? " " : "", name, away ? "(away)" : "");
	}
	moat_table_add(t, "%s", text);
}

static void add_last(struct moat_table *t, const json_t *last)
{
	char total[MOAT_TEXT_SHORT];
	struct moat_event event;

	if (moat_event_decode(last, &event)) {
		moat_table_add(t, "-");
		return;
	}
	moat_table_add(t, "%s %s%s%s%s%s", event.time, event.event,
		       *event.detail ? ": " : "", event.detail,
		       event.total < 0 ? "" : ", ",
		       event.total < 0 ? "" :
		       moat_text_age(event.total, total));
}

static void put_storage(struct moat_table *t, const json_t *storage)
{
	const json_t *health = json_object_get(storage, "health");

	moat_table_add(t, "%s", moat_field_text(storage, "name"));
	add_state(t, storage);
	add_number(t, moat_field_number(storage, "domid"));
	add_standby(t, json_object_get(storage, "standby"));
	add_pci(t, storage);
	add_age(t, storage, "heartbeat_age_ms");
	add_age(t, health, "poller_ms");
	add_age(t, health, "device_ms");
	moat_table_add(t, "%zu",
		       json_array_size(json_object_get(storage, "disks")));
	add_number(t, moat_field_number(storage, "recoveries"));
	add_last(t, json_object_get(storage, "last"));
}

/* --- disks -------------------------------------------------------------- */

static void add_xenbus(struct moat_table *t, const json_t *disk,
		       const char *key)
{
	double number = moat_field_number(disk, key);
	char digit[MOAT_TEXT_SHORT];

	snprintf(digit, sizeof(digit), "%.0f", number);
	moat_table_add(t, "%s", moat_text_xenbus(number >= 0 && number < 9 ?
						 digit :
						 moat_field_text(disk, key)));
}

static const char *access_word(const char *mode)
{
	return strcmp(mode, "w") == 0 ? "read-write" :
	       strcmp(mode, "r") == 0 ? "read-only" : mode;
}

/* What of a disk makes it stay away from its storage domain for ever. */
static const char *disk_state(const json_t *disk)
{
	const char *state = moat_field_text(disk, "moat_state");

	if (*state)
		return state;
	return json_is_false(json_object_get(disk, "recovery")) ?
		       "cannot recover" : "";
}

static void put_disk(struct moat_table *t, const json_t *storage,
		     const json_t *disk)
{
	moat_table_add(t, "%s", moat_field_text(disk, "domain"));
	add_number(t, moat_field_number(disk, "domid"));
	moat_table_add(t, "%s", moat_field_text(disk, "vdev"));
	moat_table_add(t, "%s", moat_field_text(storage, "name"));
	moat_table_add(t, "%s", access_word(moat_field_text(disk, "mode")));
	add_xenbus(t, disk, "front_state");
	add_xenbus(t, disk, "back_state");
	moat_table_add(t, "%s", disk_state(disk));
	moat_table_add(t, "%s", moat_field_text(disk, "params"));
	moat_table_add(t, "%s", moat_field_text(disk, "trouble"));
}

static void print_tables(const json_t *list)
{
	struct moat_table *storages = moat_table_create(storage_columns);
	struct moat_table *disks = moat_table_create(disk_columns);
	const json_t *storage, *disk;
	size_t i, k, count = 0;

	json_array_foreach(list, i, storage) {
		put_storage(storages, storage);
		json_array_foreach(json_object_get(storage, "disks"), k, disk) {
			put_disk(disks, storage, disk);
			count++;
		}
	}
	moat_table_print(storages, stdout);
	if (count) {
		putchar('\n');
		moat_table_print(disks, stdout);
	}
	moat_table_destroy(storages);
	moat_table_destroy(disks);
}

/* --- the command ---------------------------------------------------------- */

/* The list with no other storage domain than this; NULL if there is none. */
static json_t *only(const json_t *list, const char *name)
{
	json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage)
		if (strcmp(moat_field_text(storage, "name"), name) == 0)
			return json_pack("[O]", storage);
	return NULL;
}

static int print(const json_t *answer, const char *name, bool json)
{
	json_t *list = json_incref(json_object_get(answer, "storage"));

	if (!json_is_array(list)) {
		json_decref(list);
		moat_err("moatd's answer has no list of storage domains; "
			 "is it of another version?");
		return MOAT_EXIT_FAILED;
	}
	if (name) {
		json_t *one = only(list, name);

		json_decref(list);
		if (!one) {
			moat_err("moatd keeps no storage domain '%s'", name);
			return MOAT_EXIT_FAILED;
		}
		list = one;
	}
	if (json) {
		json_dumpf(list, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if (json_array_size(list) == 0) {
		puts("No storage domain is configured.");
	} else {
		print_tables(list);
	}
	json_decref(list);
	return MOAT_EXIT_OK;
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	bool json = false;
	const struct moat_option options[] = {
		{ "json", 0, MOAT_OPTION_FLAG, &json },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .max = 1 };
	json_t *answer;
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	status = moat_client_call(context,
				  json_pack("{s:s}", "command", "status"),
				  &answer);
	if (status != MOAT_EXIT_OK)
		return status;
	status = print(answer, args.count ? args.operands[0] : NULL, json);
	json_decref(answer);
	return status;
}

const struct moat_command moat_command_status = {
	.name = "status",
	.synopsis = "[--json] [STORAGE]",
	.summary = "Show the storage domains and the disks they serve",
	.help =
	"HEARTBEAT is the age of the domain's last sign of life; POLLER is how\n"
	"long a call to it has waited, DEVICE how long its device, with work to\n"
	"do, has done nothing.\n\n"
	"      --json  JSON: a list of storage domains, as moatd tells them\n",
	.run = run,
};
