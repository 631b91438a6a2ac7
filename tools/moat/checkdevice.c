// SPDX-License-Identifier: GPL-2.0
/*
 * moat check: the PCI devices that storage domains are to have. Above all, that
 * none of them is in use by dom0: moatd takes them without a question.
 */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_iommu(struct moat_check *check)
{
	char caps[256];

	if (!moat_check_info(check, "virt_caps", caps, sizeof(caps)))
		return;
	if (strstr(caps, "directio"))
		moat_report_ok(&check->report, "iommu", "", "Xen uses it");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "iommu",
				  "",
				  "turn on VT-d or AMD-Vi in the firmware, and "
				  "boot Xen with iommu=1",
				  "Xen uses none: no device can be passed "
				  "through, and its DMA would not be confined");
}

static void check_pciback(struct moat_check *check)
{
	if (moat_host_exists(&check->host, "/sys/bus/pci/drivers/pciback"))
		moat_report_ok(&check->report, "pciback", "", "it is loaded");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "pciback",
				  "",
				  "'modprobe xen-pciback', and its name in "
				  "/etc/modules",
				  "it is not loaded: no device can be passed "
				  "through");
}

/* --- in use by dom0? ------------------------------------------------------ */

/* Does a list of mounts or swaps begin a line with this block device? */
static bool is_listed(const char *text, const char *name)
{
	char device[300];
	size_t len;

	len = snprintf(device, sizeof(device), "/dev/%s", name);
	while (text && *text) {
		if (strncmp(text, device, len) == 0 &&
		    strchr(" \t", text[len]) && text[len])
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

/* Does LVM, RAID or the like stand on it? */
static bool is_held(const struct moat_check *check, const char *name)
{
	char path[MOAT_HOST_PATH];
	struct dirent *entry;
	bool held = false;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/sys/class/block/%s/holders",
		     check->host.root, name) >= (int)sizeof(path))
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		held |= entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return held;
}

/* Is it a block device of the PCI device @real? */
static bool is_below(const struct moat_check *check, const char *name,
		     const char *real)
{
	char path[300], block[MOAT_HOST_PATH];
	size_t len = strlen(real);

	snprintf(path, sizeof(path), "/sys/class/block/%s", name);
	return moat_host_resolve(&check->host, path, block) &&
	       strncmp(block, real, len) == 0 && block[len] == '/';
}

/* The block device of a PCI device that dom0 uses. Return: whether there is one. */
static bool find_used(const struct moat_check *check, const char *real,
		      char *used, size_t size)
{
	char path[MOAT_HOST_PATH];
	char *mounts = moat_host_read(&check->host, "/proc/mounts");
	char *swaps = moat_host_read(&check->host, "/proc/swaps");
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/class/block", check->host.root);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (name[0] == '.' || !is_below(check, name, real))
			continue;
		found = is_listed(mounts, name) || is_listed(swaps, name) ||
			is_held(check, name);
		snprintf(used, size, "%s", name);
	}
	if (dir)
		closedir(dir);
	free(mounts);
	free(swaps);
	return found;
}

/* --- one device ----------------------------------------------------------- */

/* Can what a crashed domain has left in it be cleared? */
static void check_reset(struct moat_check *check, const char *device)
{
	char path[128], *methods;
	bool can;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method",
		 device);
	methods = moat_host_read(&check->host, path);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	can = methods ? methods[strspn(methods, " \n")] != '\0' :
			moat_host_exists(&check->host, path);
	free(methods);
	if (can)
		moat_report_ok(&check->report, "reset", device,
			       "the kernel can reset it");
	else
		moat_report_wrong(&check->report, MOAT_CONDITION_DEGRADED,
				  "reset", device,
				  "try recoveries before you rely on it: 'moat "
				  "restart'; a device with FLR is better",
				  "the kernel knows no way to reset it: the "
				  "next domain gets it as the last one left it");
}

static void check_presence(struct moat_check *check, const char *device)
{
	char path[128], real[MOAT_HOST_PATH], used[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device);
	if (!moat_host_resolve(&check->host, path, real)) {
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "device",
				  device,
				  "'lspci -D' lists those that there are; pci "
				  "in moatd.conf names it",
				  "there is no such device");
		return;
	}
	if (find_used(check, real, used, sizeof(used))) {
		moat_report_wrong(&check->report, MOAT_CONDITION_DOWN, "device",
				  device,
				  "unmount it, or take another device: moatd "
				  "would pull it from under dom0",
				  "dom0 itself uses it: %s", used);
		return;
	}
	moat_report_ok(&check->report, "device", device,
		       "it is there, and dom0 does not use it");
	check_reset(check, device);
}

/* --- who has it? ----------------------------------------------------------- */

static bool has_device(const struct moat_check *check, const char *domid,
		       const char *device)
{
	unsigned int count = 0;
	bool found = false;
	char dir[96], **keys;

	snprintf(dir, sizeof(dir), "/local/domain/0/backend/pci/%s/0", domid);
	keys = xs_directory(check->xs, XBT_NULL, dir, &count);
	for (unsigned int i = 0; keys && !found && i < count; i++) {
		char *value;

		if (strncmp(keys[i], "dev-", 4) != 0)
			continue;
		value = moat_xstore_read(check->xs, XBT_NULL, dir, keys[i]);
		found = value && strcmp(value, device) == 0;
		free(value);
	}
	free(keys);
	return found;
}

/* A domain's name, to be freed; NULL if it has none. */
static char *domain_name(const struct moat_check *check, const char *domid)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "/local/domain/%s", domid);
	return moat_xstore_read(check->xs, XBT_NULL, dir, "name");
}

static void check_holder(struct moat_check *check, const char *storage,
			 const char *device)
{
	unsigned int count = 0;
	char **ids = check->xs ? xs_directory(check->xs, XBT_NULL,
					      "/local/domain/0/backend/pci",
					      &count) : NULL;

	for (unsigned int i = 0; ids && i < count; i++) {
		char *name;

		if (!has_device(check, ids[i], device))
			continue;
		name = domain_name(check, ids[i]);
		if (!name || strcmp(name, storage) != 0)
			moat_report_wrong(&check->report, MOAT_CONDITION_DOWN,
					  "holder", device,
					  "take it away from that domain: 'xl "
					  "pci-detach DOMAIN DEVICE'",
					  "domain %s (%s) has it, not %s", ids[i],
					  name ? name : "gone", storage);
		free(name);
	}
	free(ids);
}

void moat_check_devices(struct moat_check *check)
{
	bool wanted = false;

	for (size_t i = 0; i < check->plan.count; i++)
		wanted |= check->plan.storages[i].pcis > 0;
	if (!wanted)
		return;
	check_iommu(check);
	check_pciback(check);
	for (size_t i = 0; i < check->plan.count; i++) {
		const struct moat_plan_storage *st = &check->plan.storages[i];

		for (size_t k = 0; k < st->pcis; k++) {
			check_presence(check, st->pci[k]);
			check_holder(check, st->name, st->pci[k]);
		}
	}
}
