/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who else has a disk, and whether a node may have it, too.
 *
 * As Xen's block script has it: any number may read; one that writes has it alone,
 * but for another domain of its own VM, and where the toolstack says so by a mode
 * that ends in "!". Two disks of one domain, which the script lets pass, are a
 * mistake: nobody puts what the two write in order.
 */
#ifndef MOAT_SHARING_H
#define MOAT_SHARING_H

#include <stdbool.h>

#include "vbd.h"

struct moat_sharing {
	bool same_vm;	/* another domain of the same VM has it, which does not matter */
	const struct moat_vbd *other;	/* who is in the way; NULL: nobody */
	bool going;	/* @other is being detached */
	bool unknown;	/* which VM @other belongs to cannot be told */
};

/**
 * moat_sharing_look() - see who has the disk that was found for a node
 * @store: the connection
 * @vbd: the node; @vbd->disk was found
 * @shared: it does not mind others
 * @all: list of all nodes
 * @out: set on success
 *
 * Return: 0, or -errno if the connection is lost.
 */
int moat_sharing_look(struct moat_store *store, const struct moat_vbd *vbd, bool shared,
		      struct moat_vbd *all, struct moat_sharing *out);

#endif
