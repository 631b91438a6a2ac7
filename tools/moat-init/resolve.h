/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Giving a back-end node its disk.
 */
#ifndef MOAT_RESOLVE_H
#define MOAT_RESOLVE_H

#include <stdint.h>

#include "vbd.h"

/**
 * moat_resolve_disk() - find a node's disk and tell the kernel's back end
 * @store: the connection
 * @vbd: the node; its phase tells the result, as do log and xenstore
 * @all: list of all nodes, with one of which it may not share a disk
 * @settled_at: a device that is not there then is told to be missing, monotonic ms
 *
 * A node whose disk is missing, or somebody else's, is told so in hotplug-error,
 * and is tried again when that may have changed.
 *
 * Return: 0, or -errno if the connection is lost.
 */
int moat_resolve_disk(struct moat_store *store, struct moat_vbd *vbd,
		      struct moat_vbd *all, uint64_t settled_at);

/* Say in the log, once, that a disk in use cannot become another. */
void moat_resolve_change(struct moat_store *store, struct moat_vbd *vbd);

#endif
