/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a hostile front end: rings, pages, and what xenstore says of them.
 */
#ifndef MOAT_HOSTILE_LINK_H
#define MOAT_HOSTILE_LINK_H

#include <linux/wait.h>
#include <xen/xenbus.h>

#include "bait.h"
#include "chance.h"
#include "count.h"
#include "pipe.h"

#define LINK_PIPES 4

/**
 * struct link - one disk, attacked
 * @dev: the device
 * @counts: counters
 * @woken: at each event and each change of the back end's state
 * @peer: that state
 * @bait: pages of this connection
 * @pipe: rings of this connection
 * @nr_pipes: how many
 * @odd: a request may go without an answer: keys or states are not those of an honest
 *	front end, or the ring itself may be overwritten
 */
struct link {
	struct xenbus_device *dev;
	struct counts *counts;
	wait_queue_head_t woken;
	enum xenbus_state peer;
	struct bait bait;
	struct pipe pipe[LINK_PIPES];
	unsigned int nr_pipes;
	bool odd;
};

void link_init(struct link *link, struct xenbus_device *dev, struct counts *counts);
void link_peer_changed(struct link *link, enum xenbus_state state);
void link_say(struct link *link, int state);
bool link_await(struct link *link, unsigned long states, unsigned long timeout);
int link_open(struct link *link, struct chance *chance);
void link_close(struct link *link);
void link_publish(struct link *link, struct chance *chance, u32 odds);
void link_write(struct link *link, const char *dir, const char *key, const char *value);

#endif
