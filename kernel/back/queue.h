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

/*
 * A ring's states. The poller alone changes them, but for the first step: until
 * then it does nothing with the ring but to send its EOI.
 *
 *   NEW --moat_queue_start()--> OPEN <--------------------------+
 *    |                           | |                             |
 *    |   too many requests: BROKEN |                             |
 *    |                       |     +--a barrier is taken--> FENCED
 *    |                       |                               |   |
 *    |            all before it is answered: BARRIER <-------+   |
 *    |                       |                 +--it is, too ----+
 *    v                       v
 *   STOPPING, from any of them, by the message of moat_queue_stop()
 *    |
 *    +--nothing under way, no answer unseen, in no list of the poller's--> STOPPED
 *
 * Behind STOPPED the poller knows nothing of the ring, and whoever waits for it
 * may free it. That is why it takes a message: a flag, the poller could find in
 * the middle of a turn, with the ring still in, or on its way into, a list of
 * rings to visit. When the message is sent all others have ceased to kick the ring,
 * so that behind it a clear KICKED says "in no list". tests/model/stop.pml has it
 * all, and what goes wrong otherwise.
 */
enum moat_queue_state {
	MOAT_QUEUE_NEW,		/* not served yet */
	MOAT_QUEUE_OPEN,	/* requests are taken */
	MOAT_QUEUE_FENCED,	/* a barrier waits for what was taken before it */
	MOAT_QUEUE_BARRIER,	/* it has the ring for itself */
	MOAT_QUEUE_BROKEN,	/* the front end broke the protocol */
	MOAT_QUEUE_STOPPING,	/* the connection is to end */
	MOAT_QUEUE_STOPPED,	/* the poller has forgotten the ring */
};

/* Bits of struct moat_queue's flags: what others tell the poller. */
enum {
	MOAT_QUEUE_KICKED,	/* in the poller's list of kicked rings */
	MOAT_QUEUE_EVENT,	/* an event came; its EOI is the poller's to send */
};

/* What becomes of a ring behind a visit. */
enum moat_queue_verdict {
	MOAT_QUEUE_STAY,	/* to be visited again at once */
	MOAT_QUEUE_LEAVE,	/* something will bring it back */
	MOAT_QUEUE_FORGET,	/* it has stopped: whoever waits for that may free it */
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
 * @stop: in the poller's list of rings to be stopped
 * @stopped: completed when it has
 * @state: enum moat_queue_state; anybody may look
 * @active: in the poller's list of active rings
 * @served: in the poller's list of rings it serves
 * @ring: our side of the ring
 * @spin: state of the spin policy
 * @looks: looks in a row that found nothing
 * @worked: found work since the last EOI
 * @prompt: the disk had done what was taken last when it had all been submitted
 * @in_flight: jobs in use
 * @barrier: FENCED, BARRIER: the job that must have the ring for itself
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
	struct llist_node stop;
	struct completion stopped;
	u32 state;

	struct list_head active ____cacheline_aligned;
	struct list_head served;
	struct moat_ring ring;
	struct moat_spin spin;
	u32 looks;
	bool worked;
	bool prompt;
	u32 in_flight;
	struct moat_job *barrier;
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
void moat_queue_end(struct moat_queue *queue);
enum moat_queue_verdict moat_queue_visit(struct moat_queue *queue,
					 struct moat_poller *poller);
u64 moat_queue_oldest(const struct moat_queue *queue);
void moat_queue_answer(struct moat_queue *queue, struct moat_job *job);
void moat_queue_drop(struct moat_queue *queue, struct moat_job *job);
bool moat_queue_broken(const struct moat_queue *queue);
bool moat_queue_stopping(const struct moat_queue *queue);

#endif
