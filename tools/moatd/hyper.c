// SPDX-License-Identifier: GPL-2.0
/*
 * The hypervisor through libxenctrl, pciback through sysfs.
 */
#include "hyper.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xen/io/console.h>

#define AT_ONCE 128
#define NSEC_PER_MSEC 1000000

struct moat_hyper {
	xc_interface *xc;
	struct moat_hyper_domain *list;
	size_t room;
};

int moat_hyper_open(struct moat_hyper **hyper)
{
	struct moat_hyper *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->xc = xc_interface_open(NULL, NULL, 0);
	if (!h->xc) {
		int err = errno ? errno : EIO;

		free(h);
		return -err;
	}
	*hyper = h;
	return 0;
}

void moat_hyper_close(struct moat_hyper *hyper)
{
	if (!hyper)
		return;
	xc_interface_close(hyper->xc);
	free(hyper->list);
	free(hyper);
}

/* 01234567-89ab-cdef-0123-456789abcdef */
static void write_uuid(const uint8_t *bytes, char *text)
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", bytes[i]);
	}
}

static struct moat_hyper_domain digest(const xc_domaininfo_t *info)
{
	int reason = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	bool ended = info->flags & XEN_DOMINF_shutdown;
	struct moat_hyper_domain domain = {
		.domid = info->domain,
		.ended = ended,
		.crashed = ended && (reason == SHUTDOWN_crash ||
				     reason == SHUTDOWN_watchdog),
		.suspended = ended && reason == SHUTDOWN_suspend,
		.paused = info->flags & XEN_DOMINF_paused,
	};

	write_uuid(info->handle, domain.uuid);
	return domain;
}

/* One more domain; grows the list as needed. */
static int keep(struct moat_hyper *h, size_t count, const xc_domaininfo_t *info)
{
	if (count == h->room) {
		size_t room = h->room ? h->room * 2 : AT_ONCE;
		struct moat_hyper_domain *more;

		more = realloc(h->list, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		h->list = more;
		h->room = room;
	}
	h->list[count] = digest(info);
	return 0;
}

int moat_hyper_list(struct moat_hyper *hyper,
		    const struct moat_hyper_domain **list)
{
	xc_domaininfo_t info[AT_ONCE];
	size_t count = 0;
	uint32_t next = 0;
	int got;

	while ((got = xc_domain_getinfolist(hyper->xc, next, AT_ONCE, info)) > 0)
		for (int i = 0; i < got; i++) {
			next = info[i].domain + 1;
			/*
			 * Xen says "dying" only once everything of a domain,
			 * its devices too, has been given back.
			 */
			if (info[i].flags & XEN_DOMINF_dying)
				continue;
			if (keep(hyper, count, &info[i]))
				return -ENOMEM;
			count++;
		}
	/* past the last domain the answer is an error, or nothing */
	if (got < 0 && !next)
		return -errno;
	*list = hyper->list;
	return count;
}

int moat_hyper_vcpus(struct moat_hyper *hyper, unsigned int domid,
		     struct moat_vcpu *list, size_t room)
{
	xc_domaininfo_t info;
	size_t count = 0;
	int got = xc_domain_getinfolist(hyper->xc, domid, 1, &info);

	if (got < 0)
		return -errno;
	if (!got || info.domain != domid || info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID)
		return 0;
	for (uint32_t i = 0; i <= info.max_vcpu_id && count < room; i++) {
		xc_vcpuinfo_t vcpu;

		if (xc_vcpu_getinfo(hyper->xc, domid, i, &vcpu) || !vcpu.online)
			continue;
		list[count++] = (struct moat_vcpu) {
			.ran = vcpu.cpu_time / NSEC_PER_MSEC,
			.idle = vcpu.blocked,
		};
	}
	return count;
}

int moat_hyper_pause(struct moat_hyper *hyper, unsigned int domid)
{
	return xc_domain_pause(hyper->xc, domid) ? -errno : 0;
}

int moat_hyper_unpause(struct moat_hyper *hyper, unsigned int domid)
{
	return xc_domain_unpause(hyper->xc, domid) ? -errno : 0;
}

size_t moat_hyper_pci_domains(unsigned int *domids, size_t room)
{
	/* not the bus's directory: the link there goes before the driver does */
	DIR *dir = opendir("/sys/devices");
	struct dirent *entry;
	size_t count = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		unsigned int domid, bus;

		if (sscanf(entry->d_name, "pci-%u-%u", &domid, &bus) != 2)
			continue;
		if (count < room)
			domids[count] = domid;
		count++;
	}
	closedir(dir);
	return count < room ? count : room;
}

bool moat_hyper_pci_assignable(const char *bdf)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/pciback/%s", bdf);
	return access(path, F_OK) == 0;
}

bool moat_hyper_pci_exists(const char *bdf)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	return access(path, F_OK) == 0;
}

/* The domain may go on writing: the index is read once. */
static size_t copy_ring(const volatile struct xencons_interface *ring, char *text, size_t room)
{
	uint32_t end = ring->out_prod, size = MOAT_HYPER_CONSOLE;

	if (size > room)
		size = room;
	/* it counts from zero */
	if (size > end)
		size = end;
	for (uint32_t i = 0; i < size; i++)
		text[i] = ring->out[MASK_XENCONS_IDX(end - size + i, ring->out)];
	return size;
}

int moat_hyper_console(unsigned int domid, unsigned long frame, char *text, size_t room)
{
	xenforeignmemory_handle *memory = xenforeignmemory_open(NULL, 0);
	xen_pfn_t frames[1] = { frame };
	int result = -EIO;
	void *page;

	if (!memory)
		return errno ? -errno : -EIO;
	page = xenforeignmemory_map(memory, domid, PROT_READ, 1, frames, NULL);
	if (page) {
		result = copy_ring(page, text, room);
		xenforeignmemory_unmap(memory, page, 1);
	} else if (errno) {
		result = -errno;
	}
	xenforeignmemory_close(memory);
	return result;
}

int moat_hyper_destroy_command(unsigned int domid)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	int ret;

	if (!xc)
		return 1;
	ret = xc_domain_destroy(xc, domid);
	xc_interface_close(xc);
	return ret ? 1 : 0;
}
