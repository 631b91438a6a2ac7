/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What we tell the outside of ourselves: state, version, and a counter that
 * moves once a second for as long as the event loop does; with each step of it
 * the health of moat-back.
 */
#ifndef MOAT_HEARTBEAT_H
#define MOAT_HEARTBEAT_H

#include "../lib/store.h"
#include "../lib/loop.h"

struct moat_heartbeat {
	struct moat_source timer;
	struct moat_store **store;	/* may be replaced when it breaks */
	const char *state;
	unsigned long beats;
	int health;		/* of the last look: 0 or -errno */
};

/**
 * moat_heartbeat_init() - start to tell
 * @store: where the current connection is to be found
 *
 * Return: 0, or -errno. The caller adds @hb->timer to its loop.
 */
int moat_heartbeat_init(struct moat_heartbeat *hb, struct moat_store **store);
void moat_heartbeat_deinit(struct moat_heartbeat *hb);

/**
 * moat_heartbeat_state() - change the state that is shown
 * @state: "booting", "ready" or "stopping"; kept, not copied
 */
void moat_heartbeat_state(struct moat_heartbeat *hb, const char *state);

/* Write all of it anew, as after a new connection. */
void moat_heartbeat_announce(struct moat_heartbeat *hb);

#endif
