/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rings of a connection.
 */
#ifndef MOAT_BACK_RINGS_H
#define MOAT_BACK_RINGS_H

#include <linux/mutex.h>
#include <linux/types.h>

struct moat_front;
struct moat_queue;
struct moat_queue_host;
struct moat_sysfs;

/**
 * struct moat_rings - the rings of a connection
 * @lock: guards @queues and @nr against sysfs
 * @queues: those that serve; NULL: not connected
 * @nr: their number
 * @leaving: those that are to be given back; NULL: none
 * @nr_leaving: their number
 *
 * @leaving belongs to whoever drains it, from moat_rings_leave() on.
 */
struct moat_rings {
	struct mutex lock;
	struct moat_queue **queues;
	unsigned int nr;
	struct moat_queue **leaving;
	unsigned int nr_leaving;
};

void moat_rings_init(struct moat_rings *rings);
void moat_rings_deinit(struct moat_rings *rings);
int moat_rings_open(struct moat_rings *rings, const struct moat_queue_host *host,
		    struct moat_sysfs *sysfs, const struct moat_front *front);
void moat_rings_kick(struct moat_rings *rings);
bool moat_rings_broken(const struct moat_rings *rings);
void moat_rings_leave(struct moat_rings *rings);
void moat_rings_drain(struct moat_rings *rings);

#endif
