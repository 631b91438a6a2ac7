/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tenant: a domain, with all its disks here. What it has in flight is bounded, and so
 * is what each of its disks has.
 */
#ifndef MOAT_BACK_TENANT_H
#define MOAT_BACK_TENANT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <xen/interface/xen.h>

#include "crowd.h"

/**
 * struct moat_load - what is in flight
 * @pages: of data
 * @requests: their number
 *
 * Rings add what they took less what came back, once a visit.
 */
struct moat_load {
	atomic_t pages;
	atomic_t requests;
};

static inline void moat_load_add(struct moat_load *load, int pages, int requests)
{
	atomic_add(pages, &load->pages);
	atomic_add(requests, &load->requests);
}

/**
 * struct moat_allowance - how much may yet be taken; less than nothing where there is
 *	too much already
 * @pages: of data
 * @requests: their number
 */
struct moat_allowance {
	int pages;
	int requests;
};

static inline bool moat_allowance_left(const struct moat_allowance *left)
{
	return left->pages > 0 && left->requests > 0;
}

/**
 * struct moat_tenant - a domain
 * @link: in the list of all
 * @users: rings; under the list's mutex, like the list
 * @domid: the domain
 * @load: what it has in flight
 * @kept: its pages that stay mapped
 * @member: what it is among all of them
 */
struct moat_tenant {
	struct list_head link;
	unsigned int users;
	domid_t domid;
	struct moat_load load;
	atomic_t kept;
	struct moat_member member;
};

/* Pages that it may yet give to the devices, for what others need; see crowd.c. */
static inline int moat_tenant_room(const struct moat_tenant *tenant, u64 now)
{
	return moat_crowd_left(&tenant->member, now);
}

struct moat_tenant *moat_tenant_get(domid_t domid);
void moat_tenant_put(struct moat_tenant *tenant);
bool moat_tenant_keep(struct moat_tenant *tenant);
void moat_tenant_unkeep(struct moat_tenant *tenant);
void moat_tenant_add(struct moat_tenant *tenant, int pages, int requests, u64 now);
void moat_tenant_allows(const struct moat_tenant *tenant, const struct moat_load *disk,
			 struct moat_allowance *left);

#endif
