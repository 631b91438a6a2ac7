// SPDX-License-Identifier: GPL-2.0
/*
 * moatd.conf, read by libconfig.
 */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_pci(const config_setting_t *from, struct moat_plan_storage *st)
{
	const config_setting_t *list = config_setting_get_member(from, "pci");

	for (int i = 0; list && i < config_setting_length(list); i++) {
		const char *device = config_setting_get_string_elem(list, i);

		if (device && st->pcis < MOAT_PLAN_PCI)
			st->pci[st->pcis++] = device;
	}
}

static void read_storage(const config_setting_t *from, struct moat_plan *plan)
{
	struct moat_plan_storage *st = &plan->storages[plan->count];
	int standby = 1, takeover = 1;

	if (!config_setting_is_group(from) ||
	    !config_setting_lookup_string(from, "name", &st->name) ||
	    !config_setting_lookup_string(from, "config", &st->config))
		return;
	config_setting_lookup_bool(from, "standby", &standby);
	config_setting_lookup_bool(from, "takeover", &takeover);
	st->standby = standby;
	st->takeover = takeover;
	read_pci(from, st);
	plan->count++;
}

bool moat_plan_read(struct moat_plan *plan, const char *path, char *error,
		    size_t size)
{
	const config_setting_t *list;
	int count;

	memset(plan, 0, sizeof(*plan));
	plan->xl = "xl";
	plan->moat_create = "moat-create";
	config_init(&plan->file);
	if (!config_read_file(&plan->file, path)) {
		if (config_error_type(&plan->file) == CONFIG_ERR_FILE_IO)
			snprintf(error, size, "%s: %s", path, strerror(errno));
		else
			snprintf(error, size, "%s:%d: %s", path,
				 config_error_line(&plan->file),
				 config_error_text(&plan->file));
		return false;
	}
	config_lookup_string(&plan->file, "xl", &plan->xl);
	config_lookup_string(&plan->file, "moat_create", &plan->moat_create);
	list = config_lookup(&plan->file, "storage");
	count = list ? config_setting_length(list) : 0;
	plan->storages = calloc(count ? count : 1, sizeof(*plan->storages));
	for (int i = 0; plan->storages && i < count; i++)
		read_storage(config_setting_get_elem(list, i), plan);
	return true;
}

void moat_plan_deinit(struct moat_plan *plan)
{
	config_destroy(&plan->file);
	free(plan->storages);
	memset(plan, 0, sizeof(*plan));
}
