/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both hostile halves are: a device, a peer, a thread, and parameters that say how much
 * is to be done and what has been.
 *
 *   seed      of the campaign
 *   messages  how many to write before it rests; may be raised
 *   counts    what it has done, to be read
 *   resting   whether it rests, to be read
 */
#ifndef MOAT_HOSTILE_HALF_H
#define MOAT_HOSTILE_HALF_H

#include <linux/wait.h>
#include <xen/xenbus.h>

#include "count.h"

#define HALF_KEY_CONNECTION "moat-connection"

/**
 * struct half - a half of one disk
 * @dev: the device
 * @counts: counters
 * @woken: at each event and each change of the peer's state
 * @peer: that state
 */
struct half {
	struct xenbus_device *dev;
	struct counts *counts;
	wait_queue_head_t woken;
	enum xenbus_state peer;
};

extern unsigned long half_seed;

int half_start(struct half *half, struct xenbus_device *dev, int (*attack)(void *unused));
void half_peer_changed(struct half *half, enum xenbus_state state);
void half_say(struct half *half, int state);
bool half_await(struct half *half, unsigned long states, unsigned long timeout);
bool half_has_to_do(void);
void half_rest(void);

#endif
