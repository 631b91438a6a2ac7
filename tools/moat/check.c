// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: what is wrong with this machine, before or while Moat runs on it.
 * Nothing is changed, and every line that is not "ok" says what to do.
 */
#include "check.h"

#include "args.h"
#include "condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void read_plan(struct moat_check *check)
{
	char path[MOAT_HOST_PATH], error[512];

	snprintf(path, sizeof(path), "%s" MOAT_PLAN_FILE, check->host.root);
	if (moat_plan_read(&check->plan, path, error, sizeof(error)))
		return;
	moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "config", "",
			  "write one; moatd.conf(5) describes it, moatd.conf.example is one",
			  "%s", error);
}

static void look(struct moat_check *check)
{
	read_plan(check);
	moat_check_xen(check);
	moat_check_daemon(check);
	moat_check_host(check);
	moat_check_devices(check);
	moat_check_storages(check);
}

static void deinit(struct moat_check *check)
{
	if (check->xs)
		xs_close(check->xs);
	free(check->info);
	moat_plan_deinit(&check->plan);
	moat_report_deinit(&check->report);
}

static int run(const struct moat_command *command,
	       const struct moat_context *context, int argc, char **argv)
{
	struct moat_check check = { .context = context, .host.root = "" };
	bool json = false, table = false, wrong = false;
	const struct moat_option options[] = {
		{ "wrong", 'x', MOAT_OPTION_FLAG, &wrong },
		{ "json", 0, MOAT_OPTION_FLAG, &json },
		{ "table", 0, MOAT_OPTION_FLAG, &table },
		{ "root", 0, MOAT_OPTION_TEXT, &check.host.root },
		{ NULL, 0, 0, NULL },
	};
	struct moat_args args = { .options = options };
	int status = moat_args_take(&args, command, argc, argv);

	if (status >= 0)
		return status;
	look(&check);
	if (json)
		moat_report_json(&check.report, wrong, stdout);
	else if (table || !isatty(STDOUT_FILENO))
		moat_report_table(&check.report, wrong, stdout);
	else
		moat_report_block(&check.report, wrong, stdout);
	status = moat_condition_exit(check.report.worst);
	deinit(&check);
	return status;
}

const struct moat_command moat_command_check = {
	.name = "check",
	.synopsis = "[-x] [--json | --table] [--root DIR]",
	.summary = "Find out what on this machine is wrong, and what to do",
	.help =
	"Looks at Xen, the devices, moatd and its configuration; changes nothing. The\n"
	"status is 0 if all is well, 4 after warnings, 5 if something cannot work.\n\n"
	"  -x, --wrong     only what is wrong\n"
	"      --json      JSON, see moat-json(5)\n"
	"      --table     a table, as in a pipe, on a terminal too\n"
	"      --root DIR  look for all files below DIR\n",
	.run = run,
};
