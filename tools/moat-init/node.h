/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do about one back-end node: a pure function of what was seen.
 *
 * A node lives like this. The control domain writes the directory, `online` 1.
 * The kernel's back end binds to it. We turn `params` into `physical-device`,
 * waiting for the device if it is not there yet, and from then on the two
 * kernels talk to each other. To detach, the control domain writes `online` 0
 * (and takes the front end's directory away if it cannot wait for it); the
 * kernel's back end closes: state 6, or it lets the device go. Then the
 * directory is ours to remove, and its removal is what libxl waits for.
 */
#ifndef MOAT_NODE_H
#define MOAT_NODE_H

#include <stdbool.h>

/* How far we have got with a node. */
enum moat_node_phase {
	MOAT_NODE_NEW,		/* nothing resolved yet */
	MOAT_NODE_WAITING,	/* params names a device that is not there yet */
	MOAT_NODE_SERVED,	/* physical-device is written */
	MOAT_NODE_FAILED,	/* hotplug-error is written */
};

/* What is to be seen of a node at one moment. */
struct moat_node_view {
	bool present;		/* the directory is there */
	bool online;		/* `online` is not 0 */
	bool closed;		/* `state` is 6 */
	bool bound;		/* a kernel driver holds the device */
	bool front_present;	/* the front end's directory is there */
	bool front_seen;	/* ... or was, earlier */
	bool has_params;	/* `params` is there and not empty */
	bool params_changed;	/* ... and differs from what we acted on */
	bool retry;		/* a device has appeared since the last try */
};

enum moat_node_action {
	MOAT_NODE_NONE,
	MOAT_NODE_RESOLVE,	/* find the device, write physical-device */
	MOAT_NODE_REMOVE,	/* remove the directory, then forget */
	MOAT_NODE_FORGET,	/* release what we hold for the node */
};

enum moat_node_action moat_node_decide(enum moat_node_phase phase,
				       const struct moat_node_view *view);

#endif
