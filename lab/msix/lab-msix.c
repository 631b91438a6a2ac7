// SPDX-License-Identifier: GPL-2.0
/*
 * Lets a driver in a PV domain use MSI-X twice on the same PCI device.
 *
 * Linux 6.1 clears dev->msix_enabled before it frees the interrupts, so that Xen's PV
 * code takes the branch for MSI and never tells pciback that MSI-X is over; pciback
 * refuses the next request with -EALREADY. The NVMe driver asks twice, and so falls back
 * to the wired interrupt, which is shared with dom0 and three times as slow here. This
 * remembers which devices use MSI-X, and ends it when MSI is to be ended.
 */
#include <linux/bitmap.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <asm/xen/pci.h>
#include <xen/xen.h>

#define DEVICES 256	/* all functions of the one bus that pcifront shows */
#define POLL_US 1000
#define WAIT_US 10000000

static struct xen_pci_frontend_ops real;
static DECLARE_BITMAP(msix_on, DEVICES);

static int enable_msix(struct pci_dev *dev, int vectors[], int count)
{
	int err = real.enable_msix(dev, vectors, count);

	if (!err)
		set_bit(dev->devfn, msix_on);
	return err;
}

static void disable_msi(struct pci_dev *dev)
{
	if (test_and_clear_bit(dev->devfn, msix_on))
		real.disable_msix(dev);
	else
		real.disable_msi(dev);
}

static void disable_msix(struct pci_dev *dev)
{
	clear_bit(dev->devfn, msix_on);
	real.disable_msix(dev);
}

static int __init lab_msix_init(void)
{
	struct xen_pci_frontend_ops *ops;

	/* moat-init loads xen-pcifront beside this */
	if (!xen_pv_domain() ||
	    read_poll_timeout(READ_ONCE, ops, ops, POLL_US, WAIT_US, false, xen_pci_frontend))
		return -ENODEV;
	real = *ops;
	xen_pci_frontend->enable_msix = enable_msix;
	xen_pci_frontend->disable_msi = disable_msi;
	xen_pci_frontend->disable_msix = disable_msix;
	return 0;
}

static void __exit lab_msix_exit(void)
{
	*xen_pci_frontend = real;
}

module_init(lab_msix_init);
module_exit(lab_msix_exit);
MODULE_DESCRIPTION("MSI-X that can be enabled again, for Linux 6.1 under Xen PV");
MODULE_LICENSE("GPL");
