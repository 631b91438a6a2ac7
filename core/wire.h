/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The blkif wire format: what a ring slot says, in either of its layouts.
 *
 * Source of every number here: Xen's public io/blkif.h. A front end announces
 * its layout in the xenstore key "protocol". The two that exist differ only in
 * where a 64-bit field may be aligned: x86_32 has no hole in front of the
 * request's id, so everything from the id on lies four bytes earlier, and its
 * response is not padded to sixteen bytes. One decoder with a shift therefore
 * reads both, and kernel and tests check the offsets against the header.
 *
 * These functions touch private memory only: copy a slot out of the ring with
 * core/ring.h first.
 */
#ifndef MOAT_CORE_WIRE_H
#define MOAT_CORE_WIRE_H

#include "env.h"

enum moat_op {
	MOAT_OP_READ = 0,
	MOAT_OP_WRITE = 1,
	MOAT_OP_BARRIER = 2,
	MOAT_OP_FLUSH = 3,
	MOAT_OP_DISCARD = 5,
	MOAT_OP_INDIRECT = 6,
};

enum moat_status {
	MOAT_RSP_OKAY = 0,
	MOAT_RSP_ERROR = -1,
	MOAT_RSP_EOPNOTSUPP = -2,
};

enum moat_layout {
	MOAT_LAYOUT_64,		/* "x86_64-abi", and native on x86_64 */
	MOAT_LAYOUT_32,		/* "x86_32-abi" */
};

#define MOAT_SECTOR_SIZE 512u
#define MOAT_WIRE_PAGE 4096u		/* grants are 4 KiB whatever PAGE_SIZE is */
#define MOAT_WIRE_SECTORS 8u		/* sectors in a granted page */
#define MOAT_WIRE_SEGS 11u		/* segments within a slot */
#define MOAT_WIRE_SEG_SIZE 8u		/* bytes of a segment on the wire */
#define MOAT_WIRE_SEGS_PER_PAGE (MOAT_WIRE_PAGE / MOAT_WIRE_SEG_SIZE)
#define MOAT_WIRE_INDIRECT_PAGES 8u	/* indirect pages within a slot */
#define MOAT_WIRE_SLOT_MAX 112u		/* bytes of the larger layout's slot */
#define MOAT_DISCARD_SECURE 0x01u

/**
 * struct moat_seg - one piece of a request's data
 * @gref: grant reference of the page
 * @first: first sector within the page, 512 bytes each
 * @last: last sector within the page, inclusive
 */
struct moat_seg {
	u32 gref;
	u8 first;
	u8 last;
};

/**
 * struct moat_request - a request, decoded
 * @id: the front end's name for it, echoed in the response
 * @sector: where on the disk, in units of 512 bytes
 * @nr_sectors: length of a discard, in units of 512 bytes; else 0
 * @op: enum moat_op; of an indirect request, the operation it wraps
 * @flag: of a discard, MOAT_DISCARD_*; else 0
 * @indirect: the segments are in pages of their own, named by @indirect_gref
 * @nr_segs: number of segments
 * @handle: virtual device, not used by any known back end
 * @seg: the segments of a direct request
 * @indirect_gref: the pages of segments of an indirect request
 */
struct moat_request {
	u64 id;
	u64 sector;
	u64 nr_sectors;
	u8 op;
	u8 flag;
	bool indirect;
	u16 nr_segs;
	u16 handle;
	union {
		struct moat_seg seg[MOAT_WIRE_SEGS];
		u32 indirect_gref[MOAT_WIRE_INDIRECT_PAGES];
	};
};

/**
 * struct moat_response - a response, decoded
 * @id: of the request it answers
 * @op: of the request it answers
 * @status: enum moat_status
 */
struct moat_response {
	u64 id;
	u8 op;
	s16 status;
};

/* Bytes of a slot: the larger of request and response. */
static inline u32 moat_wire_slot_size(enum moat_layout layout)
{
	return layout == MOAT_LAYOUT_32 ? 108 : 112;
}

/* Bytes of a response. */
static inline u32 moat_wire_response_size(enum moat_layout layout)
{
	return layout == MOAT_LAYOUT_32 ? 12 : 16;
}

/* How much earlier than in the 64-bit layout a field behind the id lies. */
static inline u32 moat_wire_shift(enum moat_layout layout)
{
	return layout == MOAT_LAYOUT_32 ? 4 : 0;
}

/* Unaligned little accessors; a constant-size memcpy() becomes one move. */
static inline u16 moat_get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 moat_get32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 moat_get64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void moat_put16(u8 *p, u16 v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void moat_put32(u8 *p, u32 v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void moat_put64(u8 *p, u64 v)
{
	memcpy(p, &v, sizeof(v));
}

/**
 * moat_wire_get_seg() - decode one segment
 * @raw: its MOAT_WIRE_SEG_SIZE bytes, in private memory
 * @seg: where to put it
 *
 * The layout is the same in a slot and in an indirect page, in both layouts.
 */
static inline void moat_wire_get_seg(const u8 *raw, struct moat_seg *seg)
{
	seg->gref = moat_get32(raw);
	seg->first = raw[4];
	seg->last = raw[5];
}

/**
 * moat_wire_put_seg() - encode one segment
 * @seg: the segment
 * @raw: MOAT_WIRE_SEG_SIZE bytes
 */
static inline void moat_wire_put_seg(const struct moat_seg *seg, u8 *raw)
{
	moat_put32(raw, seg->gref);
	raw[4] = seg->first;
	raw[5] = seg->last;
	moat_put16(raw + 6, 0);
}

/* Number of indirect pages that hold @nr_segs segments. */
static inline u32 moat_wire_indirect_pages(u32 nr_segs)
{
	return (nr_segs + MOAT_WIRE_SEGS_PER_PAGE - 1) / MOAT_WIRE_SEGS_PER_PAGE;
}

static inline void moat_wire_get_direct(u32 shift, const u8 *raw,
					struct moat_request *req)
{
	u32 i, n;

	req->nr_segs = raw[1];
	req->handle = moat_get16(raw + 2);
	n = req->nr_segs < MOAT_WIRE_SEGS ? req->nr_segs : MOAT_WIRE_SEGS;
	for (i = 0; i < n; i++)
		moat_wire_get_seg(raw + 24 - shift + i * MOAT_WIRE_SEG_SIZE,
				  &req->seg[i]);
}

static inline void moat_wire_get_discard(u32 shift, const u8 *raw,
					 struct moat_request *req)
{
	req->flag = raw[1];
	req->handle = moat_get16(raw + 2);
	req->nr_sectors = moat_get64(raw + 24 - shift);
}

static inline void moat_wire_get_indirect(u32 shift, const u8 *raw,
					  struct moat_request *req)
{
	u32 i;

	req->indirect = true;
	req->op = raw[1];
	req->nr_segs = moat_get16(raw + 2);
	req->handle = moat_get16(raw + 24 - shift);
	for (i = 0; i < MOAT_WIRE_INDIRECT_PAGES; i++)
		req->indirect_gref[i] = moat_get32(raw + 28 - shift + 4 * i);
}

/**
 * moat_wire_get_request() - decode a slot into a request
 * @layout: the layout the front end announced
 * @raw: a private copy of the slot
 * @req: always written, whatever the slot holds; nothing in it is trusted yet
 *
 * An operation nobody knows is decoded as far as its id, for the answer.
 * What the fields may be is the business of core/request.h.
 */
static inline void moat_wire_get_request(enum moat_layout layout, const u8 *raw,
					 struct moat_request *req)
{
	u32 shift = moat_wire_shift(layout);

	memset(req, 0, sizeof(*req));
	req->op = raw[0];
	req->id = moat_get64(raw + 8 - shift);
	req->sector = moat_get64(raw + 16 - shift);
	switch (req->op) {
	case MOAT_OP_INDIRECT:
		moat_wire_get_indirect(shift, raw, req);
		break;
	case MOAT_OP_DISCARD:
		moat_wire_get_discard(shift, raw, req);
		break;
	default:
		moat_wire_get_direct(shift, raw, req);
	}
}

static inline void moat_wire_put_indirect(u32 shift, u8 *raw,
					  const struct moat_request *req)
{
	u32 i;

	raw[0] = MOAT_OP_INDIRECT;
	raw[1] = req->op;
	moat_put16(raw + 2, req->nr_segs);
	moat_put16(raw + 24 - shift, req->handle);
	moat_put16(raw + 26 - shift, 0);
	for (i = 0; i < MOAT_WIRE_INDIRECT_PAGES; i++)
		moat_put32(raw + 28 - shift + 4 * i, req->indirect_gref[i]);
}

/**
 * moat_wire_put_request() - encode a request into a slot
 * @layout: layout of the ring
 * @req: the request; its segment count fits its kind (the caller's own)
 * @raw: the slot, or a private buffer of moat_wire_slot_size() bytes
 *
 * Bytes of the slot that the request does not use keep what they held: they
 * were the peer's or our own before, never anything secret.
 */
static inline void moat_wire_put_request(enum moat_layout layout,
					 const struct moat_request *req, u8 *raw)
{
	u32 i, shift = moat_wire_shift(layout);

	moat_put64(raw + 8 - shift, req->id);
	moat_put64(raw + 16 - shift, req->sector);
	if (req->indirect) {
		moat_wire_put_indirect(shift, raw, req);
		return;
	}
	raw[0] = req->op;
	moat_put16(raw + 2, req->handle);
	if (req->op == MOAT_OP_DISCARD) {
		raw[1] = req->flag;
		moat_put64(raw + 24 - shift, req->nr_sectors);
		return;
	}
	raw[1] = (u8)req->nr_segs;
	for (i = 0; i < req->nr_segs; i++)
		moat_wire_put_seg(&req->seg[i],
				  raw + 24 - shift + i * MOAT_WIRE_SEG_SIZE);
}

/**
 * moat_wire_get_response() - decode a slot into a response
 * @raw: a private copy of the slot
 * @rsp: where to put it
 *
 * Both layouts agree up to where the response ends.
 */
static inline void moat_wire_get_response(const u8 *raw,
					  struct moat_response *rsp)
{
	rsp->id = moat_get64(raw);
	rsp->op = raw[8];
	rsp->status = (s16)moat_get16(raw + 10);
}

/**
 * moat_wire_put_response() - encode a response into a slot
 * @rsp: the response
 * @raw: the slot
 */
static inline void moat_wire_put_response(const struct moat_response *rsp,
					  u8 *raw)
{
	moat_put64(raw, rsp->id);
	raw[8] = rsp->op;
	moat_put16(raw + 10, (u16)rsp->status);
}

#endif
