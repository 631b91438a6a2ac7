// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a storage domain that was asked to end.
 */
#include "shutdown.h"

#include <errno.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/log.h"
#include "children.h"

#define GRACE_SECONDS 2

static const struct {
	const char *verb;
	int signal, command;
} verbs[] = {
	{ "poweroff", MOAT_SIGNAL_POWEROFF, LINUX_REBOOT_CMD_POWER_OFF },
	{ "reboot", MOAT_SIGNAL_REBOOT, LINUX_REBOOT_CMD_RESTART },
	{ "reboot", MOAT_SIGNAL_KEYS, LINUX_REBOOT_CMD_RESTART },
	{ "halt", MOAT_SIGNAL_HALT, LINUX_REBOOT_CMD_HALT },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

void moat_shutdown_signals(sigset_t *set)
{
	for (size_t i = 0; i < VERBS; i++)
		sigaddset(set, verbs[i].signal);
}

const char *moat_shutdown_verb(int signal)
{
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i].signal == signal)
			return verbs[i].verb;
	return NULL;
}

int moat_shutdown_request(const char *verb)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return kill(1, verbs[i].signal) ? -errno : 0;
	return -EINVAL;
}

void moat_shutdown_now(const char *verb)
{
	moat_notice("%s: ending all processes", verb);
	moat_children_stop(GRACE_SECONDS);
	sync();
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			reboot(verbs[i].command);
	/* a domain that should be gone must not look alive */
	moat_err("%s failed: %s", verb, strerror(errno));
	_exit(1);
}
