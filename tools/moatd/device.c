// SPDX-License-Identifier: GPL-2.0
/*
 * PCI devices: who has them, and who gets them. One that stays away, or whose
 * attachment fails, keeps no other from its domain.
 */
#include "decision.h"

bool moat_has_devices(const struct moat_view *view)
{
	for (size_t i = 0; i < view->pcis; i++)
		if (!view->pci[i].domid ||
		    view->pci[i].domid != view->domain[MOAT_ACTIVE].domid)
			return false;
	return true;
}

/* Is it with the active domain, or not to be had by anybody's doing here? */
static bool is_settled(const struct moat_view *view, size_t index)
{
	const struct moat_view_pci *pci = &view->pci[index];

	return pci->absent || pci->foreign ||
	       (pci->domid && pci->domid == view->domain[MOAT_ACTIVE].domid);
}

bool moat_has_what_there_is(const struct moat_view *view)
{
	for (size_t i = 0; i < view->pcis; i++)
		if (!is_settled(view, i))
			return false;
	return true;
}

/* The nth device to be seen to: after one that was, the others have their turn. */
static size_t nth(const struct decision *d, size_t n)
{
	return (d->slot->turn + n) % d->view->pcis;
}

static bool see_to(struct decision *d, enum moat_act what, size_t index,
		   const char *text)
{
	d->slot->turn = index + 1;
	return act_at(d, what, index, text);
}

/* What is noted of a holder that has gone is forgotten. */
bool moat_devices_forget(struct decision *d)
{
	for (size_t i = 0; i < d->view->pcis; i++)
		if (d->view->pci[i].stale)
			return act_at(d, MOAT_ACT_FREE, i,
				      "its holder does not exist");
	return false;
}

/* And devices that nobody has are given to pciback. */
bool moat_devices_settle(struct decision *d)
{
	if (moat_devices_forget(d))
		return true;
	for (size_t n = 0; n < d->view->pcis; n++) {
		const struct moat_view_pci *pci = &d->view->pci[nth(d, n)];

		if (!pci->domid && !pci->busy && !pci->assignable &&
		    !pci->absent && may_start(d, MOAT_ACTIVE, MOAT_JOB_ASSIGN))
			return see_to(d, MOAT_ACT_ASSIGN, nth(d, n),
				      "it is not with pciback");
	}
	return false;
}

bool moat_device_is_free(const struct moat_view_pci *pci)
{
	return !pci->domid && !pci->busy && pci->assignable;
}

/* May a domain be created with what devices there are? */
bool moat_devices_free(struct decision *d)
{
	bool refused = d->slot->failed[MOAT_ACTIVE] == MOAT_JOB_ASSIGN;
	size_t have = 0, want = 0;

	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		have += moat_device_is_free(pci);
		if (moat_device_is_free(pci) || is_settled(d->view, i))
			continue;
		look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
		/* one that pciback does not take keeps the others waiting once */
		if (pci->domid || pci->busy || !refused)
			return false;
		want++;
	}
	return have || !want;
}

bool moat_devices_attach(struct decision *d)
{
	const struct moat_view_domain *active = domain(d, MOAT_ACTIVE);

	if (!active->ready || d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE)
		return false;
	if (moat_devices_settle(d))
		return true;
	for (size_t n = 0; n < d->view->pcis; n++) {
		const struct moat_view_pci *pci = &d->view->pci[nth(d, n)];

		if (pci->domid || pci->absent)
			continue;
		if (!moat_device_is_free(pci)) {
			look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
			continue;
		}
		if (may_start(d, MOAT_ACTIVE, MOAT_JOB_ATTACH))
			return see_to(d, MOAT_ACT_ATTACH, nth(d, n),
				      "it has no holder");
	}
	return false;
}
