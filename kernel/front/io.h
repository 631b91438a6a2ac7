/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block request on its way through a ring.
 */
#ifndef MOAT_FRONT_IO_H
#define MOAT_FRONT_IO_H

#include <linux/blk-mq.h>
#include <linux/list.h>
#include <xen/grant_table.h>

#include "core/replay.h"
#include "core/retain.h"
#include "core/wire.h"

struct moat_keep;
struct moat_queue;

/*
 * Segments of an indirect request: one page of descriptors is enough for
 * 2 MiB of data, beyond which nothing is gained.
 */
#define MOAT_IO_SEGS_MAX MOAT_WIRE_SEGS_PER_PAGE

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
 * struct moat_io - what the driver knows of a block request
 * @link: place in a list of requests answered, or to be issued again
 * @pages: bounce pages held, by page->lru
 * @issued_ns: when it came to the driver
 * @order: place in the order of issue, once its connection is gone
 * @life: life of the pool that @pages are from
 * @pool: index of that pool in its queue
 * @op: operation on the wire
 * @status: how it ended
 * @per_request: its grants live as long as it does
 * @keep: room to retain it in once it is acknowledged, or NULL
 * @mark: what it covers, if it is a flush
 * @item: its place in the plan of a replay
 * @life_own: connection that it was made for, if it is a request of our own
 * @queue: queue that carries it, NULL while it holds no pages
 * @table: page of descriptors of an indirect request, or NULL
 * @table_gref: its grant
 * @grants: grants made for it that are not counted yet
 * @copied: bytes of data that go through bounce pages
 * @nr: number of pieces
 * @piece: the data, in order
 */
struct moat_io {
	struct list_head link;
	struct list_head pages;
	u64 issued_ns;
	u64 order;
	u32 life;
	u8 pool;
	u8 op;
	blk_status_t status;
	bool per_request;
	struct moat_keep *keep;
	struct moat_retain_mark mark;
	struct moat_replay_item item;
	u32 life_own;
	struct moat_queue *queue;
	struct page *table;
	grant_ref_t table_gref;
	u32 grants;
	u32 copied;
	u32 nr;
	struct moat_piece piece[];
};

static inline struct moat_io *moat_io_of(struct request *rq)
{
	return blk_mq_rq_to_pdu(rq);
}

static inline struct request *moat_io_request(struct moat_io *io)
{
	return blk_mq_rq_from_pdu(io);
}

void moat_io_init(struct moat_io *io);
int moat_io_map(struct moat_queue *q, struct request *rq, gfp_t gfp);
void moat_io_wire(struct request *rq, struct moat_request *wire);
int moat_io_revoke(struct moat_io *io);
void moat_io_give(struct moat_io *io, struct list_head *pages);
void moat_io_collect(struct moat_io *io);
void moat_io_drop(struct moat_io *io);

#endif
