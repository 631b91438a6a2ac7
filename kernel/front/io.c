// SPDX-License-Identifier: GPL-2.0
/*
 * A block request on its way through a ring: which memory the back end sees.
 *
 * The data of a request is a string of bytes; this file cuts it into pieces of
 * at most a page, each of which becomes a segment on the wire. A piece is
 * either a bounce page or a page of the request's own:
 *
 *   data path persistent   all of it is packed into bounce pages; where the
 *                          back end keeps grants mapped no grant is made
 *   data path grant        pages that the request fills are granted as they
 *                          are, for the life of the request; what is less
 *                          than a page is packed into bounce pages, so that
 *                          nothing beside the request's bytes is visible
 *
 * A back end that keeps grants mapped cannot be shown the request's own pages:
 * it would go on seeing them. So with such a connection the first path is
 * taken whatever the setting says.
 *
 * Packing never needs more pieces than the block layer counted segments, whose
 * limits are a page each as well. A request built under larger limits than the
 * connection of now allows is refused with -E2BIG.
 *
 * A write that may have to be retained (retain.c) is always packed, whatever
 * the path: the application may do as it likes with pages of its own as soon
 * as the write is acknowledged.
 */
#include "io.h"

#include <linux/bvec.h>
#include <linux/highmem.h>
#include <xen/page.h>

#include "disk.h"
#include "queue.h"

/* What a request's operation is on the wire. */
static u8 io_op(const struct moat_disk *disk, struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return MOAT_OP_READ;
	case REQ_OP_FLUSH:
		return disk->traits.flush == MOAT_FLUSH_BARRIER ?
		       MOAT_OP_BARRIER : MOAT_OP_FLUSH;
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return MOAT_OP_DISCARD;
	default:
		return MOAT_OP_WRITE;
	}
}

static bool io_has_data(const struct moat_io *io)
{
	return io->nr;
}

/* Add bytes at the end of the bounce page that is being filled, or a new one. */
static void layout_pack(struct moat_io *io, u32 *open, u32 len)
{
	while (len) {
		struct moat_piece *p;
		u32 part;

		if (!*open) {
			io->piece[io->nr++] = (struct moat_piece) {
				.gref = INVALID_GRANT_REF,
			};
			*open = XEN_PAGE_SIZE;
		}
		p = &io->piece[io->nr - 1];
		part = min(len, *open);
		p->len += part;
		*open -= part;
		len -= part;
	}
}

/*
 * Cut the data into pieces, own pages where possible. A segment must consist
 * of whole logical blocks, so an own page has to begin on one.
 * Return: whether it fits @max pieces.
 */
static bool layout_own(struct moat_io *io, struct request *rq, u32 max)
{
	u32 block = queue_logical_block_size(rq->q);
	struct req_iterator iter;
	struct bio_vec bv;
	u32 pos = 0, open = 0;

	rq_for_each_segment(bv, rq, iter) {
		bool own = bv.bv_len == XEN_PAGE_SIZE && pos % block == 0;

		if (io->nr + (own || bv.bv_len > open) > max)
			return false;
		if (own) {
			io->piece[io->nr++] = (struct moat_piece) {
				.page = bv.bv_page,
				.gref = INVALID_GRANT_REF,
				.len = XEN_PAGE_SIZE,
				.own = true,
			};
			open = 0;
		} else {
			layout_pack(io, &open, bv.bv_len);
			io->copied += bv.bv_len;
		}
		pos += bv.bv_len;
	}
	return true;
}

/* Cut the data into pieces of bounce pages only. */
static void layout_bounce(struct moat_io *io, struct request *rq)
{
	u32 open = 0;

	io->nr = 0;
	io->copied = blk_rq_bytes(rq);
	layout_pack(io, &open, io->copied);
}

static int io_layout(struct moat_queue *q, struct moat_io *io,
		     struct request *rq)
{
	const struct moat_disk *disk = q->disk;
	u32 max = disk->max_segs;

	io->copied = 0;
	io->nr = 0;
	if (io->op != MOAT_OP_READ && io->op != MOAT_OP_WRITE)
		return 0;
	if (io->per_request && !io->keep &&
	    READ_ONCE(disk->tune.data_path) == MOAT_PATH_GRANT &&
	    layout_own(io, rq, max))
		return 0;
	if (DIV_ROUND_UP(blk_rq_bytes(rq), XEN_PAGE_SIZE) > max)
		return -E2BIG;
	layout_bounce(io, rq);
	return 0;
}

/* How many bounce pages the pieces want. */
static u32 io_bounces(const struct moat_io *io)
{
	u32 i, n = 0;

	for (i = 0; i < io->nr; i++)
		n += !io->piece[i].own;
	return n;
}

/* Take bounce pages for the pieces and, if they are many, for the table. */
static int io_take_pages(struct moat_queue *q, struct moat_io *io, gfp_t gfp)
{
	bool table = io->nr > MOAT_WIRE_SEGS;
	struct page *page;
	u32 i = 0;
	int made;

	io->table = NULL;
	made = moat_pool_get(&q->pool[io->pool], io_bounces(io) + table, gfp,
			     &io->pages, &io->life);
	if (made < 0)
		return made;
	if (!io->per_request)
		io->grants += made;

	list_for_each_entry(page, &io->pages, lru) {
		if (table && !io->table) {
			io->table = page;
			io->table_gref = moat_pool_gref(page);
			continue;
		}
		while (io->piece[i].own)
			i++;
		io->piece[i].page = page;
		io->piece[i++].gref = moat_pool_gref(page);
	}
	return 0;
}

/* Copy the data between the request and its bounce pages. */
static void io_copy(struct moat_io *io, struct request *rq, bool to_pages)
{
	struct moat_piece *p = io->piece;
	struct req_iterator iter;
	struct bio_vec bv;
	u32 at = 0;

	rq_for_each_segment(bv, rq, iter) {
		void *data = bvec_kmap_local(&bv);
		u32 done = 0;

		while (done < bv.bv_len) {
			u32 len = min_t(u32, bv.bv_len - done, p->len - at);

			if (p->own)
				;
			else if (to_pages)
				memcpy(page_address(p->page) + at, data + done, len);
			else
				memcpy(data + done, page_address(p->page) + at, len);
			done += len;
			at += len;
			if (at == p->len) {
				at = 0;
				p++;
			}
		}
		kunmap_local(data);
	}
}

static int io_grant_page(struct moat_io *io, struct page *page, bool readonly,
			 grant_ref_t *gref)
{
	int ref = gnttab_grant_foreign_access(io->queue->disk->xdev->otherend_id,
					      xen_page_to_gfn(page), readonly);

	if (ref < 0)
		return ref;
	*gref = ref;
	io->grants++;
	return 0;
}

/* Grant every piece, and the table, for the life of the request. */
static int io_grant(struct moat_io *io)
{
	bool readonly = io->op != MOAT_OP_READ;
	int err = 0;
	u32 i;

	for (i = 0; i < io->nr && !err; i++)
		err = io_grant_page(io, io->piece[i].page, readonly,
				    &io->piece[i].gref);
	if (io->table && !err)
		err = io_grant_page(io, io->table, true, &io->table_gref);
	return err;
}

/* Write the segments of an indirect request into its table. */
static void io_fill_table(struct moat_io *io)
{
	u8 *raw = page_address(io->table);
	u32 i;

	for (i = 0; i < io->nr; i++, raw += MOAT_WIRE_SEG_SIZE) {
		struct moat_seg seg = {
			.gref = io->piece[i].gref,
			.last = io->piece[i].len / MOAT_SECTOR_SIZE - 1,
		};

		moat_wire_put_seg(&seg, raw);
	}
}

/**
 * moat_io_init() - what a request holds before it is mapped: nothing
 * @io: the request
 */
void moat_io_init(struct moat_io *io)
{
	INIT_LIST_HEAD(&io->link);
	INIT_LIST_HEAD(&io->pages);
	io->keep = NULL;
	io->queue = NULL;
	io->table = NULL;
	io->nr = 0;
	io->grants = 0;
	io->copied = 0;
}

/**
 * moat_io_map() - make the data of a request visible to the back end
 * @q: the queue that will carry it
 * @rq: the request, its moat_io holding nothing
 * @gfp: how to allocate memory
 *
 * Context: any that @gfp allows, the connection being held open.
 * Return: 0; -ENOMEM or -ENOSPC when pages, grants or room to retain it are
 * short for now;
 * -E2BIG if it has more segments than the connection takes.
 */
int moat_io_map(struct moat_queue *q, struct request *rq, gfp_t gfp)
{
	struct moat_io *io = moat_io_of(rq);
	int err;

	io->op = io_op(q->disk, rq);
	io->status = BLK_STS_OK;
	io->per_request = !q->disk->persistent;
	io->pool = io->op == MOAT_OP_READ ? MOAT_POOL_READ : q->write_pool;
	err = moat_retained_prepare(q->disk, rq, gfp);
	if (err)
		return err;
	err = io_layout(q, io, rq);
	if (err)
		goto err_cancel;
	if (!io_has_data(io))
		return 0;

	io->queue = q;
	err = io_take_pages(q, io, gfp);
	if (err)
		goto err_drop;
	if (io->op == MOAT_OP_WRITE && io->copied)
		io_copy(io, rq, true);
	if (io->per_request) {
		err = io_grant(io);
		if (err)
			goto err_drop;
	}
	if (io->table)
		io_fill_table(io);
	return 0;

err_drop:
	moat_io_drop(io);
	return err;

err_cancel:
	moat_retained_cancel(q->disk, io);
	return err;
}

/**
 * moat_io_wire() - describe a mapped request to the back end
 * @rq: the request
 * @wire: the description, all but its id
 *
 * Context: any.
 */
void moat_io_wire(struct request *rq, struct moat_request *wire)
{
	const struct moat_io *io = moat_io_of(rq);
	u32 i;

	/* What the operation has no use for is not looked at. */
	wire->op = io->op;
	wire->indirect = io->table;
	wire->nr_segs = io->nr;
	wire->handle = moat_disk_of(rq)->handle;
	wire->sector = req_op(rq) == REQ_OP_FLUSH ? 0 : blk_rq_pos(rq);
	if (io->op == MOAT_OP_DISCARD) {
		wire->flag = 0;
		wire->nr_sectors = blk_rq_sectors(rq);
		if (req_op(rq) == REQ_OP_SECURE_ERASE)
			wire->flag = MOAT_DISCARD_SECURE;
	}
	if (io->table) {
		memset(wire->indirect_gref, 0, sizeof(wire->indirect_gref));
		wire->indirect_gref[0] = io->table_gref;
		return;
	}
	for (i = 0; i < io->nr; i++) {
		wire->seg[i].gref = io->piece[i].gref;
		wire->seg[i].first = 0;
		wire->seg[i].last = io->piece[i].len / MOAT_SECTOR_SIZE - 1;
	}
}

static bool io_revoke_one(grant_ref_t *gref)
{
	if (*gref == INVALID_GRANT_REF)
		return true;
	if (!gnttab_try_end_foreign_access(*gref))
		return false;
	*gref = INVALID_GRANT_REF;
	return true;
}

/**
 * moat_io_revoke() - take back the grants made for a request
 * @io: the request, answered
 *
 * Before this the back end may still write to the pages, so nothing is read
 * from them and the request is not completed.
 *
 * Context: any.
 * Return: number of grants ended, or -EBUSY if the back end, having answered,
 * still has a page mapped.
 */
int moat_io_revoke(struct moat_io *io)
{
	bool ok = true;
	u32 i;

	if (!io->per_request || !io_has_data(io))
		return 0;
	for (i = 0; i < io->nr; i++)
		ok &= io_revoke_one(&io->piece[i].gref);
	if (io->table)
		ok &= io_revoke_one(&io->table_gref);
	return ok ? io->nr + !!io->table : -EBUSY;
}

/**
 * moat_io_give() - give the pages of a write away, in the order of its data
 * @io: the request, answered and revoked; holds no pages any more
 * @pages: empty list that receives them; all full but the last, and due to be
 *	put back to the pool that they are from
 *
 * Context: any.
 */
void moat_io_give(struct moat_io *io, struct list_head *pages)
{
	LIST_HEAD(table);

	if (io->table)
		list_move(&io->table->lru, &table);
	list_splice_init(&io->pages, pages);
	moat_pool_put(&io->queue->pool[io->pool], io->life, &table);
	io->queue = NULL;
	io->table = NULL;
	io->nr = 0;
}

/**
 * moat_io_collect() - bring the data home and give back the bounce pages
 * @io: the request, answered and revoked
 *
 * Context: any.
 */
void moat_io_collect(struct moat_io *io)
{
	moat_retained_cancel(moat_disk_of(moat_io_request(io)), io);
	if (!io_has_data(io))
		return;
	if (io->op == MOAT_OP_READ && io->status == BLK_STS_OK && io->copied)
		io_copy(io, moat_io_request(io), false);
	moat_pool_put(&io->queue->pool[io->pool], io->life, &io->pages);
	io->queue = NULL;
	io->table = NULL;
	io->nr = 0;
}

/* End one grant for good, whether or not the peer still maps the page. */
static void io_disown(grant_ref_t *gref, struct page *page)
{
	if (*gref == INVALID_GRANT_REF)
		return;
	/* The page stays allocated until the peer has let go of it. */
	get_page(page);
	gnttab_end_foreign_access(*gref, page);
	*gref = INVALID_GRANT_REF;
}

/**
 * moat_io_drop() - forget that a request was mapped
 * @io: the request, not answered or never to be completed from its pages
 *
 * For a request that could not be issued, or whose connection is gone. Its
 * own data is still in its bios, so it can be mapped anew.
 *
 * Context: any.
 */
void moat_io_drop(struct moat_io *io)
{
	u32 i;

	moat_retained_cancel(moat_disk_of(moat_io_request(io)), io);
	if (!io->queue)
		return;
	if (io->per_request) {
		for (i = 0; i < io->nr; i++)
			if (io->piece[i].page)
				io_disown(&io->piece[i].gref, io->piece[i].page);
		if (io->table)
			io_disown(&io->table_gref, io->table);
	}
	moat_pool_put(&io->queue->pool[io->pool], io->life, &io->pages);
	io->queue = NULL;
	io->table = NULL;
	io->nr = 0;
}
