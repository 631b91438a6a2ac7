/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The threads that serve the rings: one per CPU.
 */
#ifndef MOAT_BACK_POLLER_H
#define MOAT_BACK_POLLER_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/sched.h>

#include "share.h"
#include "transfer.h"

struct moat_poller;

/* Bits of struct moat_client's flags: what others tell the poller. */
enum {
	MOAT_CLIENT_KICKED,	/* in the poller's list of kicked clients */
	MOAT_CLIENT_EVENT,	/* an event came; its EOI is the poller's to send */
};

/* What becomes of a client behind a visit. */
enum moat_client_verdict {
	MOAT_CLIENT_STAY,	/* to be visited again at once */
	MOAT_CLIENT_LEAVE,	/* something will bring it back */
	MOAT_CLIENT_FORGET,	/* it has stopped: whoever waits for that may free it */
};

/**
 * struct moat_client - whom a poller serves: a ring
 * @poller: the poller, for the client's whole life
 * @flags: MOAT_CLIENT_* bits
 * @kick: in the poller's list of kicked clients
 * @stop: in the poller's list of clients to be stopped
 * @stopped: completed when it is
 * @active: in the poller's list of clients that are visited
 * @served: in its list of clients that were ever active
 * @held: in its list of clients that wait for what others have at the devices
 * @share: what the poller has of its tenant
 * @asks: in the round of those of the tenant's that have requests to take
 *
 * From @active on it is the poller's own.
 */
struct moat_client {
	struct moat_poller *poller;
	unsigned long flags;
	struct llist_node kick;
	struct llist_node stop;
	struct completion stopped;
	struct list_head active ____cacheline_aligned;
	struct list_head served;
	struct list_head held;
	struct moat_share *share;
	struct moat_flow asks;
};

/**
 * struct moat_errand - what a client has sent out, and what comes back: a job
 * @client: whose it is
 * @cost: what it is to be fair about, in pages
 * @link: in a list of the poller's, or of whoever has it
 * @done: in the poller's list of those that came back
 */
struct moat_errand {
	struct moat_client *client;
	u32 cost;
	struct list_head link;
	struct llist_node done;
};

/**
 * struct moat_poller_ops - what a poller calls; all in its own thread
 * @wake: the client has become active
 * @end: the message has come that it is to be stopped
 * @visit: look at it; it says with moat_poller_ask() that there are requests to take
 * @take: take such as cost no more than so many pages together, but for the last
 *	of them; says what they cost
 * @waits: has it more to take, that may be taken now?
 * @resume: it was held, moat_poller_hold(), and is not any more
 * @ping: it is asked how things are, once a second: for how long has its device, with
 *	work to do, done nothing? In ns
 * @done: errands have come back; empties the list
 * @retry: errands that were put off; empties the list
 */
struct moat_poller_ops {
	void (*wake)(struct moat_client *client);
	void (*end)(struct moat_client *client);
	enum moat_client_verdict (*visit)(struct moat_client *client);
	u32 (*take)(struct moat_client *client, u32 most);
	bool (*waits)(struct moat_client *client);
	void (*resume)(struct moat_client *client);
	u64 (*ping)(struct moat_client *client);
	void (*done)(struct moat_poller *poller, struct list_head *errands);
	void (*retry)(struct moat_poller *poller, struct list_head *errands);
};

/**
 * struct moat_poller - a thread that serves rings
 * @task: the thread
 * @cpu: the CPU it runs on, while that is online
 * @nr_clients: number of clients it serves; under the pollers' mutex, like
 * @shares: what it has of their tenants
 * @ops: what it calls
 * @kicked: clients that ask to be visited; anybody adds
 * @stops: clients that are to be stopped; their owners add
 * @done: errands that came back; anybody adds
 * @active: clients that are visited in turn
 * @serves: all clients that were ever active
 * @alone: the only active client has requests to take
 * @brief: the last turn ended with one of several tenants, who had no more to take
 * @asking: the round of tenants with requests to take
 * @ending: the round of tenants with errands that came back
 * @out: errands that have not ended
 * @held: clients that wait for some of them to end, or until @retry
 * @due: errands that have waited long enough
 * @deferred: errands that have to wait until @retry
 * @retry: when to look at @deferred and @held again, in jiffies
 * @now: time at the beginning of the turn, in nanoseconds
 * @busy: the CPU has other runnable work
 * @seen: the last ping it has answered, see ping.c
 * @device_ns: what @ping said then, at most; anybody reads
 * @transfer: what gets at the data
 *
 * From @active on it is the thread's own.
 */
struct moat_poller {
	struct task_struct *task;
	unsigned int cpu;
	unsigned int nr_clients;
	struct list_head shares;
	const struct moat_poller_ops *ops;
	struct llist_head kicked;
	struct llist_head stops;
	struct llist_head done;
	struct list_head active ____cacheline_aligned;
	struct list_head serves;
	struct moat_client *alone;
	bool brief;
	struct moat_round asking;
	struct moat_round ending;
	u32 out;
	struct list_head held;
	struct list_head due;
	struct list_head deferred;
	unsigned long retry;
	u64 now;
	bool busy;
	unsigned int seen;
	u64 device_ns;
	struct moat_transfer transfer;
};

int moat_pollers_init(const struct moat_poller_ops *ops);
void moat_pollers_deinit(void);
void moat_pollers_ping(void);
u64 moat_pollers_device_age(void);
int moat_poller_join(struct moat_client *client, domid_t domid);
void moat_poller_leave(struct moat_client *client);
void moat_poller_kick(struct moat_client *client);
void moat_poller_stop(struct moat_client *client);
void moat_poller_done(struct moat_poller *poller, struct moat_errand *errand);
bool moat_poller_has_done(const struct moat_poller *poller, u32 n);
void moat_poller_ask(struct moat_client *client);
void moat_poller_hold(struct moat_client *client);
void moat_poller_ended(struct moat_client *client);
void moat_poller_defer(struct moat_poller *poller, struct moat_errand *errand);
void moat_poller_activate(struct moat_client *client);

#endif
