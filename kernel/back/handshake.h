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
 * struct moat_front - what the front end asked for
 * @layout: layout of its ring slots
 * @nr_queues: number of rings
 * @subdirs: each ring's keys are in a directory of their own
 * @ring_pages: pages of a ring
 * @persistent: it will use the same data pages again and again
 * @persistent_ro: it keeps pages to write from apart from pages to read to
 */
struct moat_front {
	enum moat_layout layout;
	unsigned int nr_queues;
	bool subdirs;
	unsigned int ring_pages;
	bool persistent;
	bool persistent_ro;
};

int moat_handshake_offer(struct xenbus_device *dev, bool persistent);
int moat_handshake_read_wish(struct xenbus_device *dev, struct moat_disk_wish *wish);
int moat_handshake_read_front(struct xenbus_device *dev, struct moat_front *front);
int moat_handshake_read_queue(struct xenbus_device *dev, const struct moat_front *front,
			      unsigned int nr, struct moat_queue_setup *setup);
int moat_handshake_announce(struct xenbus_device *dev, const struct moat_disk *disk);
int moat_handshake_announce_size(struct xenbus_device *dev, u64 sectors);

#endif
