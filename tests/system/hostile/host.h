/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a hostile back end: rings, and what xenstore says of the disk.
 */
#ifndef MOAT_HOSTILE_HOST_H
#define MOAT_HOSTILE_HOST_H

#include <linux/wait.h>
#include <xen/xenbus.h>

#include "chance.h"
#include "count.h"
#include "desk.h"
#include "keep.h"

#define HOST_DESKS 4

/**
 * struct host - one disk, served with malice
 * @dev: the device
 * @counts: counters
 * @woken: at each event and each change of the front end's state
 * @peer: that state
 * @desk: rings of this connection
 * @nr_desks: how many
 * @keep: pages that are kept mapped
 * @spoilt: what xenstore says of the disk is not as it is
 */
struct host {
	struct xenbus_device *dev;
	struct counts *counts;
	wait_queue_head_t woken;
	enum xenbus_state peer;
	struct desk desk[HOST_DESKS];
	unsigned int nr_desks;
	struct keep keep;
	bool spoilt;
};

void host_init(struct host *host, struct xenbus_device *dev, struct counts *counts);
void host_peer_changed(struct host *host, enum xenbus_state state);
void host_say(struct host *host, int state);
bool host_await(struct host *host, enum xenbus_state state, unsigned long timeout);
void host_call(struct host *host);
int host_open(struct host *host);
void host_close(struct host *host);
void host_tell(struct host *host);
void host_tell_trick(struct host *host, struct chance *chance);
bool host_is_accused(struct host *host);

#endif
