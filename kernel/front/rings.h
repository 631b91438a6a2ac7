/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rings of a connection.
 */
#ifndef MOAT_FRONT_RINGS_H
#define MOAT_FRONT_RINGS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct moat_disk;

/**
 * struct moat_rings_offer - what a back end that waits for rings allows
 * @queues: most rings
 * @order: order of the most pages of each
 * @readonly: it can keep read-only grants
 * @connection: its MOAT_KEY_CONNECTION, 0 if it has none
 */
struct moat_rings_offer {
	unsigned int queues;
	unsigned int order;
	bool readonly;
	u32 connection;
};

bool __must_check moat_rings_fit(struct moat_disk *disk, const struct moat_rings_offer *offer);
int __must_check moat_rings_open(struct moat_disk *disk, const struct moat_rings_offer *offer);
int __must_check moat_rings_start(struct moat_disk *disk);
void moat_rings_close(struct moat_disk *disk);

#endif
