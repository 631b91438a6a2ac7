/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two ends tell each other in xenstore.
 */
#ifndef MOAT_BACK_HANDSHAKE_H
#define MOAT_BACK_HANDSHAKE_H

#include <xen/xenbus.h>

#include "core/wire.h"

struct moat_disk;
struct moat_disk_wish;
struct moat_queue_setup;

/**
 * struct moat_offered - what a front end was told before it began
 * @queues: most rings
 * @ring_order: largest ring, as a power of two of pages
 * @persistent: pages may stay mapped
 * @connection: MOAT_KEY_CONNECTION
 *
 * It is what the front end is held to, whatever the limits are by now.
 */
struct moat_offered {
	unsigned int queues;
	unsigned int ring_order;
	bool persistent;
	u32 connection;
};

/**
 * struct moat_front - what the front end asked for
 * @layout: layout of its ring slots
 * @nr_queues: number of rings
 * @subdirs: each ring's keys are in a directory of their own
 * @numbered: the keys of a ring's pages have numbers
 * @ring_pages: pages of a ring
 * @persistent: it will use the same data pages again and again
 * @persistent_ro: it keeps pages to write from apart from pages to read to
 * @recovers: it can go on with another back end, on new rings
 * @in_use: its last back end has died, and it goes on with these rings
 */
struct moat_front {
	enum moat_layout layout;
	unsigned int nr_queues;
	bool subdirs;
	bool numbered;
	unsigned int ring_pages;
	bool persistent;
	bool persistent_ro;
	bool recovers;
	bool in_use;
};

int moat_handshake_offer(struct xenbus_device *dev, bool persistent,
			 struct moat_offered *offered);
int moat_handshake_read_wish(struct xenbus_device *dev, struct moat_disk_wish *wish);
int moat_handshake_read_front(struct xenbus_device *dev,
			      const struct moat_offered *offered, u32 block_size,
			      struct moat_front *front);
int __must_check moat_handshake_recovers(struct xenbus_device *dev,
					 const struct moat_offered *offered, bool *recovers);
int moat_handshake_read_queue(struct xenbus_device *dev, const struct moat_front *front,
			      unsigned int nr, struct moat_queue_setup *setup);
int moat_handshake_announce(struct xenbus_device *dev, const struct moat_disk *disk);
int moat_handshake_announce_size(struct xenbus_device *dev, u64 sectors);

#endif
