// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: moatd's configuration, moatd, and what it says of its storage
 * domains.
 */
#include "check.h"

#include "client.h"
#include "field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* moatd knows all settings; only the first line of what it says fits here. */
static void check_config(struct moat_check *check)
{
	char path[MOAT_HOST_PATH], *text;
	const char *argv[] = { "moatd", "--check-config", path, NULL };
	int status;

	if (!check->plan.count && !check->plan.storages)
		return;		/* told already: it cannot be read */
	snprintf(path, sizeof(path), "%s" MOAT_PLAN_FILE, check->host.root);
	status = moat_host_run(argv, &text);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (status == 0)
		moat_report_ok(&check->report, "config", "",
			       MOAT_PLAN_FILE " is right");
	else if (status == 127)
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "config",
				  "", "install moatd: 'make install'",
				  "moatd is not installed");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "config",
				  "", "correct it; moatd.conf(5) describes it",
				  "%s", status < 0 ? strerror(-status) :
				  text ? text : "it is wrong");
	free(text);
}

static void take_problem(struct moat_check *check, const char *name,
			 const json_t *problem)
{
	const char *domain = moat_field_text(problem, "domain");
	const char *vdev = moat_field_text(problem, "vdev");
	bool down = strcmp(moat_field_text(problem, "condition"), "down") == 0;

	moat_report_wrong(&check->report,
			  down ? MOAT_CONDITION_DOWN : MOAT_CONDITION_DEGRADED,
			  "status", name, moat_field_text(problem, "advice"),
			  "%s%s%s%s%s", domain, *vdev ? " " : "", vdev,
			  *vdev ? ": " : "", moat_field_text(problem, "text"));
}

static void take_storage(struct moat_check *check, json_t *storage)
{
	size_t i, disks = json_array_size(json_object_get(storage, "disks"));
	const char *name = moat_field_text(storage, "name");
	const json_t *problem;

	if ((long)disks > check->disks)
		check->disks = disks;
	if (moat_condition_judge(storage) == MOAT_CONDITION_OK)
		moat_report_ok(&check->report, "status", name, "it serves");
	json_array_foreach(json_object_get(storage, "problems"), i, problem)
		take_problem(check, name, problem);
}

static void check_status(struct moat_check *check)
{
	json_t *answer = NULL, *storage;
	size_t i;
	int err = moat_client_try(check->context,
				  json_pack("{s:s}", "command", "status"),
				  &answer);

	check->disks = -1;
	if (err) {
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "moatd",
				  "",
				  "'systemctl start moatd'; its log says why "
				  "not: 'journalctl -u moatd'",
				  "it does not answer on %s: %s",
				  check->context->socket, strerror(-err));
		return;
	}
	moat_report_ok(&check->report, "moatd", "", "it answers");
	check->disks = 0;
	json_array_foreach(json_object_get(answer, "storage"), i, storage)
		take_storage(check, storage);
	json_decref(answer);
}

static void check_enabled(struct moat_check *check)
{
	static const char wanted[] =
		"/etc/systemd/system/multi-user.target.wants/moatd.service";
	static const char stops[] =
		"/etc/systemd/system/multi-user.target.wants/moat-storage.service";

	if (!moat_host_exists(&check->host, "/etc/systemd/system"))
		return;
	if (!moat_host_exists(&check->host, stops))
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED, "boot", "",
				  "'systemctl enable moat-storage'",
				  "storage domains are not stopped in good order at shutdown");
	if (moat_host_exists(&check->host, wanted))
		moat_report_ok(&check->report, "boot", "",
			       "moatd is started at boot");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED,
				  "boot", "", "'systemctl enable moatd'",
				  "moatd is not started at boot");
}

/* It is linked with the libxl of one version of Xen, and is to be there when it is needed. */
static void check_takeover(struct moat_check *check)
{
	const char *argv[] = { check->plan.moat_create, "--version", NULL };
	bool wanted = false;
	char *text;
	int status;

	for (size_t i = 0; i < check->plan.count; i++)
		wanted = wanted || check->plan.storages[i].takeover;
	if (!wanted)
		return;
	status = moat_host_run(argv, &text);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (status == 0)
		moat_report_ok(&check->report, "takeover", "", "%s runs", argv[0]);
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED, "takeover", "",
				  "build it for this version of Xen, and 'make install'; or "
				  "set takeover = false",
				  "%s does not run, so that front ends other than Moat's would "
				  "lose their disks: %s", argv[0],
				  status < 0 ? strerror(-status) :
				  text && *text ? text : "it does not say why");
	free(text);
}

void moat_check_daemon(struct moat_check *check)
{
	check_config(check);
	check_takeover(check);
	check_status(check);
	check_enabled(check);
}
