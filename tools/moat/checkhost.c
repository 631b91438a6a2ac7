// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: what else on the machine has a say. Whatever cannot be told (a
 * file that is not there, another distribution's names) is no line.
 */
#include "check.h"

#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a disk takes of its storage domain's quota, and one with none; README.md. */
#define NODES_PER_DISK 36
#define NODES_BASE 100
#define NODES_DEFAULT 1000

#define MEMORY_DEFAULT_MIB 256

/* A file of settings for Xen's services. @path: receives where this host has it. */
static char *read_settings(const struct moat_check *check, const char *name, char *path,
			   size_t size)
{
	char *text;

	snprintf(path, size, "/etc/sysconfig/%s", name);
	text = moat_host_read(&check->host, path);
	if (text)
		return text;
	snprintf(path, size, "/etc/default/%s", name);
	return moat_host_read(&check->host, path);
}

/* --- memory ---------------------------------------------------------------- */

static bool is_off(const char *value)
{
	return strcmp(value, "off") == 0 || strcmp(value, "0") == 0;
}

/* Does xl take memory from dom0 for a new domain? xl.conf(5): unless told. */
static bool balloons(const struct moat_check *check)
{
	char *text = moat_host_read(&check->host, "/etc/xen/xl.conf");
	char value[32] = "auto", line[1024] = "";

	moat_settings_get(text, "autoballoon", value, sizeof(value));
	free(text);
	if (strcmp(value, "auto") != 0)
		return !is_off(value);
	moat_check_info(check, "xen_commandline", line, sizeof(line));
	return !strstr(line, "dom0_mem=");
}

static void check_balloon(struct moat_check *check)
{
	if (!check->info)
		return;
	if (balloons(check))
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED,
				  "autoballoon", "",
				  "give dom0 its memory (dom0_mem=2G,max:2G "
				  "for Xen), or autoballoon=\"off\" in xl.conf",
				  "while xl squeezes memory out of dom0 for "
				  "one domain, a new storage domain waits");
	else
		moat_report_ok(&check->report, "autoballoon", "", "it is off");
}

static long memory_of(const struct moat_check *check,
		      const struct moat_plan_storage *st)
{
	char *text = moat_host_read(&check->host, st->config);
	char value[32] = "";
	long mib = 0;

	if (moat_settings_get(text, "memory", value, sizeof(value)))
		mib = strtol(value, NULL, 10);
	free(text);
	return mib > 0 ? mib : MEMORY_DEFAULT_MIB;
}

/* MiB for the domains that do not run yet. */
static long memory_missing(const struct moat_check *check)
{
	long mib = 0;

	for (size_t i = 0; i < check->plan.count; i++) {
		const struct moat_plan_storage *st = &check->plan.storages[i];
		char standby[128];

		snprintf(standby, sizeof(standby), "%s-standby", st->name);
		if (moat_check_domain(check, st->name) < 0)
			mib += memory_of(check, st);
		if (st->standby && moat_check_domain(check, standby) < 0)
			mib += memory_of(check, st);
	}
	return mib;
}

static void check_memory(struct moat_check *check)
{
	long need = memory_missing(check), have;
	char value[32];

	if (!moat_check_info(check, "free_memory", value, sizeof(value)))
		return;
	have = strtol(value, NULL, 10);
	if (need <= have)
		moat_report_ok(&check->report, "memory", "",
			       "%ld MiB are free, %ld are needed", have, need);
	else
		moat_report_wrong(&check->report,
				  balloons(check) ? MOAT_CONDITION_DEGRADED :
						    MOAT_CONDITION_DOWN,
				  "memory", "",
				  "give dom0 or guests less, or storage "
				  "domains: memory= in their configuration",
				  "%ld MiB are free, storage domains and "
				  "standbys that do not run yet need %ld",
				  have, need);
}

/* --- xenstore's quota ----------------------------------------------------- */

static void check_quota(struct moat_check *check)
{
	char path[64];
	char *text = read_settings(check, "xencommons", path, sizeof(path));
	long limit = NODES_DEFAULT;
	long need = NODES_BASE + check->disks * NODES_PER_DISK;
	char args[512] = "", hint[128];
	const char *at;

	moat_settings_get(text, "XENSTORED_ARGS", args, sizeof(args));
	free(text);
	at = strstr(args, "--entry-nb=");
	if (at)
		limit = strtol(strchr(at, '=') + 1, NULL, 10);
	if (check->disks < 0)
		return;
	snprintf(hint, sizeof(hint), "XENSTORED_ARGS=\"--entry-nb=20000 --watch-nb=2000\" in %s",
		 path);
	if (need <= limit)
		moat_report_ok(&check->report, "quota", "",
			       "%ld of %ld nodes of xenstore are needed", need,
			       limit);
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED,
				  "quota", "",
				  hint,
				  "%ld disks need some %ld nodes of xenstore, "
				  "a domain may have %ld",
				  check->disks, need, limit);
}

/* --- xendomains ---------------------------------------------------------- */

static char *read_xendomains(const struct moat_check *check)
{
	char path[64];

	return read_settings(check, "xendomains", path, sizeof(path));
}

/* Debian's own knows no list of those that it is to see to. */
static bool is_kept_from(const struct moat_check *check, const char *only)
{
	bool debian = moat_host_exists(&check->host, "/usr/lib/xen-common/bin/xen-init-list");

	return debian ? moat_host_exists(&check->host, "/usr/lib/systemd/system/"
					 "xendomains.service.d/moat.conf") :
			strcmp(only, "true") == 0;
}

/* At shutdown it saves or stops whatever runs, storage domains first. */
static void check_xendomains(struct moat_check *check)
{
	char *text = read_xendomains(check);
	char only[32] = "";

	if (!text)
		return;
	moat_settings_get(text, "XENDOMAINS_AUTO_ONLY", only, sizeof(only));
	free(text);
	if (is_kept_from(check, only))
		moat_report_ok(&check->report, "xendomains", "",
			       "it leaves storage domains alone");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED, "xendomains", "",
				  "on Debian 'make install', which has xendomains overlook "
				  "them; elsewhere XENDOMAINS_AUTO_ONLY=true in its defaults file",
				  "at shutdown it saves or stops storage domains before the guests "
				  "that use their disks");
}

void moat_check_host(struct moat_check *check)
{
	check_balloon(check);
	check_memory(check);
	check_quota(check);
	check_xendomains(check);
}
