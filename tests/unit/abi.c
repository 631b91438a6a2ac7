/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen's public blkif.h and ring.h, compiled for one layout; see abi.h.
 *
 * ABI_NAME and ABI_PACK come from the Makefile.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "abi.h"

/* Of this version on, ring.h leaves the barriers to us. */
#define __XEN_TOOLS__ 1
#define xen_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#if ABI_PACK == 4
#pragma pack(push, 4)
#endif
#include <xen/io/blkif.h>
#if ABI_PACK == 4
#pragma pack(pop)
#endif

static u32 slots(u32 pages)
{
	return __CONST_RING_SIZE(blkif, pages * 4096);
}

static void put_direct(u8 *raw, const struct moat_request *req)
{
	struct blkif_request r;
	u32 i;

	memset(&r, 0, sizeof(r));
	r.operation = req->op;
	r.nr_segments = (uint8_t)req->nr_segs;
	r.handle = req->handle;
	r.id = req->id;
	r.sector_number = req->sector;
	for (i = 0; i < req->nr_segs; i++) {
		r.seg[i].gref = req->seg[i].gref;
		r.seg[i].first_sect = req->seg[i].first;
		r.seg[i].last_sect = req->seg[i].last;
	}
	memcpy(raw, &r, sizeof(r));
}

static void put_discard(u8 *raw, const struct moat_request *req)
{
	struct blkif_request_discard r;

	memset(&r, 0, sizeof(r));
	r.operation = BLKIF_OP_DISCARD;
	r.flag = req->flag;
	r.handle = req->handle;
	r.id = req->id;
	r.sector_number = req->sector;
	r.nr_sectors = req->nr_sectors;
	memcpy(raw, &r, sizeof(r));
}

static void put_indirect(u8 *raw, const struct moat_request *req)
{
	struct blkif_request_indirect r;

	memset(&r, 0, sizeof(r));
	r.operation = BLKIF_OP_INDIRECT;
	r.indirect_op = req->op;
	r.nr_segments = req->nr_segs;
	r.handle = req->handle;
	r.id = req->id;
	r.sector_number = req->sector;
	memcpy(r.indirect_grefs, req->indirect_gref, sizeof(r.indirect_grefs));
	memcpy(raw, &r, sizeof(r));
}

static void put_request(u8 *raw, const struct moat_request *req)
{
	if (req->indirect)
		put_indirect(raw, req);
	else if (req->op == BLKIF_OP_DISCARD)
		put_discard(raw, req);
	else
		put_direct(raw, req);
}

static void get_direct(const u8 *raw, struct moat_request *req)
{
	struct blkif_request r;
	u32 i;

	memcpy(&r, raw, sizeof(r));
	req->op = r.operation;
	req->nr_segs = r.nr_segments;
	req->handle = r.handle;
	req->id = r.id;
	req->sector = r.sector_number;
	for (i = 0; i < r.nr_segments; i++) {
		req->seg[i].gref = r.seg[i].gref;
		req->seg[i].first = r.seg[i].first_sect;
		req->seg[i].last = r.seg[i].last_sect;
	}
}

static void get_discard(const u8 *raw, struct moat_request *req)
{
	struct blkif_request_discard r;

	memcpy(&r, raw, sizeof(r));
	req->op = r.operation;
	req->flag = r.flag;
	req->handle = r.handle;
	req->id = r.id;
	req->sector = r.sector_number;
	req->nr_sectors = r.nr_sectors;
}

static void get_indirect(const u8 *raw, struct moat_request *req)
{
	struct blkif_request_indirect r;

	memcpy(&r, raw, sizeof(r));
	req->op = r.indirect_op;
	req->indirect = true;
	req->nr_segs = r.nr_segments;
	req->handle = r.handle;
	req->id = r.id;
	req->sector = r.sector_number;
	memcpy(req->indirect_gref, r.indirect_grefs, sizeof(r.indirect_grefs));
}

static void get_request(const u8 *raw, struct moat_request *req)
{
	memset(req, 0, sizeof(*req));
	if (raw[0] == BLKIF_OP_INDIRECT)
		get_indirect(raw, req);
	else if (raw[0] == BLKIF_OP_DISCARD)
		get_discard(raw, req);
	else
		get_direct(raw, req);
}

static void put_response(u8 *raw, const struct moat_response *rsp)
{
	struct blkif_response r;

	memset(&r, 0, sizeof(r));
	r.id = rsp->id;
	r.operation = rsp->op;
	r.status = rsp->status;
	memcpy(raw, &r, sizeof(r));
}

static void get_response(const u8 *raw, struct moat_response *rsp)
{
	struct blkif_response r;

	memcpy(&r, raw, sizeof(r));
	rsp->id = r.id;
	rsp->op = r.operation;
	rsp->status = r.status;
}

/* The macros want rings of the header's own types. */
#define AS_FRONT(e) \
	struct blkif_front_ring ring = { \
		.req_prod_pvt = (e)->prod_pvt, .rsp_cons = (e)->cons, \
		.nr_ents = (e)->slots, .sring = (e)->sring, \
	}

#define AS_BACK(e) \
	struct blkif_back_ring ring = { \
		.rsp_prod_pvt = (e)->prod_pvt, .req_cons = (e)->cons, \
		.nr_ents = (e)->slots, .sring = (e)->sring, \
	}

static void front_init(struct abi_end *e, void *shared, u32 pages)
{
	struct blkif_sring *sring = shared;
	struct blkif_front_ring ring;

	XEN_FRONT_RING_INIT(&ring, sring, pages * 4096);
	*e = (struct abi_end){ shared, ring.req_prod_pvt, ring.rsp_cons,
			       ring.nr_ents };
}

static void front_put(struct abi_end *e, const struct moat_request *req)
{
	AS_FRONT(e);

	put_request((u8 *)RING_GET_REQUEST(&ring, e->prod_pvt), req);
	e->prod_pvt++;
}

static bool front_push(struct abi_end *e)
{
	bool notify;
	AS_FRONT(e);

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, notify);
	return notify;
}

static bool front_final_check(struct abi_end *e)
{
	bool work;
	AS_FRONT(e);

	RING_FINAL_CHECK_FOR_RESPONSES(&ring, work);
	return work;
}

static void front_take(struct abi_end *e, struct moat_response *rsp)
{
	AS_FRONT(e);

	get_response((u8 *)RING_GET_RESPONSE(&ring, e->cons), rsp);
	e->cons++;
}

static void back_init(struct abi_end *e, void *shared, u32 pages)
{
	struct blkif_sring *sring = shared;
	struct blkif_back_ring ring;

	BACK_RING_INIT(&ring, sring, pages * 4096);
	*e = (struct abi_end){ shared, ring.rsp_prod_pvt, ring.req_cons,
			       ring.nr_ents };
}

static void back_put(struct abi_end *e, const struct moat_response *rsp)
{
	AS_BACK(e);

	put_response((u8 *)RING_GET_RESPONSE(&ring, e->prod_pvt), rsp);
	e->prod_pvt++;
}

static bool back_push(struct abi_end *e)
{
	bool notify;
	AS_BACK(e);

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring, notify);
	return notify;
}

static bool back_final_check(struct abi_end *e)
{
	bool work;
	AS_BACK(e);

	RING_FINAL_CHECK_FOR_REQUESTS(&ring, work);
	return work;
}

static void back_take(struct abi_end *e, struct moat_request *req)
{
	AS_BACK(e);

	get_request((u8 *)RING_GET_REQUEST(&ring, e->cons), req);
	e->cons++;
}

#define NAME_OF(x) #x
#define STRING_OF(x) NAME_OF(x)

const struct abi ABI_NAME = {
	.name = STRING_OF(ABI_NAME),
	.layout = ABI_PACK == 4 ? MOAT_LAYOUT_32 : MOAT_LAYOUT_64,
	.slot_size = sizeof(union blkif_sring_entry),
	.response_size = sizeof(struct blkif_response),
	.head_size = offsetof(struct blkif_sring, ring),
	.seg_size = sizeof(struct blkif_request_segment),
	.slots = slots,
	.put_request = put_request,
	.get_request = get_request,
	.put_response = put_response,
	.get_response = get_response,
	.front_init = front_init,
	.front_put = front_put,
	.front_push = front_push,
	.front_final_check = front_final_check,
	.front_take = front_take,
	.back_init = back_init,
	.back_put = back_put,
	.back_push = back_push,
	.back_final_check = back_final_check,
	.back_take = back_take,
};

#if ABI_PACK != 4
#define NUMBER(header, core) header,

const long abi_numbers[] = { ABI_NUMBERS(NUMBER) };
#endif
