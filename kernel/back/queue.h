/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring, and all that belongs to it.
 */
#ifndef MOAT_BACK_QUEUE_H
#define MOAT_BACK_QUEUE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include "copy.h"
#include "core/ring.h"
#include "core/spin.h"
#include "kernel/common/stat.h"
#include "persistent.h"

struct moat_backend;
struct moat_disk;
struct moat_job;
struct moat_poller;

/* Bits of struct moat_queue's flags. */
enum {
	MOAT_QUEUE_KICKED,	/* in the poller's list of kicked rings */
	MOAT_QUEUE_EVENT,	/* an event came; its EOI is the poller's to send */
	MOAT_QUEUE_STOP,	/* to take no more requests, ever */
};

/* What becomes of a ring behind a visit. */
enum moat_queue_verdict {
	MOAT_QUEUE_STAY,	/* to be visited again at once */
	MOAT_QUEUE_LEAVE,	/* something will bring it back */
	MOAT_QUEUE_DRAINED,	/* it has stopped and nothing is under way */
};

/**
 * struct moat_queue_setup - what the front end said of a ring
 * @nr: number of the ring
 * @layout: layout of its slots
 * @pages: number of its pages, a power of two
 * @gref: grants of its pages
 * @port: event channel
 * @persistent: it will use the same data pages again and again
 * @persistent_ro: it keeps pages to write from apart from pages to read to
 */
struct moat_queue_setup {
	unsigned int nr;
	enum moat_layout layout;
	unsigned int pages;
	grant_ref_t gref[XENBUS_MAX_RING_GRANTS];
	evtchn_port_t port;
	bool persistent;
	bool persistent_ro;
};

/**
 * struct moat_queue - a ring
 * @backend: the disk's back end
 * @disk: the disk
 * @tune: its settings
 * @poller: who serves the ring
 * @dev: the xenbus device
 * @domid: the front end's domain
 * @nr: number of the ring
 * @irq: the event channel's; 0: not bound
 * @may_persist: persistent grants were negotiated
 * @persistent_ro: so were MOAT_KEY_PERSISTENT_RO
 * @flags: MOAT_QUEUE_* bits
 * @kick: in the poller's list of kicked rings
 * @drained: completed when the ring has stopped
 * @broken: the front end broke the protocol
 * @active: in the poller's list of active rings
 * @served: in the poller's list of rings it serves
 * @ring: our side of the ring
 * @spin: state of the spin policy
 * @looks: looks in a row that found nothing
 * @worked: found work since the last EOI
 * @prompt: the disk had done what was taken last when it had all been submitted
 * @in_flight: jobs in use
 * @barrier: a job that must have the ring for itself, waiting or under way
 * @barrier_runs: it is under way
 * @unused: unused jobs
 * @jobs: all jobs, one per slot of the ring
 * @persistent: pages of the front end that stay mapped
 * @trim: when to look for unused ones, in jiffies
 * @foreign: local pages to map to
 * @pool: local pages to copy to
 * @unmaps: for taking the ring down
 * @stat: counters
 *
 * From @active on it is the poller's own, from moat_queue_create() until
 * moat_queue_stop() has returned.
 */
struct moat_queue {
	struct moat_backend *backend;
	struct moat_disk *disk;
	const struct moat_tune *tune;
	struct moat_poller *poller;
	struct xenbus_device *dev;
	domid_t domid;
	unsigned int nr;
	unsigned int irq;
	bool may_persist;
	bool persistent_ro;
	unsigned long flags;
	struct llist_node kick;
	struct completion drained;
	bool broken;

	struct list_head active ____cacheline_aligned;
	struct list_head served;
	struct moat_ring ring;
	struct moat_spin spin;
	u32 looks;
	bool worked;
	bool prompt;
	u32 in_flight;
	struct moat_job *barrier;
	bool barrier_runs;
	struct list_head unused;
	struct moat_job *jobs;
	struct moat_persistent persistent;
	unsigned long trim;
	struct gnttab_page_cache foreign;
	struct moat_pool pool;
	struct moat_unmap_batch unmaps;
	struct moat_stat stat;
};

struct moat_queue *moat_queue_create(struct moat_backend *backend,
				     const struct moat_queue_setup *setup);
int moat_queue_start(struct moat_queue *queue, evtchn_port_t port);
void moat_queue_stop(struct moat_queue *queue);
void moat_queue_destroy(struct moat_queue *queue);

void moat_queue_wake(struct moat_queue *queue, u64 now);
enum moat_queue_verdict moat_queue_visit(struct moat_queue *queue,
					 struct moat_poller *poller);
u64 moat_queue_oldest(const struct moat_queue *queue);
void moat_queue_answer(struct moat_queue *queue, struct moat_job *job);
void moat_queue_drop(struct moat_queue *queue, struct moat_job *job);
bool moat_queue_stopped(const struct moat_queue *queue);

#endif
