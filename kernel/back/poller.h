/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The threads that serve the rings: one per CPU.
 */
#ifndef MOAT_BACK_POLLER_H
#define MOAT_BACK_POLLER_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/sched.h>

#include "copy.h"
#include "map.h"

struct moat_job;
struct moat_queue;

/**
 * struct moat_poller - a thread that serves rings
 * @task: the thread
 * @cpu: the CPU it runs on, while that is online
 * @nr_queues: number of rings it serves; under the pollers' mutex
 * @kicked: rings that ask to be visited; anybody adds
 * @stops: rings that are to be stopped; their back ends add
 * @done: jobs that came back from the disk; anybody adds
 * @active: rings that are visited in turn
 * @serves: all rings that it serves and that were ever active
 * @deferred: jobs that have to wait until @retry
 * @retry: when to look at @deferred again, in jiffies
 * @now: time at the beginning of the turn, in nanoseconds
 * @busy: the CPU has other runnable work
 * @seen: the last ping it has answered, see health.c
 * @device_ns: age, then, of the oldest request at a device; anybody reads
 * @maps: mappings to be made
 * @unmaps: mappings to be ended
 * @copies: copies to be made
 *
 * All but the first six is the thread's own.
 */
struct moat_poller {
	struct task_struct *task;
	unsigned int cpu;
	unsigned int nr_queues;
	struct llist_head kicked;
	struct llist_head stops;
	struct llist_head done;
	struct list_head active ____cacheline_aligned;
	struct list_head serves;
	struct list_head deferred;
	unsigned long retry;
	u64 now;
	bool busy;
	unsigned int seen;
	u64 device_ns;
	struct moat_map_batch maps;
	struct moat_unmap_batch unmaps;
	struct moat_copy_batch copies;
};

int moat_pollers_init(void);
void moat_pollers_deinit(void);
void moat_pollers_ping(void);
u64 moat_pollers_device_age(void);
struct moat_poller *moat_poller_join(void);
void moat_poller_leave(struct moat_poller *poller);
void moat_poller_kick(struct moat_poller *poller, struct moat_queue *queue);
void moat_poller_stop(struct moat_poller *poller, struct moat_queue *queue);
void moat_poller_done(struct moat_poller *poller, struct moat_job *job);
bool moat_poller_has_done(const struct moat_poller *poller, u32 n);
void moat_poller_defer(struct moat_poller *poller, struct moat_job *job);
void moat_poller_activate(struct moat_poller *poller, struct moat_queue *queue);

#endif
