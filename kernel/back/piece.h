/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A piece of a request: one segment, and the page that holds its data here.
 */
#ifndef MOAT_BACK_PIECE_H
#define MOAT_BACK_PIECE_H

#include "core/wire.h"
#include "map.h"

struct moat_grant;
struct moat_persistent;
struct moat_transfer;

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

/**
 * struct moat_piece_way - how the pieces of a request come by their pages
 * @transfer: the poller's means; flushed by the caller before a page is looked at
 * @peer: whose pages they are
 * @persistent: those of them that stay mapped
 * @persistent_ro: the front end keeps pages to write from apart from pages to read to
 * @path: enum moat_data_path, settled
 * @reads_disk: the data goes to the front end
 * @error: the request's, for copies that fail
 */
struct moat_piece_way {
	struct moat_transfer *transfer;
	const struct moat_peer *peer;
	struct moat_persistent *persistent;
	bool persistent_ro;
	u8 path;
	bool reads_disk;
	int *error;
};

int __must_check moat_piece_acquire(struct moat_piece *piece, const struct moat_piece_way *way,
				    const struct moat_seg *seg);
int __must_check moat_piece_page(const struct moat_piece *piece, bool readonly,
				 struct page **page);
void moat_piece_copy_back(struct moat_piece *piece, const struct moat_piece_way *way,
			  const struct moat_seg *seg);
bool moat_piece_held(const struct moat_piece *piece);
void moat_piece_release(struct moat_piece *piece, const struct moat_piece_way *way);

#endif
