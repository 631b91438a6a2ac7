/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What we tell the outside of ourselves: state, version, and a counter that
 * moves once a second; with each step of it the health of moat-back, which a
 * look at it keeps from Xen's watchdog.
 *
 * A thread does it, on a connection of its own. The event loop may have to wait
 * for a file system that does not answer, for a module or for whoever fills the
 * queue of its events, and none of them is a reason to take the domain's other
 * disks down.
 */
#ifndef MOAT_HEARTBEAT_H
#define MOAT_HEARTBEAT_H

#include <pthread.h>
#include <stdbool.h>

#include "../lib/store.h"

struct moat_heartbeat {
	pthread_t thread;
	bool started;
	int timer_fd, wake_fd;
	pthread_mutex_t lock;	/* guards @state and @ending */
	const char *state;
	bool ending;
	/* the thread's own */
	struct moat_store *store;	/* NULL: lost, to be made anew */
	unsigned long beats;
	int health;		/* of the last look: 0 or -errno */
};

/**
 * moat_heartbeat_start() - start to tell, with the state "booting"
 * @hb: zeroed
 *
 * Return: 0, or -errno.
 */
int moat_heartbeat_start(struct moat_heartbeat *hb);

/**
 * moat_heartbeat_state() - change the state that is shown
 * @hb: started or not; if not, nothing happens
 * @state: "ready" or "stopping"; kept, not copied
 *
 * Does not wait until it is shown.
 */
void moat_heartbeat_state(struct moat_heartbeat *hb, const char *state);

/**
 * moat_heartbeat_stop() - show what is yet to be shown, and end
 *
 * Waits no longer than a few seconds for it, however xenstore is. Idempotent.
 * Return: false if the thread is still there.
 */
bool moat_heartbeat_stop(struct moat_heartbeat *hb);

#endif
