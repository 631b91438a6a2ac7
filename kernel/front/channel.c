// SPDX-License-Identifier: GPL-2.0
/*
 * What a ring is made of: shared memory, and an event channel.
 *
 * The memory is kept from one connection to the next: a disk that is swapped to
 * has to be connected anew when there may be none. Only if the back end of
 * before still maps it, which one that has ended does not, new memory is needed.
 */
#include "channel.h"

#include <linux/gfp.h>
#include <linux/mm.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <xen/page.h>

#include <asm/xen/hypercall.h>

/* Let the back end see the memory. */
static int channel_grant(struct moat_channel *ch, domid_t peer)
{
	unsigned int i;
	int ref;

	for (i = 0; i < ch->pages; i++) {
		ref = gnttab_grant_foreign_access(peer,
				virt_to_gfn(ch->shared + i * XEN_PAGE_SIZE), 0);
		if (ref < 0)
			return ref;
		ch->grefs[i] = ref;
	}
	return 0;
}

/* Take the memory back. Return: whether all of it was. */
static bool channel_revoke(struct moat_channel *ch)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < ch->pages; i++) {
		if (ch->grefs[i] == INVALID_GRANT_REF)
			continue;
		if (gnttab_try_end_foreign_access(ch->grefs[i]))
			ch->grefs[i] = INVALID_GRANT_REF;
		else
			all = false;
	}
	return all;
}

/* Give the memory up: what is still mapped goes when it is not. */
static void channel_abandon(struct moat_channel *ch)
{
	unsigned int i;

	for (i = 0; i < ch->pages; i++) {
		struct page *page = virt_to_page(ch->shared + i * XEN_PAGE_SIZE);

		if (ch->grefs[i] != INVALID_GRANT_REF)
			gnttab_end_foreign_access(ch->grefs[i], page);
		else
			__free_page(page);
		ch->grefs[i] = INVALID_GRANT_REF;
	}
	ch->shared = NULL;
	ch->pages = 0;
}

/* Have memory of this size, all zeroes. */
static int channel_alloc(struct moat_channel *ch, unsigned int pages)
{
	unsigned int i;

	if (ch->shared && ch->pages != pages)
		channel_abandon(ch);
	if (ch->shared) {
		memset(ch->shared, 0, pages * XEN_PAGE_SIZE);
		return 0;
	}
	/* Made of single pages: they are given up one by one. */
	ch->shared = alloc_pages_exact(pages * XEN_PAGE_SIZE, GFP_NOIO | __GFP_ZERO);
	if (!ch->shared)
		return -ENOMEM;
	ch->pages = pages;
	for (i = 0; i < pages; i++)
		ch->grefs[i] = INVALID_GRANT_REF;
	return 0;
}

/* That there are none left passes, and is tried again; xenbus's own function would have the
 * device say Closing for it, and wait for xenstored.
 */
static int channel_alloc_port(struct moat_channel *ch, domid_t peer)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = peer };
	int err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

	if (!err)
		ch->port = alloc.port;
	return err;
}

/**
 * moat_channel_open() - make memory and an event channel for the back end
 * @ch: the channel, closed
 * @xdev: the device, which says who the back end is
 * @pages: size of the memory
 * @handler: handler of its events
 * @name: what the interrupt is called
 * @data: for the handler
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; moat_channel_close() is due in both cases.
 */
int moat_channel_open(struct moat_channel *ch, struct xenbus_device *xdev,
		      unsigned int pages, irq_handler_t handler,
		      const char *name, void *data)
{
	int err;

	might_sleep();
	err = channel_alloc(ch, pages);
	if (!err)
		err = channel_grant(ch, xdev->otherend_id);
	if (!err)
		err = channel_alloc_port(ch, xdev->otherend_id);
	if (err)
		return err;
	err = bind_evtchn_to_irqhandler_lateeoi(ch->port, handler, 0, name, data);
	if (err <= 0) {
		xenbus_free_evtchn(xdev, ch->port);
		return err ?: -EIO;
	}
	ch->irq = err;
	return 0;
}

/**
 * moat_channel_silence() - take no more events
 * @ch: the channel; idempotent
 * @data: what was given for the handler, which is not called any more
 *
 * Context: process, may sleep.
 */
void moat_channel_silence(struct moat_channel *ch, void *data)
{
	might_sleep();
	if (ch->irq)
		unbind_from_irqhandler(ch->irq, data);
	ch->irq = 0;
}

/**
 * moat_channel_close() - show the memory to nobody
 * @ch: the channel, silenced; idempotent
 *
 * Context: process, may sleep.
 */
void moat_channel_close(struct moat_channel *ch)
{
	if (ch->shared && !channel_revoke(ch))
		channel_abandon(ch);
}

/**
 * moat_channel_free() - let go of the memory
 * @ch: the channel, closed; idempotent
 *
 * Context: any.
 */
void moat_channel_free(struct moat_channel *ch)
{
	if (ch->shared)
		channel_abandon(ch);
}
