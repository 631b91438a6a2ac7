// SPDX-License-Identifier: GPL-2.0
/* A 64-bit guest of Xen, with what xenbus drivers are made of. */
#include <linux/blk-mq.h>
#include <linux/kconfig.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

int probe(struct xenbus_device *dev, void **address, unsigned int pages, grant_ref_t *grefs);

#if IS_ENABLED(CONFIG_XEN) && IS_ENABLED(CONFIG_X86_64)
int probe(struct xenbus_device *dev, void **address, unsigned int pages, grant_ref_t *grefs)
{
	return xenbus_setup_ring(dev, GFP_KERNEL, address, pages, grefs);
}
#else
#error not a kernel that Moat is for
#endif
