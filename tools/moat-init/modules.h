/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading kernel modules, by name and by what a device says of itself.
 */
#ifndef MOAT_MODULES_H
#define MOAT_MODULES_H

#include <stdbool.h>

#include "moddep.h"

#define MOAT_MODULES_CONFIG "/etc/moat/modules"

struct moat_modules {
	char dir[128];	/* /lib/modules/VERSION */
	/* whole files; "" where there is none */
	char *dep;
	char *alias;
	char *config;
	char *cmdline;
};

/**
 * moat_modules_init() - read the indexes of the running kernel's modules
 *
 * A file that is missing is logged and counts as empty.
 *
 * Return: 0, or -ENOMEM.
 */
int moat_modules_init(struct moat_modules *mods);
void moat_modules_deinit(struct moat_modules *mods);

/**
 * moat_modules_load() - load a module and all it depends on
 * @name: the module; one that is there already is left alone
 *
 * Its parameters come from /etc/moat/modules, then from the kernel's command
 * line ("module.param=value"), which therefore wins.
 *
 * Return: 0, or -errno, logged.
 */
int moat_modules_load(const struct moat_modules *mods, const char *name);

/*
 * Load all that /etc/moat/modules names, in order; but a child loads xen-pcifront, beside those
 * that come behind it. Return, when all of them are loaded: how many failed.
 */
int moat_modules_load_listed(const struct moat_modules *mods);

/* Is there a module that claims a device, and none of those that do loaded? */
bool moat_modules_wants(const struct moat_modules *mods, const char *modalias);

/*
 * Load what claims a device; without a match nothing happens. Nor does it if
 * one that claims it is loaded: where two could drive a device, as moat-back
 * and xen-blkback could, /etc/moat/modules has made the choice.
 */
void moat_modules_load_alias(const struct moat_modules *mods,
			     const char *modalias);

/* Do that for every device there is. */
void moat_modules_coldplug(const struct moat_modules *mods);

#endif
