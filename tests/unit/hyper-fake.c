// SPDX-License-Identifier: GPL-2.0
/*
 * A hypervisor made of files, for moatd on a machine without Xen. In the
 * directory $MOAT_FAKE_XEN: "domains", a line "DOMID STATE UUID" each, with STATE one
 * of running, crashed, ended and suspended; paused.DOMID; pciback.DOMID;
 * assignable.BDF; absent.BDF; vcpus.DOMID, a line "RAN_MS idle" or "RAN_MS running" for
 * each vCPU, in place of a single idle one; console.DOMID, which is in the console's ring.
 */
#include "tools/moatd/hyper.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAINS_MAX 256

struct moat_hyper {
	struct moat_hyper_domain list[DOMAINS_MAX];
};

static const char *path_of(const char *name)
{
	static char path[512];
	const char *dir = getenv("MOAT_FAKE_XEN");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	return path;
}

static bool has(const char *kind, unsigned int domid)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%u", kind, domid);
	return access(path_of(name), F_OK) == 0;
}

int moat_hyper_open(struct moat_hyper **hyper)
{
	*hyper = calloc(1, sizeof(**hyper));
	return *hyper ? 0 : -ENOMEM;
}

void moat_hyper_close(struct moat_hyper *hyper)
{
	free(hyper);
}

int moat_hyper_list(struct moat_hyper *hyper,
		    const struct moat_hyper_domain **list)
{
	FILE *file = fopen(path_of("domains"), "r");
	unsigned int domid;
	char state[16], uuid[MOAT_UUID_SIZE];
	int count = 0;

	if (!file)
		return -errno;
	while (count < DOMAINS_MAX &&
	       fscanf(file, "%u %15s %36s", &domid, state, uuid) == 3) {
		bool suspended = strcmp(state, "suspended") == 0;
		bool crashed = strcmp(state, "crashed") == 0;

		hyper->list[count++] = (struct moat_hyper_domain) {
			.domid = domid, .crashed = crashed,
			.suspended = suspended, .paused = has("paused", domid),
			.ended = suspended || crashed ||
				 strcmp(state, "ended") == 0,
		};
		memcpy(hyper->list[count - 1].uuid, uuid, sizeof(uuid));
	}
	fclose(file);
	*list = hyper->list;
	return count;
}

int moat_hyper_vcpus(struct moat_hyper *hyper, unsigned int domid,
		     struct moat_vcpu *list, size_t room)
{
	char name[32], state[16];
	size_t count = 0;
	FILE *file;

	(void)hyper;
	snprintf(name, sizeof(name), "vcpus.%u", domid);
	file = fopen(path_of(name), "r");
	if (!file) {
		list[0] = (struct moat_vcpu) { .idle = true };
		return 1;
	}
	while (count < room && fscanf(file, "%" SCNu64 " %15s", &list[count].ran, state) == 2)
		list[count++].idle = strcmp(state, "idle") == 0;
	fclose(file);
	return count;
}

int moat_hyper_pause(struct moat_hyper *hyper, unsigned int domid)
{
	char name[32];
	FILE *file;

	(void)hyper;
	snprintf(name, sizeof(name), "paused.%u", domid);
	file = fopen(path_of(name), "w");
	if (!file)
		return -errno;
	fclose(file);
	return 0;
}

int moat_hyper_unpause(struct moat_hyper *hyper, unsigned int domid)
{
	char name[32];

	(void)hyper;
	snprintf(name, sizeof(name), "paused.%u", domid);
	return unlink(path_of(name)) ? -EINVAL : 0;
}

size_t moat_hyper_pci_domains(unsigned int *domids, size_t room)
{
	DIR *dir = opendir(path_of(""));
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)) != NULL && count < room)
		if (sscanf(entry->d_name, "pciback.%u", &domids[count]) == 1)
			count++;
	if (dir)
		closedir(dir);
	return count;
}

bool moat_hyper_pci_assignable(const char *bdf)
{
	char name[64];

	snprintf(name, sizeof(name), "assignable.%s", bdf);
	return access(path_of(name), F_OK) == 0;
}

bool moat_hyper_pci_exists(const char *bdf)
{
	char name[64];

	snprintf(name, sizeof(name), "absent.%s", bdf);
	return access(path_of(name), F_OK) != 0;
}

int moat_hyper_console(unsigned int domid, unsigned long frame, char *text, size_t room)
{
	char name[32];
	FILE *file;
	int got;

	(void)frame;
	snprintf(name, sizeof(name), "console.%u", domid);
	file = fopen(path_of(name), "r");
	if (!file)
		return -errno;
	got = fread(text, 1, room, file);
	fclose(file);
	return got;
}

int moat_hyper_destroy_command(unsigned int domid)
{
	char name[32];
	FILE *file;

	snprintf(name, sizeof(name), "destroy.%u", domid);
	file = fopen(path_of(name), "w");
	if (file)
		fclose(file);
	return file ? 0 : 1;
}
