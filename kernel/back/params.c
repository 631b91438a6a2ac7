// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters: what a new disk starts with, and the limits of all.
 *
 * They can be changed at any time and count from the next connection on. The
 * numbers are only ever read through the functions below, which bound them.
 */
#include "params.h"

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <xen/xenbus.h>

#include <moat/times.h>

const char *const moat_data_path_names[] = {
	"auto", "persistent", "map", "copy", NULL
};

static char *mode = "adaptive";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "event, spin or adaptive");

static char *data_path = "auto";
module_param(data_path, charp, 0444);
MODULE_PARM_DESC(data_path, "auto, persistent, map or copy");

static char *writethrough = "auto";
module_param(writethrough, charp, 0444);
MODULE_PARM_DESC(writethrough, "writes are on the medium when answered: auto, on or off");

static unsigned int window_min_ns = 10000;
module_param(window_min_ns, uint, 0644);
MODULE_PARM_DESC(window_min_ns, "shortest time to spin in mode adaptive");

static unsigned int window_max_ns = 200000;
module_param(window_max_ns, uint, 0644);
MODULE_PARM_DESC(window_max_ns, "longest time to spin in mode adaptive");

static int relax_every = -1;
module_param(relax_every, int, 0644);
MODULE_PARM_DESC(relax_every, "looks per PAUSE of a spinner; 0: none, -1: by measurement");

static unsigned int max_queues;
module_param(max_queues, uint, 0644);
MODULE_PARM_DESC(max_queues, "rings offered to a front end; 0: one per CPU");

static unsigned int max_ring_page_order = XENBUS_MAX_RING_GRANT_ORDER;
module_param(max_ring_page_order, uint, 0644);
MODULE_PARM_DESC(max_ring_page_order, "largest ring offered, as a power of two of pages");

static unsigned int max_indirect_segments = MOAT_MAX_SEGS;
module_param(max_indirect_segments, uint, 0644);
MODULE_PARM_DESC(max_indirect_segments, "segments of a request offered; 0: only what a slot holds");

static unsigned int max_persistent_grants = 4096;
module_param(max_persistent_grants, uint, 0644);
MODULE_PARM_DESC(max_persistent_grants, "pages of the front end kept mapped, per ring");

static unsigned int persistent_unused_seconds = 60;
module_param(persistent_unused_seconds, uint, 0644);
MODULE_PARM_DESC(persistent_unused_seconds, "a page unused for so long is unmapped; 0: never");

/* Few, so that the front end goes on with the first answers while we are at the next ones. */
static unsigned int budget = 4;
module_param(budget, uint, 0644);
MODULE_PARM_DESC(budget, "requests taken from a ring before the next ring's turn");

/* The bounds of tenant.c. Enough for any device's queue, and little enough for a table of
 * 262144 mappings (Xen's default) and a memory that all tenants share.
 */
static unsigned int disk_pages = 4096;
module_param(disk_pages, uint, 0644);
MODULE_PARM_DESC(disk_pages, "pages that a disk may have in flight");

static unsigned int disk_requests = 1024;
module_param(disk_requests, uint, 0644);
MODULE_PARM_DESC(disk_requests, "requests that a disk may have in flight");

static unsigned int tenant_pages = 8192;
module_param(tenant_pages, uint, 0644);
MODULE_PARM_DESC(tenant_pages, "pages that a domain may have in flight, on all its disks");

static unsigned int tenant_requests = 4096;
module_param(tenant_requests, uint, 0644);
MODULE_PARM_DESC(tenant_requests, "requests that a domain may have in flight, on all its disks");

static bool device_window = true;
module_param(device_window, bool, 0644);
MODULE_PARM_DESC(device_window, "bound what is at the devices while a domain asks for little");

static unsigned int tenant_persistent_grants = 16384;
module_param(tenant_persistent_grants, uint, 0644);
MODULE_PARM_DESC(tenant_persistent_grants, "pages of a domain kept mapped, on all its disks");

static unsigned int watchdog_s = MOAT_WATCHDOG_S;
module_param(watchdog_s, uint, 0444);
MODULE_PARM_DESC(watchdog_s, "Xen ends a domain that has not served for so long; 0: never");

/* Rings offered to a front end. */
unsigned int moat_params_queues(void)
{
	unsigned int n = READ_ONCE(max_queues);

	return n ? min(n, 256u) : num_online_cpus();
}

/* Largest ring offered, as a power of two of pages. */
unsigned int moat_params_ring_order(void)
{
	return min_t(unsigned int, READ_ONCE(max_ring_page_order),
		     XENBUS_MAX_RING_GRANT_ORDER);
}

/* Segments of an indirect request. */
unsigned int moat_params_segs(void)
{
	return min(READ_ONCE(max_indirect_segments), MOAT_MAX_SEGS);
}

/* Persistent grants of a ring. */
unsigned int moat_params_persistent(void)
{
	return min(READ_ONCE(max_persistent_grants), 1u << 20);
}

/* Age in jiffies at which an unused persistent grant is given up; 0: never. */
unsigned long moat_params_persistent_age(void)
{
	return min(READ_ONCE(persistent_unused_seconds), 86400u) * HZ;
}

/* Requests taken from a ring in one visit. */
unsigned int moat_params_budget(void)
{
	return clamp(READ_ONCE(budget), 1u, 1024u);
}

/* Less than one request of the largest size would be no bound but that of one. */
static int bound_pages(const unsigned int *param)
{
	return clamp(READ_ONCE(*param), MOAT_MAX_SEGS, 1u << 20);
}

static int bound_requests(const unsigned int *param)
{
	return clamp(READ_ONCE(*param), 1u, 1u << 20);
}

/* Pages that a disk may have in flight. */
int moat_params_disk_pages(void)
{
	return bound_pages(&disk_pages);
}

/* Requests that a disk may have in flight. */
int moat_params_disk_requests(void)
{
	return bound_requests(&disk_requests);
}

/* Pages that a domain may have in flight. */
int moat_params_tenant_pages(void)
{
	return bound_pages(&tenant_pages);
}

/* Requests that a domain may have in flight. */
int moat_params_tenant_requests(void)
{
	return bound_requests(&tenant_requests);
}

/* Is what tenants have at the devices together bounded? */
bool moat_params_device_window(void)
{
	return READ_ONCE(device_window);
}

/* Persistent grants of a domain. */
int moat_params_tenant_kept(void)
{
	return min(READ_ONCE(tenant_persistent_grants), 1u << 20);
}

/* Seconds; 0: no watchdog. Less than three would be a bet on the scheduler, for
 * a ping comes once a second.
 */
unsigned int moat_params_watchdog(void)
{
	return watchdog_s ? clamp(watchdog_s, 3u, 86400u) : 0;
}

/**
 * moat_params_tune() - fill the settings of a new disk
 * @tune: the settings
 *
 * Context: any; behind a successful moat_params_check().
 */
void moat_params_tune(struct moat_tune *tune)
{
	int relax = READ_ONCE(relax_every);

	tune->mode = moat_tune_parse(moat_mode_names, mode);
	tune->window_min_ns = READ_ONCE(window_min_ns);
	tune->window_max_ns = READ_ONCE(window_max_ns);
	tune->relax_every = relax < 0 ? moat_tune_relax_every() : relax;
	tune->data_path = moat_tune_parse(moat_data_path_names, data_path);
	tune->writethrough = moat_tune_parse(moat_writethrough_names, writethrough);
}

/**
 * moat_params_check() - are the names among the parameters known?
 *
 * Return: 0 or -EINVAL.
 */
int moat_params_check(void)
{
	if (moat_tune_parse(moat_mode_names, mode) < 0) {
		pr_err("mode %s is not known\n", mode);
		return -EINVAL;
	}
	if (moat_tune_parse(moat_data_path_names, data_path) < 0) {
		pr_err("data_path %s is not known\n", data_path);
		return -EINVAL;
	}
	if (moat_tune_parse(moat_writethrough_names, writethrough) < 0) {
		pr_err("writethrough %s is not known\n", writethrough);
		return -EINVAL;
	}
	return 0;
}
