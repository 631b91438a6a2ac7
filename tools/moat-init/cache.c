// SPDX-License-Identifier: GPL-2.0
/*
 * Where a volatile cache of a block device is.
 *
 * A drive keeps what it has in its own cache when the domain of its driver dies, for
 * it is only reset, not switched off. A file behind a loop device is cached in the domain's
 * memory; of what else is made by software (device mapper, RAID, the network) nobody
 * knows what it holds back, so it is taken for the same.
 *
 * Which of them it is, its place among the devices tells:
 *
 *   /sys/devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1
 *   /sys/devices/virtual/block/loop0
 *
 * A namespace of NVMe that several controllers may reach has its place in none of them, but
 * beside links to them all:
 *
 *   /sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1
 *   /sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 -> .../0000:00:04.0/nvme/nvme0
 */
#include "cache.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Does a part of a path name a PCI device: 0000:00:04.0 ? The domain may be longer. */
static bool is_pci(const char *part, size_t len)
{
	static const char shape[] = "xxxx:xx:xx.x";
	size_t n = sizeof(shape) - 1;

	if (len < n)
		return false;
	for (; len > n; len--)
		if (!isxdigit((unsigned char)*part++))
			return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == 'x' ? !isxdigit((unsigned char)part[i]) : part[i] != shape[i])
			return false;
	return true;
}

static bool has_pci(const char *path)
{
	for (const char *part = path; *part; part += strcspn(part, "/")) {
		part += strspn(part, "/");
		if (is_pci(part, strcspn(part, "/")))
			return true;
	}
	return false;
}

/* Are all the controllers of an NVMe subsystem, and there are some, PCI devices? */
static bool has_pci_controllers(const char *subsystem)
{
	char link[PATH_MAX + NAME_MAX + 2], path[PATH_MAX];
	DIR *dir = opendir(subsystem);
	bool some = false, all = true;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_LNK || strncmp(entry->d_name, "nvme", 4))
			continue;
		snprintf(link, sizeof(link), "%s/%s", subsystem, entry->d_name);
		some = true;
		all &= realpath(link, path) && has_pci(path);
	}
	if (dir)
		closedir(dir);
	return some && all;
}

/* Cut a path behind the subsystem that it leads through. Return: whether there is one. */
static bool cut_behind_subsystem(char *path)
{
	static const char marker[] = "/nvme-subsystem/";
	char *name = strstr(path, marker);

	if (!name)
		return false;
	name += sizeof(marker) - 1;
	name[strcspn(name, "/")] = '\0';
	return true;
}

bool moat_cache_is_outside(const char *sys, dev_t dev)
{
	char link[96], path[PATH_MAX];

	snprintf(link, sizeof(link), "%s/%u:%u", sys, major(dev), minor(dev));
	if (!realpath(link, path))
		return false;
	return has_pci(path) || (cut_behind_subsystem(path) && has_pci_controllers(path));
}
