// SPDX-License-Identifier: GPL-2.0
/*
 * Having Xen copy to and from the front end's pages, many to a hypercall.
 *
 * A copy that Xen refuses, for a grant that is not there or does not allow it, leaves
 * an error for whoever asked for it, to be looked at behind moat_copy_flush(). So does
 * one that it cannot make now, because the toolstack has paged the page out: that is
 * to be tried again, and not to be waited for here, as the kernel's own helper would.
 */
#include "copy.h"

#include <linux/mm.h>
#include <asm/xen/hypercall.h>
#include <xen/page.h>

#include "kernel/common/stat.h"
#include "peer.h"

static void copy_point_local(struct gnttab_copy_ptr *ptr, void *local)
{
	ptr->u.gmfn = virt_to_gfn(local);
	ptr->domid = DOMID_SELF;
	ptr->offset = offset_in_page(local);
}

static void copy_point_foreign(struct gnttab_copy_ptr *ptr, const struct moat_peer *peer,
			       const struct moat_copy_span *span)
{
	ptr->u.ref = span->gref;
	ptr->domid = peer->domid;
	ptr->offset = span->offset;
}

static struct gnttab_copy *copy_next(struct moat_copy_batch *batch,
				     const struct moat_peer *peer,
				     const struct moat_copy_span *span, int *error)
{
	struct gnttab_copy *op;

	if (batch->count == MOAT_COPY_BATCH)
		moat_copy_flush(batch);
	batch->peers[batch->count] = peer;
	batch->errors[batch->count] = error;
	op = &batch->ops[batch->count++];
	op->len = span->len;
	/* What a hypercall that fails as a whole leaves there. */
	op->status = GNTST_general_error;
	return op;
}

/**
 * moat_copy_from() - have data copied from the front end
 * @batch: the batch; flushed if it is full
 * @peer: whose front end granted the page
 * @span: what to copy
 * @error: 0, or an error that is to stay; must be there until the flush
 *
 * Context: the poller.
 */
void moat_copy_from(struct moat_copy_batch *batch, const struct moat_peer *peer,
		    const struct moat_copy_span *span, int *error)
{
	struct gnttab_copy *op = copy_next(batch, peer, span, error);

	op->flags = GNTCOPY_source_gref;
	copy_point_foreign(&op->source, peer, span);
	copy_point_local(&op->dest, span->local);
}

/**
 * moat_copy_to() - have data copied to the front end
 * @batch: the batch; flushed if it is full
 * @peer: whose front end granted the page
 * @span: what to copy
 * @error: 0, or an error that is to stay; must be there until the flush
 *
 * Context: the poller.
 */
void moat_copy_to(struct moat_copy_batch *batch, const struct moat_peer *peer,
		  const struct moat_copy_span *span, int *error)
{
	struct gnttab_copy *op = copy_next(batch, peer, span, error);

	op->flags = GNTCOPY_dest_gref;
	copy_point_local(&op->source, span->local);
	copy_point_foreign(&op->dest, peer, span);
}

static void copy_take_result(struct moat_copy_batch *batch, unsigned int i)
{
	const struct gnttab_copy *op = &batch->ops[i];
	struct moat_stat *stat = batch->peers[i]->stat;

	moat_stat_inc(stat, MOAT_STAT_grant_copies);
	if (op->status == GNTST_okay)
		moat_stat_add(stat, MOAT_STAT_bytes_copied, op->len);
	else if (!*batch->errors[i])
		*batch->errors[i] = op->status == GNTST_eagain ? -ENOMEM : -EFAULT;
}

/**
 * moat_copy_flush() - carry out what the batch holds
 * @batch: the batch; empty afterwards
 *
 * Each copy that failed leaves -EFAULT if Xen refused it, or -ENOMEM if it is to be
 * tried again, where no error is yet.
 *
 * Context: the poller.
 */
void moat_copy_flush(struct moat_copy_batch *batch)
{
	unsigned int i;

	if (!batch->count)
		return;
	HYPERVISOR_grant_table_op(GNTTABOP_copy, batch->ops, batch->count);
	for (i = 0; i < batch->count; i++)
		copy_take_result(batch, i);
	batch->count = 0;
}
