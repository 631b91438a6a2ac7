/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a ring is made of: shared memory, and an event channel.
 */
#ifndef MOAT_FRONT_CHANNEL_H
#define MOAT_FRONT_CHANNEL_H

#include <linux/interrupt.h>
#include <xen/events.h>
#include <xen/xenbus.h>

/**
 * struct moat_channel - memory and signals between the two halves
 * @shared: the memory, NULL when there is none; stays from one connection to the
 *	next
 * @pages: number of its pages
 * @grefs: their grants, invalid while it is closed
 * @port: event channel
 * @irq: its interrupt, 0 when there is none
 */
struct moat_channel {
	void *shared;
	unsigned int pages;
	grant_ref_t grefs[XENBUS_MAX_RING_GRANTS];
	evtchn_port_t port;
	int irq;
};

int __must_check moat_channel_open(struct moat_channel *ch, struct xenbus_device *xdev,
				   unsigned int pages, irq_handler_t handler,
				   const char *name, void *data);
void moat_channel_silence(struct moat_channel *ch, void *data);
void moat_channel_close(struct moat_channel *ch);
void moat_channel_free(struct moat_channel *ch);

/**
 * moat_channel_notify() - send an event
 * @ch: the channel, open, and not silenced meanwhile
 *
 * Context: any.
 */
static inline void moat_channel_notify(const struct moat_channel *ch)
{
	notify_remote_via_irq(ch->irq);
}

#endif
