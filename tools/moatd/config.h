/* SPDX-License-Identifier: GPL-2.0 */
/*
 * moatd's configuration: the storage domains, and how long what may take.
 * moatd.conf(5) describes the file.
 */
#ifndef MOATD_CONFIG_H
#define MOATD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "view.h"

#define MOAT_CONFIG_FILE "/etc/moat/moatd.conf"

/* One storage domain. */
struct moat_storage {
	char *name;
	char *config;			/* an xl configuration without pci= */
	char *pci[MOAT_PCI_MAX];	/* "0000:00:04.0" */
	size_t pcis;
	bool permissive;
	struct moat_limits limits;
};

struct moat_config {
	char *socket;
	char *events;
	char *xl;
	char *moat_create;
	char *console_logs;		/* where xenconsoled keeps its own */
	char *event_command;		/* run for each event; NULL: nothing */
	struct moat_storage *storages;
	size_t count;
};

/**
 * moat_config_read() - read and check a configuration file
 * @config: filled; end it with moat_config_deinit(), also after an error
 * @path: the file
 *
 * What is wrong is logged with file, line and setting.
 *
 * Return: 0; -EINVAL for a mistake in the file; other -errno.
 */
int moat_config_read(struct moat_config *config, const char *path);

/**
 * moat_config_take() - go over to another configuration, as far as that goes
 * @config: in use; keeps its storage domains, their names and devices
 * @next: just read; gets back what has been replaced
 *
 * What takes a new start is logged. Return: whether there is such a thing.
 */
bool moat_config_take(struct moat_config *config, struct moat_config *next);
void moat_config_deinit(struct moat_config *config);

#endif
