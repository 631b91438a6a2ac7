/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moatd.conf(5) says there is to be, as far as moat check wants to know.
 * Whether the file is right, moatd itself says better.
 */
#ifndef MOAT_PLAN_H
#define MOAT_PLAN_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>

#define MOAT_PLAN_FILE "/etc/moat/moatd.conf"
#define MOAT_PLAN_PCI 16

struct moat_plan_storage {
	const char *name;
	const char *config;	/* xl's configuration file */
	const char *pci[MOAT_PLAN_PCI];
	size_t pcis;
	bool standby, takeover;
};

struct moat_plan {
	config_t file;		/* all strings belong to it */
	const char *xl, *moat_create;
	struct moat_plan_storage *storages;
	size_t count;
};

/**
 * moat_plan_read() - read the file
 * @plan: filled in; ends with moat_plan_deinit(), on failure too
 * @path: the file
 * @error: says what is wrong, if something is
 * @size: of @error
 *
 * What has neither name nor config is left out.
 *
 * Return: whether it could be read.
 */
bool moat_plan_read(struct moat_plan *plan, const char *path, char *error,
		    size_t size);
void moat_plan_deinit(struct moat_plan *plan);

#endif
