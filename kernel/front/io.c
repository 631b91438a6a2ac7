// SPDX-License-Identifier: GPL-2.0
/*
 * A request on its way through a ring: which memory the back end sees.
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
 * as the write is acknowledged. Who asks says so (moat_io.direct).
 */
#include "io.h"

#include <linux/bvec.h>
#include <linux/highmem.h>
#include <xen/page.h>

#include "pool.h"

static bool io_mapped(const struct moat_io *io)
{
	return io->map.pool;
}

/* Add bytes at the end of the bounce page that is being filled, or a new one. */
static void layout_pack(struct moat_io *io, u32 *open, u32 len)
{
	while (len) {
		struct moat_piece *p;
		u32 part;

		if (!*open) {
			io->piece[io->map.nr++] = (struct moat_piece) {
				.gref = INVALID_GRANT_REF,
			};
			*open = XEN_PAGE_SIZE;
		}
		p = &io->piece[io->map.nr - 1];
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
static bool layout_own(struct moat_io *io, u32 max)
{
	u32 block = queue_logical_block_size(io->rq->q);
	struct moat_io_map *map = &io->map;
	struct req_iterator iter;
	struct bio_vec bv;
	u32 pos = 0, open = 0;

	rq_for_each_segment(bv, io->rq, iter) {
		bool own = bv.bv_len == XEN_PAGE_SIZE && pos % block == 0;

		if (map->nr + (own || bv.bv_len > open) > max)
			return false;
		if (own) {
			io->piece[map->nr++] = (struct moat_piece) {
				.page = bv.bv_page,
				.gref = INVALID_GRANT_REF,
				.len = XEN_PAGE_SIZE,
				.own = true,
			};
			open = 0;
		} else {
			layout_pack(io, &open, bv.bv_len);
			map->copied += bv.bv_len;
		}
		pos += bv.bv_len;
	}
	return true;
}

/* Cut the data into pieces of bounce pages only. */
static void layout_bounce(struct moat_io *io)
{
	u32 open = 0;

	io->map.nr = 0;
	io->map.copied = moat_io_bytes(io);
	layout_pack(io, &open, io->map.copied);
}

static int io_layout(struct moat_io *io, u32 max)
{
	if (io->direct && io->map.single && layout_own(io, max))
		return 0;
	if (DIV_ROUND_UP(moat_io_bytes(io), XEN_PAGE_SIZE) > max)
		return -E2BIG;
	layout_bounce(io);
	return 0;
}

/* How many bounce pages the pieces want. */
static u32 io_bounces(const struct moat_io *io)
{
	u32 i, n = 0;

	for (i = 0; i < io->map.nr; i++)
		n += !io->piece[i].own;
	return n;
}

/* Take bounce pages for the pieces and, if they are many, for the table. */
static int io_take_pages(struct moat_io *io, gfp_t gfp)
{
	struct moat_io_map *map = &io->map;
	bool table = map->nr > MOAT_WIRE_SEGS;
	u32 i = 0, n = io_bounces(io) + table;
	struct page *page;
	int made;

	map->table = NULL;
	map->held = 0;
	made = moat_pool_get(map->pool, n, gfp, &map->pages, &map->generation);
	if (made < 0)
		return made;
	map->held = n;
	if (!map->single)
		map->grants += made;

	list_for_each_entry(page, &map->pages, lru) {
		if (table && !map->table) {
			map->table = page;
			map->table_gref = moat_pool_gref(page);
			continue;
		}
		while (io->piece[i].own)
			i++;
		io->piece[i].page = page;
		io->piece[i++].gref = moat_pool_gref(page);
	}
	return 0;
}

/* Copy the data between the block request and the bounce pages. */
static void copy_request(struct moat_io *io, bool to_pages)
{
	struct moat_piece *p = io->piece;
	struct req_iterator iter;
	struct bio_vec bv;
	u32 at = 0;

	rq_for_each_segment(bv, io->rq, iter) {
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

/* Copy the pages of a write of the driver's own; as many make as many pieces. */
static void copy_own(struct moat_io *io)
{
	struct page *page = io->data;
	u32 i;

	for (i = 0; i < io->map.nr; i++) {
		struct moat_piece *p = &io->piece[i];

		memcpy(page_address(p->page), page_address(page), p->len);
		page = list_next_entry(page, lru);
	}
}

static int io_grant_page(struct moat_io *io, domid_t peer, struct page *page,
			 bool readonly, grant_ref_t *gref)
{
	int ref = gnttab_grant_foreign_access(peer, xen_page_to_gfn(page), readonly);

	if (ref < 0)
		return ref;
	*gref = ref;
	io->map.grants++;
	return 0;
}

/* Grant every piece, and the table, for as long as the request is mapped. */
static int io_grant(struct moat_io *io, domid_t peer)
{
	bool readonly = io->op != MOAT_OP_READ;
	int err = 0;
	u32 i;

	for (i = 0; i < io->map.nr && !err; i++)
		err = io_grant_page(io, peer, io->piece[i].page, readonly,
				    &io->piece[i].gref);
	if (io->map.table && !err)
		err = io_grant_page(io, peer, io->map.table, true,
				    &io->map.table_gref);
	return err;
}

/* Write the segments of an indirect request into its table. */
static void io_fill_table(struct moat_io *io)
{
	u8 *raw = page_address(io->map.table);
	u32 i;

	for (i = 0; i < io->map.nr; i++, raw += MOAT_WIRE_SEG_SIZE) {
		struct moat_seg seg = {
			.gref = io->piece[i].gref,
			.last = io->piece[i].len / MOAT_SECTOR_SIZE - 1,
		};

		moat_wire_put_seg(&seg, raw);
	}
}

/* Nothing of it is mapped any more. */
static void io_unmapped(struct moat_io *io)
{
	io->map.pool = NULL;
	io->map.table = NULL;
	io->map.nr = 0;
}

/**
 * moat_io_init() - a request of which nothing is mapped
 * @io: the request
 * @ops: who asks
 */
void moat_io_init(struct moat_io *io, const struct moat_io_ops *ops)
{
	io->ops = ops;
	INIT_LIST_HEAD(&io->link);
	io->rq = NULL;
	io->data = NULL;
	io->direct = false;
	INIT_LIST_HEAD(&io->map.pages);
	io->map.grants = 0;
	io->map.copied = 0;
	io_unmapped(io);
}

/**
 * moat_io_map() - make the data of a request visible to the back end
 * @io: the request, what is asked filled in, nothing mapped
 * @terms: what the connection allows
 * @pool: bounce pages, of the queue that will carry it
 * @gfp: how to allocate memory
 *
 * Context: any that @gfp allows, the connection being held open.
 * Return: 0; -ENOMEM or -ENOSPC when pages or grants are short for now;
 * -E2BIG if it has more segments than the connection takes. On failure
 * nothing is mapped.
 */
int moat_io_map(struct moat_io *io, const struct moat_terms *terms,
		struct moat_pool *pool, gfp_t gfp)
{
	int err;

	io->map.copied = 0;
	if (!moat_io_has_data(io))
		return 0;
	io->map.single = !terms->persistent;
	err = io_layout(io, terms->max_segs);
	if (err) {
		io_unmapped(io);
		return err;
	}
	io->map.pool = pool;
	err = io_take_pages(io, gfp);
	if (err)
		goto err_drop;
	if (io->op == MOAT_OP_WRITE && io->data)
		copy_own(io);
	else if (io->op == MOAT_OP_WRITE && io->map.copied)
		copy_request(io, true);
	if (io->map.single) {
		err = io_grant(io, terms->peer);
		if (err)
			goto err_drop;
	}
	if (io->map.table)
		io_fill_table(io);
	return 0;

err_drop:
	moat_io_drop(io);
	return err;
}

/**
 * moat_io_wire() - describe a mapped request to the back end
 * @io: the request
 * @terms: what the connection allows
 * @wire: the description, all but its id
 *
 * Context: any.
 */
void moat_io_wire(const struct moat_io *io, const struct moat_terms *terms,
		  struct moat_request *wire)
{
	const struct moat_io_map *map = &io->map;
	u32 i;

	/* What the operation has no use for is not looked at. */
	wire->op = io->op;
	wire->indirect = map->table;
	wire->nr_segs = map->nr;
	wire->handle = terms->handle;
	wire->sector = io->sector;
	if (io->op == MOAT_OP_DISCARD) {
		wire->flag = io->flag;
		wire->nr_sectors = io->sectors;
	}
	if (map->table) {
		memset(wire->indirect_gref, 0, sizeof(wire->indirect_gref));
		wire->indirect_gref[0] = map->table_gref;
		return;
	}
	for (i = 0; i < map->nr; i++) {
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
	struct moat_io_map *map = &io->map;
	bool ok = true;
	u32 i;

	if (!io_mapped(io) || !map->single)
		return 0;
	for (i = 0; i < map->nr; i++)
		ok &= io_revoke_one(&io->piece[i].gref);
	if (map->table)
		ok &= io_revoke_one(&map->table_gref);
	return ok ? map->nr + !!map->table : -EBUSY;
}

/**
 * moat_io_give() - give the pages of a write away, in the order of its data
 * @io: the request, answered and revoked; nothing of it is mapped any more
 * @pages: empty list that receives them; all full but the last, and due to be
 *	put back to the pool that they are from
 *
 * Context: any.
 */
void moat_io_give(struct moat_io *io, struct list_head *pages)
{
	struct moat_io_map *map = &io->map;
	LIST_HEAD(table);

	if (map->table) {
		list_move(&map->table->lru, &table);
		moat_pool_put(map->pool, map->generation, &table, 1);
	}
	list_splice_init(&map->pages, pages);
	io_unmapped(io);
}

/**
 * moat_io_collect() - bring the data home and give back the bounce pages
 * @io: the request, answered and revoked
 *
 * Context: any.
 */
void moat_io_collect(struct moat_io *io)
{
	struct moat_io_map *map = &io->map;

	if (!io_mapped(io))
		return;
	if (io->op == MOAT_OP_READ && io->answer == MOAT_RSP_OKAY && map->copied)
		copy_request(io, false);
	moat_pool_put(map->pool, map->generation, &map->pages, map->held);
	io_unmapped(io);
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
 * data is still where it came from, so it can be mapped anew.
 *
 * Context: any.
 */
void moat_io_drop(struct moat_io *io)
{
	struct moat_io_map *map = &io->map;
	u32 i;

	if (!io_mapped(io))
		return;
	if (map->single) {
		for (i = 0; i < map->nr; i++)
			if (io->piece[i].page)
				io_disown(&io->piece[i].gref, io->piece[i].page);
		if (map->table)
			io_disown(&map->table_gref, map->table);
	}
	moat_pool_put(map->pool, map->generation, &map->pages, map->held);
	io_unmapped(io);
}
