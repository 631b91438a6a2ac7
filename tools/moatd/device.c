// SPDX-License-Identifier: GPL-2.0
/*
 * PCI devices: who has them, and who gets them.
 */
#include "decision.h"

/* Devices that nobody has are forgotten by whom, and given to pciback. */
bool moat_devices_settle(struct decision *d)
{
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (pci->stale)
			return act_at(d, MOAT_ACT_FREE, i,
				      "its holder does not exist");
		if (!pci->domid && !pci->busy && !pci->assignable &&
		    may_start(d, MOAT_ACTIVE, MOAT_JOB_ASSIGN))
			return act_at(d, MOAT_ACT_ASSIGN, i,
				      "it is not with pciback");
	}
	return false;
}

bool moat_devices_free(struct decision *d)
{
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (!pci->domid && !pci->busy && pci->assignable)
			continue;
		look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
		return false;
	}
	return true;
}

bool moat_devices_attach(struct decision *d)
{
	const struct moat_view_domain *active = domain(d, MOAT_ACTIVE);

	if (!active->ready || d->view->job[MOAT_ACTIVE] != MOAT_JOB_NONE)
		return false;
	if (moat_devices_settle(d))
		return true;
	for (size_t i = 0; i < d->view->pcis; i++) {
		const struct moat_view_pci *pci = &d->view->pci[i];

		if (pci->domid)
			continue;
		if (pci->busy || !pci->assignable) {
			look_at(d, d->now + (pci->busy ? PCI_POLL_MS : 1000));
			continue;
		}
		if (may_start(d, MOAT_ACTIVE, MOAT_JOB_ATTACH))
			return act_at(d, MOAT_ACT_ATTACH, i, "it has no holder");
	}
	return false;
}
