/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text files that say which module is where and what it needs:
 * modules.dep, modules.alias, /etc/moat/modules and the kernel's command line.
 * Only parsing; modules.h loads.
 */
#ifndef MOAT_MODDEP_H
#define MOAT_MODDEP_H

#include <stdbool.h>
#include <stddef.h>

#define MOAT_MODULE_NAME 64
#define MOAT_MODULE_PATH 256
#define MOAT_MODULE_PARAMS 1024
/* nvme needs 5; the deepest stacks (drm, infiniband) stay below this */
#define MOAT_MODULE_DEPS 48

/* A module, and what must be loaded before it: the last of deps first. */
struct moat_moddep {
	char path[MOAT_MODULE_PATH];	/* relative to the module directory */
	char deps[MOAT_MODULE_DEPS][MOAT_MODULE_PATH];
	unsigned int ndeps;
};

/* One line of /etc/moat/modules. */
struct moat_modline {
	char name[MOAT_MODULE_NAME];
	char params[MOAT_MODULE_PARAMS];
};

/**
 * moat_moddep_name() - the kernel's name of a module file
 * @path: "kernel/drivers/nvme/host/nvme-core.ko"
 * @name: gets "nvme_core"; MOAT_MODULE_NAME bytes
 *
 * Return: false if it is not a module's path or the name is too long.
 */
bool moat_moddep_name(const char *path, char *name);

/* Do two module names mean the same, '-' and '_' being one? */
bool moat_moddep_same(const char *a, const char *b);

/**
 * moat_moddep_find() - look a module up in modules.dep
 * @text: the file
 * @name: the module
 * @out: set on success
 *
 * Return: 0; -ENOENT if it is not there; -E2BIG if an entry is beyond our
 * limits.
 */
int moat_moddep_find(const char *text, const char *name,
		     struct moat_moddep *out);

/**
 * moat_moddep_alias() - modules that claim a device, from modules.alias
 * @text: the file
 * @modalias: what the device says of itself
 * @pos: where to go on; starts as 0
 * @name: gets the module's name; MOAT_MODULE_NAME bytes
 *
 * Return: true and a module, or false when there are no more.
 */
bool moat_moddep_alias(const char *text, const char *modalias, size_t *pos,
		       char *name);

/**
 * moat_moddep_line() - next line of /etc/moat/modules
 * @text: the file; "name param=value ...", '#' starts a comment
 * @pos: where to go on; starts as 0
 * @out: set if there is a line
 *
 * Return: 1 and a line; 0 at the end; -EINVAL for a line that is too long,
 * which is skipped.
 */
int moat_moddep_line(const char *text, size_t *pos, struct moat_modline *out);

/**
 * moat_moddep_cmdline() - a module's parameters on the kernel's command line
 * @cmdline: "quiet moat_back.mode=spin ..."
 * @name: the module
 * @params: "mode=spin ..." is appended, after a space if it is not empty
 * @size: of @params
 *
 * Return: 0, or -E2BIG if they do not fit.
 */
int moat_moddep_cmdline(const char *cmdline, const char *name, char *params,
			size_t size);

#endif
