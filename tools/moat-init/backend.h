/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back-end nodes of this domain, xenstore's backend/vbd/FRONT/DEVICE:
 * given their devices, and cleaned away when they are done.
 *
 * What is to be seen of a node is gathered in vbd.h, what to do about it is
 * decided in node.h.
 */
#ifndef MOAT_BACKEND_H
#define MOAT_BACKEND_H

#include <stdbool.h>

#include "../lib/store.h"
#include "../lib/loop.h"

struct moat_backends;

/**
 * moat_backends_create() - start with no nodes known
 * @store: where the current connection is to be found
 *
 * Return: the object, or NULL without memory.
 */
struct moat_backends *moat_backends_create(struct moat_store **store);

/* A timer of its own, to be added to the loop. */
struct moat_source *moat_backends_timer(struct moat_backends *bs);

/* Release all loop devices and forget all nodes; xenstore is left as it is. */
void moat_backends_destroy(struct moat_backends *bs);

/* Register the watches, after connecting. Return: 0, or -errno. */
int moat_backends_watch(struct moat_backends *bs);

/* Note what has happened; nothing is done before moat_backends_settle(). */
void moat_backends_event(struct moat_backends *bs,
			 const struct moat_store_event *event);
void moat_backends_device_appeared(struct moat_backends *bs);
void moat_backends_look_again(struct moat_backends *bs);
/* The kernel is finding hardware: a device that is not there may be about to come. */
void moat_backends_hardware(struct moat_backends *bs);
/* The domain has no hardware of its own, be it a standby or not: what it is asked for may
 * be on a device that it is given later.
 */
void moat_backends_bare(struct moat_backends *bs, bool bare);

/**
 * moat_backends_settle() - do some of what there is to do
 *
 * A bounded part, in turn for all nodes: whoever changes a node on and on keeps
 * nobody else waiting.
 *
 * Return: 0, or -EPIPE or -EPROTO if the connection is lost.
 */
int moat_backends_settle(struct moat_backends *bs);

/* Is there more to do at once? */
bool moat_backends_unsettled(struct moat_backends *bs);

/* Is there a node that was never looked at? */
bool moat_backends_unseen(struct moat_backends *bs);

#endif
