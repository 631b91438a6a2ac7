/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One back-end node: what is known of it, looking at it, and writing to it.
 */
#ifndef MOAT_VBD_H
#define MOAT_VBD_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/store.h"
#include "blockdev.h"
#include "node.h"
#include "params.h"

#define MOAT_VBD_ROOT "backend/vbd"
#define MOAT_VBD_PATH 48	/* backend/vbd/4294967295/4294967295 */
#define MOAT_VBD_WHY 256
/* token of the watch on a front end's directory */
#define MOAT_VBD_TOKEN_FRONT "front"

struct moat_vbd {
	struct moat_vbd *next;
	uint32_t front, device;
	char path[MOAT_VBD_PATH];
	char front_path[MOAT_PARAMS_PATH];	/* "": not known yet */
	char params[MOAT_PARAMS_PATH];		/* as last acted on */
	enum moat_node_phase phase;
	bool front_seen;
	bool dirty;		/* to be looked at, */
	uint64_t look_at;	/* not before this; all times are monotonic ms */
	uint64_t looked;	/* when it was, among all looks; 0: never */
	bool retry;		/* a device may have appeared */
	uint64_t waits_since;	/* valid while phase is WAITING */
	uint64_t tell_at;	/* what it waits for is told then; 0: need not be */
	char told[MOAT_VBD_WHY];	/* what has been told; "": nothing */
	uint64_t remove_at;	/* 0: not to be removed */
	/* events of the front end's directory */
	uint64_t heard_since;
	unsigned int heard;
	uint64_t deaf_until;	/* it is not watched; 0: it is */
	bool told_deaf;
	struct moat_blockdev disk;	/* valid while phase is SERVED */
	bool shared;
	bool same_vm;		/* another domain of the same VM has it, too */
};

/**
 * moat_vbd_look() - see how a node is now
 * @store: the connection
 * @vbd: the node; its front end's directory is watched from the first time on
 * @view: set
 *
 * Return: 0, or -errno if the connection is lost.
 */
int moat_vbd_look(struct moat_store *store, struct moat_vbd *vbd,
		  struct moat_node_view *view);

/* Read one of a node's keys. Return: its length, or -errno. */
int moat_vbd_read(struct moat_store *store, const struct moat_vbd *vbd,
		  const char *key, char *buf, size_t size);

/* A key and its value, NULL to remove it; a list of them ends with a NULL key. */
struct moat_vbd_pair {
	const char *key, *value;
};

/**
 * moat_vbd_write() - change some of a node's keys, all at once
 * @store: the connection
 * @vbd: the node
 * @pairs: what to write
 *
 * Return: 0; -ENOENT if the node is gone, nothing is written then; or -errno.
 */
int moat_vbd_write(struct moat_store *store, const struct moat_vbd *vbd,
		   const struct moat_vbd_pair *pairs);

/* Let the disk go. Idempotent. */
void moat_vbd_release(struct moat_vbd *vbd);

#endif
