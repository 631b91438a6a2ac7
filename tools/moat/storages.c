// SPDX-License-Identifier: GPL-2.0
/*
 * Storage domains, asked for and judged.
 */
#include "storages.h"

#include "field.h"
#include "text.h"

#include "lib/log.h"

#include <stdio.h>
#include <string.h>

/* "there are: a, b": what else could have been meant. */
static void complain(const json_t *list, const char *name)
{
	char names[256] = "none at all";
	const json_t *storage;
	size_t i, at = 0;

	json_array_foreach(list, i, storage)
		if (at < sizeof(names))
			at += snprintf(names + at, sizeof(names) - at, "%s%s",
				       at ? ", " : "",
				       moat_field_text(storage, "name"));
	moat_text_clean(names);
	moat_err("moatd keeps no storage domain '%s', but %s", name, names);
}

/* The list with no other storage domain than this; NULL if there is none. */
static json_t *only(const json_t *list, const char *name)
{
	json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage)
		if (strcmp(moat_field_text(storage, "name"), name) == 0)
			return json_pack("[O]", storage);
	complain(list, name);
	return NULL;
}

int moat_storages_get(const struct moat_context *context, const char *name,
		      json_t **list)
{
	json_t *answer, *all, *storage;
	size_t i;
	int status = moat_client_call(context,
				      json_pack("{s:s}", "command", "status"),
				      &answer);

	if (status != MOAT_EXIT_OK)
		return status;
	all = json_object_get(answer, "storage");
	if (!json_is_array(all)) {
		json_decref(answer);
		moat_err("moatd's answer has no list of storage domains; "
			 "is it of another version?");
		return MOAT_EXIT_FAILED;
	}
	json_array_foreach(all, i, storage)
		moat_condition_judge(storage);
	*list = name ? only(all, name) : json_incref(all);
	json_decref(answer);
	return *list ? MOAT_EXIT_OK : MOAT_EXIT_FAILED;
}

enum moat_condition moat_storages_condition(const json_t *list)
{
	enum moat_condition worst = MOAT_CONDITION_OK;
	const json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage) {
		const char *word = moat_field_text(storage, "condition");
		enum moat_condition c = MOAT_CONDITION_DOWN;

		while (c > worst && strcmp(moat_condition_name(c), word) != 0)
			c--;
		worst = c;
	}
	return worst;
}
