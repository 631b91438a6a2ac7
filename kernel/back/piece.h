/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A piece of a request: one segment, and the page that holds its data here.
 */
#ifndef MOAT_BACK_PIECE_H
#define MOAT_BACK_PIECE_H

#include "core/wire.h"
#include "map.h"

struct moat_grant;
struct moat_job;
struct moat_poller;

enum moat_piece_kind {
	MOAT_PIECE_NONE,
	MOAT_PIECE_PERSISTENT,	/* a page of the front end that stays mapped */
	MOAT_PIECE_MAPPED,	/* one mapped for this request */
	MOAT_PIECE_COPY,	/* one of our own, copied to or from */
};

/**
 * struct moat_piece - where a segment's data is
 * @kind: enum moat_piece_kind
 * @grant: PERSISTENT: the grant
 * @mapping: MAPPED: the mapping
 * @page: COPY: the page
 */
struct moat_piece {
	u8 kind;
	union {
		struct moat_grant *grant;
		struct moat_mapping mapping;
		struct page *page;
	};
};

int moat_piece_acquire(struct moat_piece *piece, struct moat_poller *poller,
		       struct moat_job *job, const struct moat_seg *seg);
int moat_piece_page(const struct moat_piece *piece, bool readonly, struct page **page);
void moat_piece_copy_back(struct moat_piece *piece, struct moat_poller *poller,
			  struct moat_job *job, const struct moat_seg *seg);
bool moat_piece_held(const struct moat_piece *piece);
void moat_piece_release(struct moat_piece *piece, struct moat_poller *poller,
			struct moat_queue *queue);

#endif
