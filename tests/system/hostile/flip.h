/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The second vCPU: overwrites what the peer may just be reading.
 */
#ifndef MOAT_HOSTILE_FLIP_H
#define MOAT_HOSTILE_FLIP_H

#include <linux/types.h>

#include "chance.h"

/**
 * struct flip - the thread that overwrites
 * @task: the thread; NULL: there is none
 * @strike: overwrites one thing
 * @data: its
 * @chance: what and with what
 */
struct flip {
	struct task_struct *task;
	void (*strike)(void *data, struct chance *chance);
	void *data;
	struct chance chance;
};

bool flip_start(struct flip *flip, u64 seed, u64 stream);
void flip_stop(struct flip *flip);

#endif
