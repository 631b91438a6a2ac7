/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring and its event channel, as the hostile front end has them.
 */
#ifndef MOAT_HOSTILE_PIPE_H
#define MOAT_HOSTILE_PIPE_H

#include <linux/wait.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <xen/interface/io/blkif.h>
#include <xen/xenbus.h>

#include "count.h"
#include "craft.h"

#define PIPE_PAGES_MAX 16
#define PIPE_SLOTS_MAX 512

/**
 * struct pipe - a ring
 * @dev: its device
 * @woken: woken at each event
 * @shared: its pages
 * @pages: how many
 * @gref: their references
 * @ring: the indices, which we keep to ourselves
 * @port: event channel
 * @irq: bound to it; 0: none
 * @id: what the request in each slot is called
 * @unsure: slots are changed under way, so that an answer may have any name
 */
struct pipe {
	struct xenbus_device *dev;
	wait_queue_head_t *woken;
	void *shared;
	unsigned int pages;
	grant_ref_t gref[PIPE_PAGES_MAX];
	struct blkif_front_ring ring;
	evtchn_port_t port;
	int irq;
	u64 id[PIPE_SLOTS_MAX];
	bool unsure;
};

int pipe_open(struct pipe *pipe, struct xenbus_device *dev, wait_queue_head_t *woken,
	      unsigned int pages, u32 begin);
void pipe_close(struct pipe *pipe);
struct blkif_request *pipe_slot(struct pipe *pipe, u32 index);
u32 pipe_size(const struct pipe *pipe);
u32 pipe_room(const struct pipe *pipe);
u32 pipe_unanswered(const struct pipe *pipe);
u32 pipe_send(struct pipe *pipe, struct craft *craft, struct chance *chance, u32 n);
void pipe_show(struct pipe *pipe, struct counts *counts);
void pipe_ring(struct pipe *pipe, struct counts *counts, u32 times);
u32 pipe_collect(struct pipe *pipe, struct counts *counts, u32 left);
bool pipe_has_come(const struct pipe *pipe, u32 left);

#endif
