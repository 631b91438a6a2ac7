/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring, and all that belongs to it.
 */
#ifndef MOAT_BACK_QUEUE_H
#define MOAT_BACK_QUEUE_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <xen/xenbus.h>

#include "core/journal.h"
#include "core/ring.h"
#include "core/spin.h"
#include "job.h"
#include "kernel/common/stat.h"
#include "poller.h"

struct moat_disk;
struct moat_tune;

/* How often to look for persistent grants that went unused. */
#define MOAT_QUEUE_TRIM_JIFFIES HZ

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
 *    |                       |     +--no more may be in flight--> FULL
 *    |                       |                 +--less is -------+
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
	MOAT_QUEUE_FULL,	/* requests wait until some that are in flight, its own or
				 * others', are not
				 */
	MOAT_QUEUE_BROKEN,	/* the front end broke the protocol */
	MOAT_QUEUE_STOPPING,	/* the connection is to end */
	MOAT_QUEUE_STOPPED,	/* the poller has forgotten the ring */
};

/**
 * struct moat_queue_host - what a ring is a part of: a back end
 * @dev: the xenbus device
 * @disk: the disk
 * @tune: its settings
 * @attend: there is something for the back end to look at; in any context
 */
struct moat_queue_host {
	struct xenbus_device *dev;
	struct moat_disk *disk;
	const struct moat_tune *tune;
	void (*attend)(const struct moat_queue_host *host);
};

/**
 * struct moat_queue - a ring
 * @source: it is where jobs come from, and a poller's client
 * @host: what it is a part of
 * @irq: the event channel's; 0: not bound
 * @may_persist: persistent grants were negotiated
 * @in_use: it was in use when it was taken up
 * @state: enum moat_queue_state; anybody may look
 * @ring: our side of the ring
 * @journal: where the requests stand that were taken; it is kept if it has memory
 * @spin: state of the spin policy
 * @looks: looks in a row that found nothing
 * @worked: found work since the last EOI
 * @prompt: the disk had done what was taken last when it had all been submitted
 * @waiting: requests that were there when it was looked at last
 * @in_flight: jobs in use
 * @new_pages: pages taken less those given back since the loads were told; may be
 *	less than nothing, like
 * @new_requests: their requests
 * @barrier: FENCED, BARRIER: the job that must have the ring for itself
 * @unused: unused jobs
 * @jobs: all jobs, one per slot of the ring
 * @trim: when to look for persistent grants that went unused, in jiffies
 * @unmaps: for taking the ring down
 * @stat: counters
 *
 * From @ring on it is the poller's own, from moat_queue_create() until
 * moat_queue_stop() has returned.
 */
struct moat_queue {
	struct moat_source source;
	const struct moat_queue_host *host;
	unsigned int irq;
	bool may_persist;
	bool in_use;
	u32 state;

	struct moat_ring ring ____cacheline_aligned;
	struct moat_journal journal;
	struct moat_spin spin;
	u32 looks;
	bool worked;
	bool prompt;
	u32 waiting;
	u32 in_flight;
	int new_pages;
	int new_requests;
	struct moat_job *barrier;
	struct list_head unused;
	struct moat_job *jobs;
	unsigned long trim;
	struct moat_unmap_batch unmaps;
	struct moat_stat stat;
};

extern const struct moat_poller_ops moat_queue_poller_ops;
extern const struct moat_source_ops moat_queue_source_ops;

void moat_queue_kick(struct moat_queue *queue);
bool moat_queue_broken(const struct moat_queue *queue);

/* Named by the tests' faults. */
enum moat_client_verdict moat_queue_visit(struct moat_client *client);
void moat_queue_answer(struct moat_source *source, struct moat_job *job);

#endif
