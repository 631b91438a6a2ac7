/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking for responses without being told: in the submitter, and in a thread.
 */
#ifndef MOAT_FRONT_POLL_H
#define MOAT_FRONT_POLL_H

#include <linux/types.h>

struct moat_queue;

/* Who is to look for the responses of a ring. */
enum moat_watch {
	MOAT_WATCH_EVENT,	/* the interrupt handler */
	MOAT_WATCH_INLINE,	/* the submitter */
	MOAT_WATCH_THREAD,	/* the poller of its vCPU */
};

int moat_pollers_create(void);
void moat_pollers_destroy(void);
void moat_poller_assign(struct moat_queue *q, unsigned int cpu);
void moat_poller_add(struct moat_queue *q);
void moat_poller_leave(struct moat_queue *q);
void moat_poller_drop(struct moat_queue *q);

enum moat_watch moat_poll_choose(const struct moat_queue *q);
void moat_poll_inline(struct moat_queue *q);

#endif
