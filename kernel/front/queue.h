/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One ring of a disk, and everything that belongs to it.
 */
#ifndef MOAT_FRONT_QUEUE_H
#define MOAT_FRONT_QUEUE_H

#include <linux/blk-mq.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <xen/xenbus.h>

#include "core/inflight.h"
#include "core/ring.h"
#include "core/spin.h"
#include "kernel/common/stat.h"

#include "pool.h"

struct moat_disk;
struct moat_io;
struct moat_poller;

/* Index into moat_queue.pool; the second is used only for read-only grants. */
enum moat_pool_kind {
	MOAT_POOL_READ,
	MOAT_POOL_WRITE,
	MOAT_POOL_COUNT,
};

/**
 * struct moat_queue - one ring
 * @disk: the disk
 * @nr: its number within the disk
 * @lock: guards everything down to @replay; nests outside a poller's lock
 * @live: a back end is connected and has kept the protocol
 * @armed: the next response is announced by an event
 * @excused: an event may come that finds nothing, and that is our own doing
 * @early: requests were shown, and it is not decided yet who watches for the answers
 * @watched: the poller looks
 * @spinners: submitters that look
 * @ring: the ring
 * @inflight: what is in flight, by slot
 * @rq: the requests in flight, by slot
 * @spin: memory of the spin policy
 * @stat: counters
 * @answered_ns: when the last response was taken, or the connection began
 * @held: requests that wait for the next connection
 * @polled: only callers of .poll look; never armed. Set while not live
 * @write_pool: index of the pool for what the back end only reads; likewise
 * @pool: bounce pages; they have locks of their own
 * @poller: the thread that looks when nobody else does
 * @poll_link: place in the poller's list; guarded by the poller's lock
 * @shared: the ring's memory, NULL when there is none. The connection's, like
 *	all below
 * @pages: number of its pages
 * @grefs: their grants
 * @port: event channel
 * @irq: its interrupt, 0 when there is none
 */
struct moat_queue {
	struct moat_disk *disk;
	unsigned int nr;

	spinlock_t lock;
	bool live;
	bool armed;
	bool excused;
	bool early;
	bool watched;
	unsigned int spinners;
	struct moat_ring ring;
	struct moat_inflight inflight;
	struct request **rq;
	struct moat_spin spin;
	struct moat_stat stat;
	u64 answered_ns;
	struct list_head held;

	bool polled;
	u8 write_pool;
	struct moat_pool pool[MOAT_POOL_COUNT];
	struct moat_poller *poller;
	struct list_head poll_link;

	void *shared;
	unsigned int pages;
	grant_ref_t grefs[XENBUS_MAX_RING_GRANTS];
	evtchn_port_t port;
	int irq;
};

void moat_queue_init(struct moat_queue *q, struct moat_disk *disk,
		     unsigned int nr);
int moat_queue_open(struct moat_queue *q, unsigned int pages);
int moat_queue_start(struct moat_queue *q, bool persistent, bool readonly,
		     unsigned int slots);
void moat_queue_stop(struct moat_queue *q);
void moat_queue_close(struct moat_queue *q, struct list_head *replay);

/* Flags of moat_queue_issue(). */
#define MOAT_ISSUE_PUSH 1u	/* show the back end what was issued so far */
#define MOAT_ISSUE_REPLAY 2u	/* it was issued before, on a connection now gone */

int moat_queue_issue(struct moat_queue *q, struct request *rq, u32 flags);
bool moat_queue_room(struct moat_queue *q);
void moat_queue_keep(struct moat_queue *q, struct moat_io *io);
bool moat_queue_stands(struct moat_queue *q, u64 ns);
void moat_queue_commit(struct moat_queue *q);
int moat_queue_look(struct moat_queue *q, struct io_comp_batch *batch);
void moat_queue_spun(struct moat_queue *q, u32 misses);
bool moat_queue_visit(struct moat_queue *q, bool busy);
void moat_queue_retune(struct moat_queue *q);
void moat_queue_count(struct moat_queue *q, enum moat_ring_stat which);

/**
 * moat_queue_peek() - does a response seem to wait?
 * @q: the queue, whose ring cannot go away now
 *
 * Context: a submitter or the poller; both are waited for before a ring goes.
 */
static inline bool moat_queue_peek(const struct moat_queue *q)
{
	return moat_ring_peek_responses(&q->ring);
}

#endif
