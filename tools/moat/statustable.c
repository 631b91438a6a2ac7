// SPDX-License-Identifier: GPL-2.0
/*
 * Storage domains and disks as tables: what a pipe gets, a line for each.
 */
#include "statustable.h"

#include "field.h"
#include "table.h"
#include "text.h"
#include "words.h"

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
	{ "COVER", false }, { "TROUBLE", false }, { NULL, false },
};

static const struct moat_column problem_columns[] = {
	{ "STORAGE", false }, { "CONDITION", false }, { "APPLICATION", false },
	{ "DISK", false }, { "PROBLEM", false }, { "WHAT IS WRONG", false },
	{ "WHAT TO DO", false }, { NULL, false },
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

static void put_storage(struct moat_table *t, const json_t *storage)
{
	const json_t *health = json_object_get(storage, "health");
	char text[MOAT_WORDS_TEXT];

	moat_table_add(t, "%s", moat_field_text(storage, "name"));
	moat_table_add(t, "%s", moat_words_state(storage, text));
	add_number(t, moat_field_number(storage, "domid"));
	moat_table_add(t, "%s", moat_words_standby(storage, text));
	moat_table_add(t, "%s", moat_words_pci(storage, text));
	add_age(t, storage, "heartbeat_age_ms");
	add_age(t, health, "poller_ms");
	add_age(t, health, "device_ms");
	moat_table_add(t, "%zu",
		       json_array_size(json_object_get(storage, "disks")));
	add_number(t, moat_field_number(storage, "recoveries"));
	moat_table_add(t, "%s", moat_words_last(storage, text));
}

/* --- disks -------------------------------------------------------------- */

static void put_disk(struct moat_table *t, const json_t *storage,
		     const json_t *disk)
{
	moat_table_add(t, "%s", moat_field_text(disk, "domain"));
	add_number(t, moat_field_number(disk, "domid"));
	moat_table_add(t, "%s", moat_field_text(disk, "vdev"));
	moat_table_add(t, "%s", moat_field_text(storage, "name"));
	moat_table_add(t, "%s", moat_words_access(disk));
	moat_table_add(t, "%s", moat_words_xenbus(disk, "front_state"));
	moat_table_add(t, "%s", moat_words_xenbus(disk, "back_state"));
	moat_table_add(t, "%s", moat_words_disk(disk));
	moat_table_add(t, "%s", moat_field_text(disk, "params"));
	moat_table_add(t, "%s", moat_field_text(disk, "cover"));
	moat_table_add(t, "%s", moat_field_text(disk, "trouble"));
}

void moat_status_table(const json_t *list, FILE *out)
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
	moat_table_print(storages, out);
	if (count) {
		fputc('\n', out);
		moat_table_print(disks, out);
	}
	moat_table_destroy(storages);
	moat_table_destroy(disks);
}

/* --- what is wrong --------------------------------------------------------- */

void moat_status_problem_table(const json_t *list, FILE *out)
{
	static const char * const keys[] = {
		"condition", "domain", "vdev", "problem", "text", "advice",
	};
	struct moat_table *t = moat_table_create(problem_columns);
	const json_t *storage, *problem;
	size_t i, k;

	json_array_foreach(list, i, storage)
		json_array_foreach(json_object_get(storage, "problems"), k,
				   problem) {
			moat_table_add(t, "%s",
				       moat_field_text(storage, "name"));
			for (size_t n = 0; n < sizeof(keys) / sizeof(*keys); n++)
				moat_table_add(t, "%s", moat_field_text(problem,
									keys[n]));
		}
	moat_table_print(t, out);
	moat_table_destroy(t);
}
