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

#include "params.h"
#include "peer.h"
#include "persistent.h"
#include "transfer.h"

static void piece_span(const struct moat_piece *piece, const struct moat_seg *seg,
		       struct moat_copy_span *span)
{
	span->gref = seg->gref;
	span->offset = seg->first * MOAT_SECTOR_SIZE;
	span->len = (seg->last - seg->first + 1) * MOAT_SECTOR_SIZE;
	span->local = page_address(piece->page) + span->offset;
}

static int piece_copy(struct moat_piece *piece, const struct moat_piece_way *way,
		      const struct moat_seg *seg)
{
	struct moat_copy_span span;

	piece->page = moat_pool_get(&way->transfer->pool, way->peer->domid);
	if (!piece->page)
		return -ENOMEM;
	piece->kind = MOAT_PIECE_COPY;
	if (way->reads_disk)
		return 0;
	piece_span(piece, seg, &span);
	moat_copy_from(&way->transfer->copies, way->peer, &span, way->error);
	return 0;
}

static int piece_map(struct moat_piece *piece, const struct moat_piece_way *way,
		     grant_ref_t gref)
{
	int err;

	err = moat_map_add(&way->transfer->maps, way->peer, &piece->mapping, gref,
			   !way->reads_disk);
	if (!err)
		piece->kind = MOAT_PIECE_MAPPED;
	return err;
}

static int piece_persistent(struct moat_piece *piece, const struct moat_piece_way *way,
			    grant_ref_t gref)
{
	bool readonly = way->persistent_ro && !way->reads_disk;
	int err;

	err = moat_persistent_get(way->persistent, way->peer, &way->transfer->maps, gref,
				  readonly, &piece->grant);
	if (err == -ENOSPC)
		return piece_map(piece, way, gref);
	if (!err)
		piece->kind = MOAT_PIECE_PERSISTENT;
	return err;
}

/**
 * moat_piece_acquire() - get a page with the segment's data, or for it
 * @piece: an unused piece
 * @way: how
 * @seg: the segment, checked
 *
 * Context: the poller; waits for nothing.
 * Return: 0 or -ENOMEM.
 */
int moat_piece_acquire(struct moat_piece *piece, const struct moat_piece_way *way,
		       const struct moat_seg *seg)
{
	switch (way->path) {
	case MOAT_PATH_COPY:
		return piece_copy(piece, way, seg);
	case MOAT_PATH_PERSISTENT:
		return piece_persistent(piece, way, seg->gref);
	default:
		return piece_map(piece, way, seg->gref);
	}
}

/**
 * moat_piece_page() - the page of a piece
 * @piece: an acquired piece, the batches flushed
 * @readonly: it will only be read
 * @page: the page; written only on success
 *
 * Context: any.
 * Return: 0; -EFAULT if Xen refused the grant; -EACCES if it is mapped for
 * reading only, and that does not do; -ENOMEM if Xen had no room to map it.
 */
int moat_piece_page(const struct moat_piece *piece, bool readonly, struct page **page)
{
	switch (piece->kind) {
	case MOAT_PIECE_PERSISTENT:
		if (piece->grant->readonly && !readonly)
			return -EACCES;
		return moat_mapping_page(&piece->grant->mapping, page);
	case MOAT_PIECE_MAPPED:
		return moat_mapping_page(&piece->mapping, page);
	default:
		*page = piece->page;
		return 0;
	}
}

/**
 * moat_piece_copy_back() - give the front end what was read
 * @piece: an acquired piece
 * @way: as it was acquired
 * @seg: the segment
 *
 * Context: the poller.
 */
void moat_piece_copy_back(struct moat_piece *piece, const struct moat_piece_way *way,
			  const struct moat_seg *seg)
{
	struct moat_copy_span span;

	if (piece->kind != MOAT_PIECE_COPY)
		return;
	piece_span(piece, seg, &span);
	moat_copy_to(&way->transfer->copies, way->peer, &span, way->error);
}

/**
 * moat_piece_held() - must its release wait for somebody else?
 * @piece: any piece
 *
 * Context: any.
 */
bool moat_piece_held(const struct moat_piece *piece)
{
	return piece->kind == MOAT_PIECE_MAPPED && moat_mapping_held(&piece->mapping);
}

/**
 * moat_piece_release() - give the page back
 * @piece: any piece; unused afterwards
 * @way: as it was acquired
 *
 * Context: the poller; copies from the page are done.
 */
void moat_piece_release(struct moat_piece *piece, const struct moat_piece_way *way)
{
	switch (piece->kind) {
	case MOAT_PIECE_PERSISTENT:
		moat_persistent_put(way->persistent, way->peer, piece->grant);
		break;
	case MOAT_PIECE_MAPPED:
		moat_unmap_add(&way->transfer->unmaps, way->peer, &piece->mapping);
		break;
	case MOAT_PIECE_COPY:
		moat_pool_put(&way->transfer->pool, piece->page);
		break;
	}
	piece->kind = MOAT_PIECE_NONE;
}
