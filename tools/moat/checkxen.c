// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: is this Xen's control domain, and do its tools work?
 */
#include "check.h"

#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool moat_check_info(const struct moat_check *check, const char *name,
		     char *value, size_t size)
{
	size_t len = strlen(name);
	const char *line = check->info;

	while (line && *line) {
		const char *colon = line + strcspn(line, ":\n");

		if (strncmp(line, name, len) == 0 && *colon == ':' &&
		    strspn(line + len, " ") == (size_t)(colon - line) - len) {
			colon += 1 + strspn(colon + 1, " ");
			snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"),
				 colon);
			return true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

long moat_check_domain(const struct moat_check *check, const char *name)
{
	unsigned int count = 0;
	char **ids = check->xs ? xs_directory(check->xs, XBT_NULL,
					      "/local/domain", &count) : NULL;
	long found = -1;

	for (unsigned int i = 0; ids && found < 0 && i < count; i++) {
		char dir[64], *other;

		snprintf(dir, sizeof(dir), "/local/domain/%s", ids[i]);
		other = moat_xstore_read(check->xs, XBT_NULL, dir, "name");
		if (other && strcmp(other, name) == 0)
			found = strtol(ids[i], NULL, 10);
		free(other);
	}
	free(ids);
	return found;
}

static void check_dom0(struct moat_check *check)
{
	char *text = moat_host_read(&check->host, "/proc/xen/capabilities");

	if (text && strstr(text, "control_d"))
		moat_report_ok(&check->report, "dom0", "",
			       "this is Xen's control domain");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "dom0", "",
				  text ? "run it in dom0" :
				  "boot the machine with Xen, or mount xenfs "
				  "on /proc/xen",
				  "this is not Xen's control domain");
	free(text);
}

static void check_xl(struct moat_check *check)
{
	const char *argv[] = { check->plan.xl, "info", NULL };
	char version[64] = "?", *text;
	int status = moat_host_run(argv, &text);

	if (status == 0) {
		check->info = text;
		moat_check_info(check, "xen_version", version, sizeof(version));
		moat_report_ok(&check->report, "xl", "", "Xen %s answers",
			       version);
		return;
	}
	moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "xl", "",
			  "install xen-utils, start xenstored and "
			  "xen-init-dom0; then try 'xl info'",
			  "'%s info' fails: %s", check->plan.xl,
			  status < 0 ? strerror(-status) :
			  text && *text ? text : "it does not say why");
	free(text);
}

static void check_xenstore(struct moat_check *check)
{
	check->xs = xs_open(0);
	if (check->xs)
		moat_report_ok(&check->report, "xenstore", "", "it answers");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN,
				  "xenstore", "",
				  "start xenstored; be root",
				  "it cannot be reached: %s", strerror(errno));
}

void moat_check_xen(struct moat_check *check)
{
	check_dom0(check);
	check_xl(check);
	check_xenstore(check);
}
