/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring as a hostile back end has it: requests that wait for their answers.
 */
#ifndef MOAT_HOSTILE_DESK_H
#define MOAT_HOSTILE_DESK_H

#include <linux/types.h>
#include <xen/interface/io/blkif.h>

#include "chance.h"
#include "half.h"
#include "keep.h"

#define DESK_PAGES_MAX 16
#define DESK_SLOTS_MAX 512

/**
 * struct desk_request - a request that waits
 * @id: its name
 * @op: what it asked for, of an indirect request the wrapped one
 */
struct desk_request {
	u64 id;
	u8 op;
};

/**
 * struct desk - a ring
 * @half: whose it is; woken at each event
 * @shared: its pages, mapped; NULL: closed
 * @ring: indices
 * @irq: event channel; 0: none
 * @waiting: requests that wait, in no order
 * @nr_waiting: how many
 * @last: a request that was answered
 */
struct desk {
	struct half *half;
	void *shared;
	struct blkif_back_ring ring;
	int irq;
	struct desk_request waiting[DESK_SLOTS_MAX];
	unsigned int nr_waiting;
	struct desk_request last;
};

int desk_open(struct desk *desk, struct half *half, const char *dir);
void desk_close(struct desk *desk);
u32 desk_take(struct desk *desk, struct keep *keep, struct chance *chance);
void desk_answer(struct desk *desk, struct chance *chance, u32 lies, u32 breaks);
void desk_show(struct desk *desk);
void desk_flip(struct desk *desk, struct chance *chance);
void desk_overrun(struct desk *desk, struct chance *chance);
void desk_events(struct desk *desk, u32 times);

#endif
