// SPDX-License-Identifier: GPL-2.0
/*
 * A tenant: a domain, with all its disks here. What it has in flight is bounded, and so
 * is what each of its disks has.
 *
 * What they share with the other tenants, memory and a table of Xen's, would else be
 * one guest's for the asking: a ring can hold 512 requests of 256 pages each, and a
 * guest has several. A request beyond a bound waits in its ring. The bounds are
 * soft: a ring with nothing in flight may always have one request, so that it is
 * always its own jobs that bring it back; and pollers that look at once may each take
 * a visit's worth.
 */
#include "tenant.h"

#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "params.h"

/* Guards the list and the counts of users. */
static DEFINE_MUTEX(tenants_lock);
static LIST_HEAD(tenants);

static struct moat_tenant *tenant_find(domid_t domid)
{
	struct moat_tenant *tenant;

	lockdep_assert_held(&tenants_lock);
	list_for_each_entry(tenant, &tenants, link)
		if (tenant->domid == domid)
			return tenant;
	tenant = kzalloc(sizeof(*tenant), GFP_KERNEL);
	if (!tenant)
		return NULL;
	tenant->domid = domid;
	tenant->member.id = domid;
	list_add(&tenant->link, &tenants);
	moat_crowd_join();
	return tenant;
}

/**
 * moat_tenant_get() - a ring more of a domain
 * @domid: the domain
 *
 * Context: process, may sleep.
 * Return: the tenant, or NULL: no memory.
 */
struct moat_tenant *moat_tenant_get(domid_t domid)
{
	struct moat_tenant *tenant;

	mutex_lock(&tenants_lock);
	tenant = tenant_find(domid);
	if (tenant)
		tenant->users++;
	mutex_unlock(&tenants_lock);
	return tenant;
}

/**
 * moat_tenant_put() - a ring less of a domain
 * @tenant: from moat_tenant_get()
 *
 * Context: process, may sleep.
 */
void moat_tenant_put(struct moat_tenant *tenant)
{
	mutex_lock(&tenants_lock);
	if (!--tenant->users) {
		list_del(&tenant->link);
		moat_crowd_leave();
		WARN_ON_ONCE(atomic_read(&tenant->load.pages) ||
			     atomic_read(&tenant->load.requests) ||
			     atomic_read(&tenant->kept));
		kfree(tenant);
	}
	mutex_unlock(&tenants_lock);
}

/**
 * moat_tenant_keep() - may one more of its pages stay mapped?
 * @tenant: the tenant
 *
 * Context: any.
 * Return: whether; then moat_tenant_unkeep() when it does not any more.
 */
bool moat_tenant_keep(struct moat_tenant *tenant)
{
	if (atomic_inc_return(&tenant->kept) <= moat_params_tenant_kept())
		return true;
	atomic_dec(&tenant->kept);
	return false;
}

/**
 * moat_tenant_unkeep() - a page is not kept mapped any more
 * @tenant: the tenant
 *
 * Context: any.
 */
void moat_tenant_unkeep(struct moat_tenant *tenant)
{
	atomic_dec(&tenant->kept);
}

/**
 * moat_tenant_add() - it has more in flight, or less
 * @tenant: the tenant
 * @pages: how much more; less than nothing: less
 * @requests: how many
 * @now: time
 *
 * Context: any.
 */
void moat_tenant_add(struct moat_tenant *tenant, int pages, int requests, u64 now)
{
	moat_load_add(&tenant->load, pages, requests);
	moat_crowd_add(&tenant->member, atomic_read(&tenant->load.pages), pages, now);
}

static void bound(struct moat_allowance *left, const struct moat_load *load, int pages,
		  int requests)
{
	left->pages = min(left->pages, pages - atomic_read(&load->pages));
	left->requests = min(left->requests, requests - atomic_read(&load->requests));
}

/**
 * moat_tenant_allows() - how much may yet be taken for a disk?
 * @tenant: whose disk it is
 * @disk: what the disk has in flight
 * @left: the answer
 *
 * Context: any.
 */
void moat_tenant_allows(const struct moat_tenant *tenant, const struct moat_load *disk,
			 struct moat_allowance *left)
{
	*left = (struct moat_allowance){ .pages = INT_MAX, .requests = INT_MAX };
	bound(left, disk, moat_params_disk_pages(), moat_params_disk_requests());
	bound(left, &tenant->load, moat_params_tenant_pages(), moat_params_tenant_requests());
}
