// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: the storage domains' own configuration, and their names.
 */
#include "check.h"

#include "settings.h"

#include "moat/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTO "/etc/xen/auto"

/* A file that the xl configuration names must be there. Return: whether it is. */
static bool check_file(struct moat_check *check, const char *name,
		       const char *text, const char *setting)
{
	char path[MOAT_HOST_PATH] = "";

	if (!moat_settings_get(text, setting, path, sizeof(path)) || !*path ||
	    moat_host_exists(&check->host, path))
		return true;
	moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "image", name,
			  "'image/build --out DIR' makes kernel and initramfs",
			  "%s=%s is not there", setting, path);
	return false;
}

static void check_config(struct moat_check *check,
			 const struct moat_plan_storage *st)
{
	char *text = moat_host_read(&check->host, st->config);
	char value[256];

	if (!text) {
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN,
				  "storage", st->name,
				  "image/storage.cfg.example is one to begin "
				  "with",
				  "%s: %s", st->config, strerror(errno));
		return;
	}
	if (moat_settings_get(text, "pci", value, sizeof(value)))
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN,
				  "storage", st->name,
				  "take the line out; the devices are named in "
				  "moatd.conf",
				  "%s has pci=: a standby would want the "
				  "devices that are in use",
				  st->config);
	else
		moat_report_ok(&check->report, "storage", st->name,
			       "%s can be used", st->config);
	if (check_file(check, st->name, text, "kernel") &&
	    check_file(check, st->name, text, "ramdisk"))
		moat_report_ok(&check->report, "image", st->name,
			       "its kernel and initramfs are there");
	free(text);
}

/* moatd keeps whatever domain has the name, and replaces what does not serve. */
static void check_name(struct moat_check *check,
		       const struct moat_plan_storage *st)
{
	long domid = moat_check_domain(check, st->name);
	char dir[64], *state;

	if (domid < 0)
		return;
	snprintf(dir, sizeof(dir), "/local/domain/%ld", domid);
	state = moat_xstore_read(check->xs, XBT_NULL, dir, MOAT_KEY_STATE);
	if (state)
		moat_report_ok(&check->report, "name", st->name,
			       "domain %ld says that it is Moat's", domid);
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "name",
				  st->name,
				  "if it is not just booting: give it, or the "
				  "storage domain, another name",
				  "domain %ld has this name, and does not say "
				  "that it is Moat's: moatd will replace it",
				  domid);
	free(state);
}

/* Is a file in the directory of domains that are started at boot this one's? */
static bool is_of(const struct moat_check *check, const char *path,
		  const char *name)
{
	char *text = moat_host_read(&check->host, path);
	char value[256] = "";

	moat_settings_get(text, "name", value, sizeof(value));
	free(text);
	return strcmp(value, name) == 0;
}

static void check_auto(struct moat_check *check,
		       const struct moat_plan_storage *st)
{
	char path[MOAT_HOST_PATH];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" AUTO, check->host.root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), AUTO "/%s", entry->d_name);
		if (entry->d_name[0] != '.' && is_of(check, path, st->name))
			moat_report_wrong(&check->report, MOAT_CONDITION_DOWN,
					  "auto", st->name,
					  "take it out of there: moatd creates "
					  "storage domains",
					  "xendomains would create it from %s, "
					  "too",
					  path);
	}
	if (dir)
		closedir(dir);
}

void moat_check_storages(struct moat_check *check)
{
	for (size_t i = 0; i < check->plan.count; i++) {
		const struct moat_plan_storage *st = &check->plan.storages[i];

		check_config(check, st);
		check_name(check, st);
		check_auto(check, st);
	}
}
