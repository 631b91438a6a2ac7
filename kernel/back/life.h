/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a ring is taken up, and given back.
 */
#ifndef MOAT_BACK_LIFE_H
#define MOAT_BACK_LIFE_H

#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include "core/wire.h"

struct moat_queue;
struct moat_queue_host;

/**
 * struct moat_queue_setup - what the front end said of a ring, and how to take it up
 * @nr: number of the ring
 * @layout: layout of its slots
 * @pages: number of its pages, a power of two
 * @gref: grants of its pages
 * @port: event channel
 * @persistent: it will use the same data pages again and again
 * @persistent_ro: it keeps pages to write from apart from pages to read to
 * @journal: the next back end may have to go on with it (core/journal.h)
 * @in_use: this one has to, for the last has died
 */
struct moat_queue_setup {
	unsigned int nr;
	enum moat_layout layout;
	unsigned int pages;
	grant_ref_t gref[XENBUS_MAX_RING_GRANTS];
	evtchn_port_t port;
	bool persistent;
	bool persistent_ro;
	bool journal;
	bool in_use;
};

struct moat_queue *moat_queue_create(const struct moat_queue_host *host,
				     const struct moat_queue_setup *setup);
int moat_queue_start(struct moat_queue *queue, evtchn_port_t port);
void moat_queue_stop(struct moat_queue *queue);
void moat_queue_destroy(struct moat_queue *queue);

#endif
