/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other opinion: blkif as Xen's own public headers lay it out.
 *
 * abi.c is compiled twice, once as the headers stand (64-bit layout) and once
 * with fields aligned to at most four bytes, which is what a 32-bit x86
 * compiler does to them. Nothing in it uses Moat's encoder or ring; the
 * structures of core/wire.h serve only as a neutral way to name fields.
 */
#ifndef MOAT_TEST_ABI_H
#define MOAT_TEST_ABI_H

#include "core/ring.h"

/* Xen's own ring macros at work, as either end. */
struct abi_end {
	void *sring;
	u32 prod_pvt;
	u32 cons;
	u32 slots;
};

struct abi {
	const char *name;
	enum moat_layout layout;
	size_t slot_size;
	size_t response_size;
	size_t head_size;
	size_t seg_size;

	u32 (*slots)(u32 pages);
	void (*put_request)(u8 *raw, const struct moat_request *req);
	void (*get_request)(const u8 *raw, struct moat_request *req);
	void (*put_response)(u8 *raw, const struct moat_response *rsp);
	void (*get_response)(const u8 *raw, struct moat_response *rsp);

	void (*front_init)(struct abi_end *e, void *shared, u32 pages);
	void (*front_put)(struct abi_end *e, const struct moat_request *req);
	bool (*front_push)(struct abi_end *e);
	bool (*front_final_check)(struct abi_end *e);
	void (*front_take)(struct abi_end *e, struct moat_response *rsp);

	void (*back_init)(struct abi_end *e, void *shared, u32 pages);
	void (*back_put)(struct abi_end *e, const struct moat_response *rsp);
	bool (*back_push)(struct abi_end *e);
	bool (*back_final_check)(struct abi_end *e);
	void (*back_take)(struct abi_end *e, struct moat_request *req);
};

extern const struct abi abi_64, abi_32;

/* Numbers that both must give the same value: X(the header's, the core's). */
#define ABI_NUMBERS(X) \
	X(BLKIF_OP_READ, MOAT_OP_READ) \
	X(BLKIF_OP_WRITE, MOAT_OP_WRITE) \
	X(BLKIF_OP_WRITE_BARRIER, MOAT_OP_BARRIER) \
	X(BLKIF_OP_FLUSH_DISKCACHE, MOAT_OP_FLUSH) \
	X(BLKIF_OP_DISCARD, MOAT_OP_DISCARD) \
	X(BLKIF_OP_INDIRECT, MOAT_OP_INDIRECT) \
	X(BLKIF_DISCARD_SECURE, MOAT_DISCARD_SECURE) \
	X(BLKIF_RSP_OKAY, MOAT_RSP_OKAY) \
	X(BLKIF_RSP_ERROR, MOAT_RSP_ERROR) \
	X(BLKIF_RSP_EOPNOTSUPP, MOAT_RSP_EOPNOTSUPP) \
	X(BLKIF_MAX_SEGMENTS_PER_REQUEST, MOAT_WIRE_SEGS) \
	X(BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST, MOAT_WIRE_INDIRECT_PAGES)

/* The header's side of it, in that order. */
extern const long abi_numbers[];

#endif
