/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One ring of a disk, and everything that belongs to it.
 */
#ifndef MOAT_FRONT_QUEUE_H
#define MOAT_FRONT_QUEUE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <xen/xenbus.h>

#include "core/inflight.h"
#include "core/ring.h"
#include "core/spin.h"
#include "kernel/common/stat.h"
#include "kernel/common/tune.h"

#include "channel.h"
#include "io.h"
#include "poll.h"
#include "pool.h"

struct moat_disk;
struct moat_queue;

/* Index into moat_queue.pool; the second is used only for read-only grants. */
enum moat_pool_kind {
	MOAT_POOL_READ,
	MOAT_POOL_WRITE,
	MOAT_POOL_COUNT,
};

/**
 * struct moat_queue_ops - how the owner hears of its queues; both with the
 * queue's lock held
 * @broken: the back end broke the protocol, as @why says: the ring is not live
 *	any more
 * @moved: responses were taken, and moat_queue.tell is set
 */
struct moat_queue_ops {
	void (*broken)(struct moat_queue *q, const char *why);
	void (*moved)(struct moat_queue *q);
};

/**
 * struct moat_queue - one ring
 * @disk: the owner
 * @ops: how it hears of it
 * @name: its name, for the log
 * @tune: its settings
 * @nr: its number within the disk
 * @lock: guards everything down to @urgent; nests outside a poller's lock
 * @live: a back end is connected and has kept the protocol
 * @armed: the next response is announced by an event
 * @excused: an event may come that finds nothing, and that is our own doing
 * @early: requests were shown, and it is not decided yet who watches for the answers
 * @watched: the poller looks
 * @polled: only callers of .poll look, for as long as that is enough
 * @silent: nothing has come for so long that nobody spins for it
 * @tell: the owner wants to hear when responses were taken
 * @spinners: submitters that look
 * @ring: the ring
 * @inflight: what is in flight, by tag
 * @io: the requests in flight, by tag
 * @slots: memory of @inflight; like that of @io the disk's, for so many tags:
 * @tags: number of them
 * @spin: memory of the spin policy
 * @stat: counters
 * @answered_ns: when the last response was taken, or the connection began
 * @deferred: requests that wait for the next connection, or to be cut
 * @urgent: requests that found no room, and are put before any other
 * @handler: handler of its events
 * @visit: its place with the poller
 * @terms: what was agreed on with the back end; set while not live
 * @write_pool: index of the pool for what the back end only reads; likewise
 * @pool: bounce pages; they have locks of their own
 * @channel: the ring's memory and events; the connection's
 */
struct moat_queue {
	struct moat_disk *disk;
	const struct moat_queue_ops *ops;
	const char *name;
	const struct moat_tune *tune;
	unsigned int nr;

	spinlock_t lock;
	bool live;
	bool armed;
	bool excused;
	bool early;
	bool watched;
	bool polled;
	bool silent;
	bool tell;
	unsigned int spinners;
	struct moat_ring ring;
	struct moat_inflight inflight;
	struct moat_io **io;
	struct moat_inflight_slot *slots;
	unsigned int tags;
	struct moat_spin spin;
	struct moat_stat stat;
	u64 answered_ns;
	struct list_head deferred;
	struct list_head urgent;

	irq_handler_t handler;
	struct moat_visit visit;
	struct moat_terms terms;
	u8 write_pool;
	struct moat_pool pool[MOAT_POOL_COUNT];
	struct moat_channel channel;
};

void moat_queue_init(struct moat_queue *q, struct moat_disk *disk, unsigned int nr,
		     const struct moat_queue_ops *ops, const struct moat_tune *tune,
		     struct moat_purse *purse, const char *name);
void moat_queue_deinit(struct moat_queue *q);
int __must_check moat_queue_open(struct moat_queue *q, struct xenbus_device *xdev,
				 enum moat_layout layout, unsigned int pages);
int __must_check moat_queue_start(struct moat_queue *q, const struct moat_terms *terms,
				  struct moat_poller *poller);
void moat_queue_stop(struct moat_queue *q);
void moat_queue_close(struct moat_queue *q, struct list_head *unanswered);

bool moat_queue_room(struct moat_queue *q);
bool moat_queue_busy(struct moat_queue *q);
void moat_queue_tell(struct moat_queue *q);
bool moat_queue_stands(struct moat_queue *q, u64 ns);
void moat_queue_defer(struct moat_queue *q, struct moat_io *io);
void moat_queue_undefer(struct moat_queue *q, struct list_head *ios);
void moat_queue_count(struct moat_queue *q, enum moat_ring_stat which);

/* The pool for the data of a request. */
static inline struct moat_pool *moat_queue_pool(struct moat_queue *q, u8 op)
{
	return &q->pool[op == MOAT_OP_READ ? MOAT_POOL_READ : q->write_pool];
}

#endif
