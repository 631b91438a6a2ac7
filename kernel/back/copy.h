/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Having Xen copy to and from the front end's pages, many to a hypercall.
 */
#ifndef MOAT_BACK_COPY_H
#define MOAT_BACK_COPY_H

#include <linux/types.h>
#include <xen/grant_table.h>

struct moat_peer;

#define MOAT_COPY_BATCH 64

/**
 * struct moat_copy_batch - copies to be made
 * @count: their number
 * @ops: what Xen is asked
 * @peers: whose they are
 * @errors: where the first error of those that belong together goes
 *
 * Belongs to a poller; may mix the rings it serves.
 */
struct moat_copy_batch {
	unsigned int count;
	struct gnttab_copy ops[MOAT_COPY_BATCH];
	const struct moat_peer *peers[MOAT_COPY_BATCH];
	int *errors[MOAT_COPY_BATCH];
};

/**
 * struct moat_copy_span - what to copy
 * @gref: page of the front end, its word for it
 * @local: our memory, within one page
 * @offset: within the front end's page
 * @len: bytes, within both pages
 */
struct moat_copy_span {
	grant_ref_t gref;
	void *local;
	u16 offset;
	u16 len;
};

void moat_copy_from(struct moat_copy_batch *batch, const struct moat_peer *peer,
		    const struct moat_copy_span *span, int *error);
void moat_copy_to(struct moat_copy_batch *batch, const struct moat_peer *peer,
		  const struct moat_copy_span *span, int *error);
void moat_copy_flush(struct moat_copy_batch *batch);

#endif
