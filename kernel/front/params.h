/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters.
 */
#ifndef MOAT_FRONT_PARAMS_H
#define MOAT_FRONT_PARAMS_H

#include "core/wire.h"
#include "kernel/common/tune.h"

/**
 * struct moat_params - what new disks start with
 * @tune: settings that each disk can change later, but for relax_every
 * @max_queues: most rings of a disk, polled ones not counted; 0: one per vCPU
 * @poll_queues: rings for callers that poll
 * @ring_order: order of the pages of a ring
 * @max_segs: most segments of a request
 * @layout: enum moat_layout of the rings
 * @inline_depth: a submitter looks itself while at most so many are in flight
 * @early: so many requests of a batch are shown before it is whole
 */
struct moat_params {
	struct moat_tune tune;
	unsigned int max_queues;
	unsigned int poll_queues;
	unsigned int ring_order;
	unsigned int max_segs;
	u32 layout;
	unsigned int inline_depth;
	unsigned int early;
};

void moat_params_tune(struct moat_tune *tune);

extern struct moat_params moat_params;
extern const char *const moat_path_names[];
extern const char *const moat_layout_names[];

#endif
