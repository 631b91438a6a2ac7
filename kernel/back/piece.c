// SPDX-License-Identifier: GPL-2.0
/*
 * A piece of a request: one segment, and the page that holds its data here.
 *
 * The three data paths differ only here. Each piece knows how it came by its
 * page, so requests of different paths mix and a disk changes its path while
 * it runs.
 *
 * Pages that only carry data to the disk are mapped read-only: the disk must
 * not change what the front end writes. A persistent page may be written from
 * in one request and read into in the next, so it is mapped writable, unless
 * the front end keeps the two apart (MOAT_KEY_PERSISTENT_RO).
 */
#include "piece.h"

#include <linux/mm.h>

#include "copy.h"
#include "job.h"
#include "persistent.h"
#include "poller.h"
#include "queue.h"

static void piece_span(const struct moat_piece *piece, const struct moat_seg *seg,
		       struct moat_copy_span *span)
{
	span->gref = seg->gref;
	span->offset = seg->first * MOAT_SECTOR_SIZE;
	span->len = (seg->last - seg->first + 1) * MOAT_SECTOR_SIZE;
	span->local = page_address(piece->page) + span->offset;
}

static int piece_copy(struct moat_piece *piece, struct moat_poller *poller,
		      struct moat_job *job, const struct moat_seg *seg)
{
	struct moat_copy_span span;

	piece->page = moat_pool_get(&job->queue->pool);
	if (!piece->page)
		return -ENOMEM;
	piece->kind = MOAT_PIECE_COPY;
	if (moat_job_reads_disk(job))
		return 0;
	piece_span(piece, seg, &span);
	moat_copy_from(&poller->copies, job, &span);
	return 0;
}

static int piece_map(struct moat_piece *piece, struct moat_poller *poller,
		     struct moat_job *job, grant_ref_t gref)
{
	int err;

	err = moat_map_add(&poller->maps, job->queue, &piece->mapping, gref,
			   !moat_job_reads_disk(job));
	if (!err)
		piece->kind = MOAT_PIECE_MAPPED;
	return err;
}

static int piece_persistent(struct moat_piece *piece, struct moat_poller *poller,
			    struct moat_job *job, grant_ref_t gref)
{
	struct moat_queue *queue = job->queue;
	bool readonly = queue->persistent_ro && !moat_job_reads_disk(job);
	int err;

	err = moat_persistent_get(&queue->persistent, queue, &poller->maps, gref,
				  readonly, &piece->grant);
	if (err == -ENOSPC)
		return piece_map(piece, poller, job, gref);
	if (!err)
		piece->kind = MOAT_PIECE_PERSISTENT;
	return err;
}

/**
 * moat_piece_acquire() - get a page with the segment's data, or for it
 * @piece: an unused piece
 * @poller: the caller, whose batches take the work; flushed by the caller
 *	before the page is looked at
 * @job: the request; its @path says how
 * @seg: the segment, checked
 *
 * Context: the poller, may sleep.
 * Return: 0 or -ENOMEM.
 */
int moat_piece_acquire(struct moat_piece *piece, struct moat_poller *poller,
		       struct moat_job *job, const struct moat_seg *seg)
{
	switch (job->path) {
	case MOAT_PATH_COPY:
		return piece_copy(piece, poller, job, seg);
	case MOAT_PATH_PERSISTENT:
		return piece_persistent(piece, poller, job, seg->gref);
	default:
		return piece_map(piece, poller, job, seg->gref);
	}
}

/**
 * moat_piece_page() - the page of a piece
 * @piece: an acquired piece, the batches flushed
 * @readonly: it will only be read
 * @page: the page; written only on success
 *
 * Return: 0; -EFAULT if Xen refused the grant; -EACCES if it is mapped for
 * reading only, and that does not do.
 */
int moat_piece_page(const struct moat_piece *piece, bool readonly, struct page **page)
{
	struct page *p;

	switch (piece->kind) {
	case MOAT_PIECE_PERSISTENT:
		if (piece->grant->readonly && !readonly)
			return -EACCES;
		p = piece->grant->mapping.page;
		break;
	case MOAT_PIECE_MAPPED:
		p = piece->mapping.page;
		break;
	default:
		p = piece->page;
	}
	if (!p)
		return -EFAULT;
	*page = p;
	return 0;
}

/**
 * moat_piece_copy_back() - give the front end what was read
 * @piece: an acquired piece
 * @poller: the caller, whose batch takes the work
 * @job: the request, read from the disk
 * @seg: the segment
 *
 * Context: the poller, may sleep.
 */
void moat_piece_copy_back(struct moat_piece *piece, struct moat_poller *poller,
			  struct moat_job *job, const struct moat_seg *seg)
{
	struct moat_copy_span span;

	if (piece->kind != MOAT_PIECE_COPY)
		return;
	piece_span(piece, seg, &span);
	moat_copy_to(&poller->copies, job, &span);
}

/**
 * moat_piece_held() - must its release wait for somebody else?
 * @piece: any piece
 *
 * Context: any.
 */
bool moat_piece_held(const struct moat_piece *piece)
{
	return piece->kind == MOAT_PIECE_MAPPED && piece->mapping.page &&
	       moat_mapping_held(&piece->mapping);
}

/**
 * moat_piece_release() - give the page back
 * @piece: any piece; unused afterwards
 * @poller: the caller, whose batch takes the work
 * @queue: the queue of its request
 *
 * Context: the poller, may sleep; copies from the page are done.
 */
void moat_piece_release(struct moat_piece *piece, struct moat_poller *poller,
			struct moat_queue *queue)
{
	switch (piece->kind) {
	case MOAT_PIECE_PERSISTENT:
		moat_persistent_put(&queue->persistent, piece->grant);
		break;
	case MOAT_PIECE_MAPPED:
		if (piece->mapping.page)
			moat_unmap_add(&poller->unmaps, queue, &piece->mapping);
		break;
	case MOAT_PIECE_COPY:
		moat_pool_put(&queue->pool, piece->page);
		break;
	}
	piece->kind = MOAT_PIECE_NONE;
}
