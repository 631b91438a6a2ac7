/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a hostile front end: rings, pages, and what xenstore says of them.
 */
#ifndef MOAT_HOSTILE_LINK_H
#define MOAT_HOSTILE_LINK_H

#include <linux/types.h>

#include "bait.h"
#include "chance.h"
#include "half.h"
#include "pipe.h"

#define LINK_PIPES 4

/**
 * struct link - one disk, attacked
 * @half: device, counters, the back end's state
 * @bait: pages of this connection
 * @pipe: rings of this connection
 * @nr_pipes: how many
 * @odd: a request may go without an answer: keys or states are not those of an honest
 *	front end, or the ring itself may be overwritten
 */
struct link {
	struct half half;
	struct bait bait;
	struct pipe pipe[LINK_PIPES];
	unsigned int nr_pipes;
	bool odd;
};

int link_open(struct link *link, struct chance *chance);
void link_close(struct link *link);
void link_publish(struct link *link, struct chance *chance, u32 odds);
void link_write(struct link *link, const char *dir, const char *key, const char *value);

#endif
