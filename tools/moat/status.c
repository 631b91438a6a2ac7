// SPDX-License-Identifier: GPL-2.0
/*
 * moat status: how the storage domains are, and the disks they serve; blocks on
 * a terminal, tables in a pipe, or JSON.
 */
#include "args.h"
#include "field.h"
#include "statusblock.h"
#include "statustable.h"
#include "storages.h"
#include "text.h"

#include "lib/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct wanted {
	bool json, table, names;
	bool wrong;		/* only what is wrong, and tell by the status */
};

static void print_names(const json_t *list)
{
	const json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage) {
		char name[256];

		snprintf(name, sizeof(name), "%s",
			 moat_field_text(storage, "name"));
		moat_text_clean(name);
		if (*name)
			puts(name);
	}
}

/* The storage domains with which something is wrong. */
static json_t *with_problems(const json_t *list)
{
	json_t *some = json_array(), *storage;
	size_t i;

	json_array_foreach(list, i, storage)
		if (json_array_size(json_object_get(storage, "problems")))
			json_array_append(some, storage);
	return some;
}

static void print_json(json_t *list, enum moat_condition condition)
{
	json_t *all = json_pack("{s:i, s:s, s:O}", "version", MOAT_JSON_VERSION,
				"condition", moat_condition_name(condition),
				"storage", list);

	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(all);
}

static void print_text(const json_t *list, const struct wanted *wanted)
{
	bool table = wanted->table || !isatty(STDOUT_FILENO);

	if (json_array_size(list) == 0)
		puts(wanted->wrong ? "All is well." :
				     "No storage domain is configured.");
	else if (wanted->wrong && table)
		moat_status_problem_table(list, stdout);
	else if (wanted->wrong)
		moat_status_problem_block(list, stdout);
	else if (table)
		moat_status_table(list, stdout);
	else
		moat_status_block(list, stdout);
}

static void print(json_t *list, const struct wanted *wanted)
{
	json_t *some = wanted->wrong ? with_problems(list) : json_incref(list);

	if (wanted->names)
		print_names(some);
	else if (wanted->json)
		print_json(some, moat_storages_condition(list));
	else
		print_text(some, wanted);
	json_decref(some);
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	struct wanted wanted = { 0 };
	const struct moat_option options[] = {
		{ "wrong", 'x', MOAT_OPTION_FLAG, &wanted.wrong },
		{ "json", 0, MOAT_OPTION_FLAG, &wanted.json },
		{ "table", 0, MOAT_OPTION_FLAG, &wanted.table },
		{ "names", 0, MOAT_OPTION_FLAG, &wanted.names },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options, .max = 1 };
	json_t *list;
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	status = moat_storages_get(context, args.count ? args.operands[0] : NULL,
				   &list);
	if (status != MOAT_EXIT_OK)
		return status;
	print(list, &wanted);
	if (wanted.wrong)
		status = moat_condition_exit(moat_storages_condition(list));
	json_decref(list);
	return status;
}

const struct moat_command moat_command_status = {
	.name = "status",
	.synopsis = "[-x] [--json | --table | --names] [STORAGE]",
	.summary = "Show the storage domains and the disks they serve",
	.help =
	"HEARTBEAT is the age of the domain's last sign of life; POLLER is how\n"
	"long a call to it has waited, DEVICE how long its device, with work to\n"
	"do, has done nothing.\n\n"
	"  -x, --wrong  only what is wrong, and what to do about it; the status is 0\n"
	"               if all is well, 4 if something is missing, 5 if a storage\n"
	"               domain does not serve\n"
	"      --json   JSON, see moat-json(5)\n"
	"      --table  tables, as in a pipe, on a terminal too\n"
	"      --names  the names of the storage domains, one a line\n",
	.run = run,
};
