// SPDX-License-Identifier: GPL-2.0
/*
 * Module loading with finit_module().
 *
 * Debian has no static libkmod, and a storage domain needs only a small part
 * of it: names, dependencies, aliases, parameters.
 */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/module.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"

#define PCI_FRONT_END "xen_pcifront"

static int read_or_empty(const char *path, char **text)
{
	int err = moat_file_read(path, text);

	if (!err)
		return 0;
	if (err != -ENOMEM) {
		moat_warn("%s: %s; taken as empty", path, strerror(-err));
		*text = strdup("");
	}
	return *text ? 0 : -ENOMEM;
}

int moat_modules_init(struct moat_modules *mods)
{
	char path[160];
	struct utsname uts;
	int err;

	memset(mods, 0, sizeof(*mods));
	uname(&uts);
	snprintf(mods->dir, sizeof(mods->dir), "/lib/modules/%s", uts.release);

	snprintf(path, sizeof(path), "%s/modules.dep", mods->dir);
	err = read_or_empty(path, &mods->dep);
	snprintf(path, sizeof(path), "%s/modules.alias", mods->dir);
	if (!err)
		err = read_or_empty(path, &mods->alias);
	if (!err)
		err = read_or_empty(MOAT_MODULES_CONFIG, &mods->config);
	if (!err)
		err = read_or_empty("/proc/cmdline", &mods->cmdline);
	if (err)
		moat_modules_deinit(mods);
	return err;
}

void moat_modules_deinit(struct moat_modules *mods)
{
	free(mods->dep);
	free(mods->alias);
	free(mods->config);
	free(mods->cmdline);
	memset(mods, 0, sizeof(*mods));
}

/* Collect a module's parameters from the two places. */
static void params_of(const struct moat_modules *mods, const char *name,
		      char *params, size_t size)
{
	struct moat_modline line;
	size_t pos = 0;
	int got;

	params[0] = '\0';
	while ((got = moat_moddep_line(mods->config, &pos, &line)) != 0) {
		if (got < 0 || !moat_moddep_same(line.name, name))
			continue;
		if (snprintf(params, size, "%s", line.params) >= (int)size)
			moat_warn("%s: parameters of %s too long, cut",
				  MOAT_MODULES_CONFIG, name);
	}
	if (moat_moddep_cmdline(mods->cmdline, name, params, size))
		moat_warn("kernel command line: parameters of %s too long, cut",
			  name);
}

static bool is_loaded(const char *name)
{
	char path[MOAT_MODULE_NAME + 16];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return access(path, F_OK) == 0;
}

static int insert(const char *path, const char *params)
{
	size_t len = strlen(path);
	int flags = len > 3 && strcmp(path + len - 3, ".ko") == 0 ?
			    0 : MODULE_INIT_COMPRESSED_FILE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, flags) < 0 &&
	    errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

/* Load one file, whose dependencies are there. */
static int load_file(const struct moat_modules *mods, const char *rel)
{
	char path[sizeof(mods->dir) + MOAT_MODULE_PATH + 1];
	char params[MOAT_MODULE_PARAMS];
	char name[MOAT_MODULE_NAME];
	int err;

	if (!moat_moddep_name(rel, name)) {
		moat_err("modules.dep: \"%s\" is not a module's name", rel);
		return -EINVAL;
	}
	if (is_loaded(name))
		return 0;
	params_of(mods, name, params, sizeof(params));
	snprintf(path, sizeof(path), "%s/%s", mods->dir, rel);
	err = insert(path, params);
	if (err)
		moat_err("module %s (%s) not loaded: %s", name, params,
			 strerror(-err));
	else
		moat_info("module %s loaded%s%s", name, *params ? ": " : "",
			  params);
	return err;
}

int moat_modules_load(const struct moat_modules *mods, const char *name)
{
	struct moat_moddep dep;
	int err = moat_moddep_find(mods->dep, name, &dep);

	if (err) {
		if (is_loaded(name))
			return 0;
		moat_err("module %s: %s", name, err == -ENOENT ?
			 "not in modules.dep" : "entry in modules.dep too long");
		return err;
	}
	for (unsigned int i = dep.ndeps; i-- > 0;) {
		err = load_file(mods, dep.deps[i]);
		if (err)
			return err;
	}
	return load_file(mods, dep.path);
}

/* Return: the process that loads a module, or -errno. */
static pid_t load_beside(const struct moat_modules *mods, const char *name)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(moat_modules_load(mods, name) ? EXIT_FAILURE : EXIT_SUCCESS);
	return pid;
}

static bool ended_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/*
 * Loading a front end's driver waits until its devices are connected, in steps of a tenth
 * of a second; dom0 has its share of that. The modules behind it are loaded meanwhile.
 */
int moat_modules_load_listed(const struct moat_modules *mods)
{
	struct moat_modline line;
	pid_t beside = 0;
	size_t pos = 0;
	int got, failed = 0;

	while ((got = moat_moddep_line(mods->config, &pos, &line)) != 0) {
		if (got < 0) {
			moat_err("%s: a line is too long, skipped",
				 MOAT_MODULES_CONFIG);
			failed++;
			continue;
		}
		if (!beside && moat_moddep_same(line.name, PCI_FRONT_END)) {
			beside = load_beside(mods, line.name);
			if (beside > 0)
				continue;
		}
		if (moat_modules_load(mods, line.name))
			failed++;
	}
	if (beside > 0 && !ended_well(beside))
		failed++;
	return failed;
}

bool moat_modules_wants(const struct moat_modules *mods, const char *modalias)
{
	char name[MOAT_MODULE_NAME];
	size_t pos = 0;
	bool known = false;

	while (moat_moddep_alias(mods->alias, modalias, &pos, name)) {
		known = true;
		if (is_loaded(name))
			return false;
	}
	return known;
}

void moat_modules_load_alias(const struct moat_modules *mods,
			     const char *modalias)
{
	char name[MOAT_MODULE_NAME];
	size_t pos = 0;

	if (!moat_modules_wants(mods, modalias))
		return;
	while (moat_moddep_alias(mods->alias, modalias, &pos, name))
		moat_modules_load(mods, name);
}

void moat_modules_coldplug(const struct moat_modules *mods)
{
	glob_t found;

	if (glob("/sys/bus/*/devices/*/modalias", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *modalias;

		/* a device may go away between the two looks */
		if (moat_file_read(found.gl_pathv[i], &modalias))
			continue;
		modalias[strcspn(modalias, "\n")] = '\0';
		moat_modules_load_alias(mods, modalias);
		free(modalias);
	}
	globfree(&found);
}
