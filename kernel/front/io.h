/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request on its way through a ring, whoever asks: the block layer, or the
 * driver itself.
 */
#ifndef MOAT_FRONT_IO_H
#define MOAT_FRONT_IO_H

#include <linux/blk-mq.h>
#include <linux/list.h>
#include <xen/grant_table.h>

#include "core/wire.h"

struct moat_io;
struct moat_pool;
struct moat_queue;

/*
 * Segments of an indirect request: one page of descriptors is enough for
 * 2 MiB of data, beyond which nothing is gained.
 */
#define MOAT_IO_SEGS_MAX MOAT_WIRE_SEGS_PER_PAGE

/**
 * struct moat_terms - what was agreed on with the back end of a connection
 * @peer: its domain
 * @handle: the number it knows the disk by
 * @max_segs: most pieces of a request
 * @persistent: it keeps grants mapped between requests
 * @readonly: and those of pages it only reads, read-only
 */
struct moat_terms {
	domid_t peer;
	u16 handle;
	u32 max_segs;
	bool persistent;
	bool readonly;
};

/**
 * struct moat_io_ops - how who asks hears of the answer
 * @answered: it has come, io->answer says what; the grants are revoked. The
 *	queue's lock is held, which makes this the moment of the acknowledgement
 * @end: behind that, no lock held: complete it, in @batch if that is not NULL
 */
struct moat_io_ops {
	void (*answered)(struct moat_queue *q, struct moat_io *io);
	void (*end)(struct moat_io *io, struct io_comp_batch *batch);
};

/**
 * struct moat_piece - one page of a request's data, as the back end sees it
 * @page: the page: a bounce page, its data at its start, or, if @own, the
 *	request's own, all of it data
 * @gref: its grant
 * @len: bytes of data
 * @own: the request's own page is granted
 */
struct moat_piece {
	struct page *page;
	grant_ref_t gref;
	u16 len;
	bool own;
};

/**
 * struct moat_io_map - what the back end can see of a request
 * @pool: the pool that @pages are from, NULL while nothing is mapped
 * @generation: and the connection they are from, to that
 * @pages: bounce pages held, by page->lru
 * @held: number of them
 * @single: its grants live as long as it is mapped
 * @table: page of descriptors of an indirect request, or NULL
 * @table_gref: its grant
 * @grants: grants made for it that are not counted yet
 * @copied: bytes of data that go through bounce pages
 * @nr: number of pieces
 */
struct moat_io_map {
	struct moat_pool *pool;
	u32 generation;
	bool single;
	struct list_head pages;
	u32 held;
	struct page *table;
	grant_ref_t table_gref;
	u32 grants;
	u32 copied;
	u32 nr;
};

/**
 * struct moat_io - a request to the back end
 * @ops: who asks
 * @link: place in a list of requests that wait, or are answered
 * @issued_ns: when it was asked
 * @order: place in the order of issue, once its connection is gone
 * @sector: where, in units of 512 bytes
 * @sectors: how many; of data, unless it is a discard
 * @op: enum moat_op
 * @flag: MOAT_DISCARD_* of a discard
 * @direct: pages of its own may be shown to the back end
 * @answer: enum moat_status, as the back end wrote it
 * @rq: the block request that holds its data, or NULL
 * @data: if so, the first of the pages that do, linked by page->lru, all full
 *	but the last; NULL where there is no data
 * @map: what the back end can see of it
 * @piece: that, in order
 */
struct moat_io {
	const struct moat_io_ops *ops;
	struct list_head link;
	u64 issued_ns;
	u64 order;

	u64 sector;
	u32 sectors;
	u8 op;
	u8 flag;
	bool direct;
	s16 answer;
	struct request *rq;
	struct page *data;

	struct moat_io_map map;
	struct moat_piece piece[];
};

static inline bool moat_io_has_data(const struct moat_io *io)
{
	return io->op == MOAT_OP_READ || io->op == MOAT_OP_WRITE;
}

static inline u32 moat_io_bytes(const struct moat_io *io)
{
	return io->sectors << SECTOR_SHIFT;
}

void moat_io_init(struct moat_io *io, const struct moat_io_ops *ops);
int __must_check moat_io_map(struct moat_io *io, const struct moat_terms *terms,
			     struct moat_pool *pool, gfp_t gfp);
void moat_io_wire(const struct moat_io *io, const struct moat_terms *terms,
		  struct moat_request *wire);
int __must_check moat_io_revoke(struct moat_io *io);
void moat_io_give(struct moat_io *io, struct list_head *pages);
void moat_io_collect(struct moat_io *io);
void moat_io_drop(struct moat_io *io);

#endif
