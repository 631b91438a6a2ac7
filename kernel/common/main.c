// SPDX-License-Identifier: GPL-2.0
/*
 * moat-common: what the front end and the back end share.
 *
 * Its own part is only to hold the shipping core against Xen's public header:
 * were an offset of core/wire.h wrong, it would not compile.
 */
#include <linux/module.h>
#include <xen/interface/io/blkif.h>

#include "core/ring.h"
#include "core/wire.h"

static_assert(MOAT_OP_READ == BLKIF_OP_READ);
static_assert(MOAT_OP_WRITE == BLKIF_OP_WRITE);
static_assert(MOAT_OP_BARRIER == BLKIF_OP_WRITE_BARRIER);
static_assert(MOAT_OP_FLUSH == BLKIF_OP_FLUSH_DISKCACHE);
static_assert(MOAT_OP_DISCARD == BLKIF_OP_DISCARD);
static_assert(MOAT_OP_INDIRECT == BLKIF_OP_INDIRECT);
static_assert(MOAT_RSP_OKAY == BLKIF_RSP_OKAY);
static_assert(MOAT_RSP_ERROR == BLKIF_RSP_ERROR);
static_assert(MOAT_RSP_EOPNOTSUPP == BLKIF_RSP_EOPNOTSUPP);
static_assert(MOAT_DISCARD_SECURE == BLKIF_DISCARD_SECURE);
static_assert(MOAT_WIRE_SEGS == BLKIF_MAX_SEGMENTS_PER_REQUEST);
static_assert(MOAT_WIRE_INDIRECT_PAGES == BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST);
static_assert(MOAT_WIRE_SEG_SIZE == sizeof(struct blkif_request_segment));

static_assert(offsetof(struct blkif_request, u.rw.id) == 8);
static_assert(offsetof(struct blkif_request, u.rw.sector_number) == 16);
static_assert(offsetof(struct blkif_request, u.rw.seg) == 24);
static_assert(offsetof(struct blkif_request, u.discard.nr_sectors) == 24);
static_assert(offsetof(struct blkif_request, u.indirect.handle) == 24);
static_assert(offsetof(struct blkif_request, u.indirect.indirect_grefs) == 28);
static_assert(offsetof(struct blkif_response, operation) == 8);
static_assert(offsetof(struct blkif_response, status) == 10);

static_assert(offsetof(struct blkif_sring, req_event) == offsetof(struct moat_sring, req_event));
static_assert(offsetof(struct blkif_sring, rsp_prod) == offsetof(struct moat_sring, rsp_prod));
static_assert(offsetof(struct blkif_sring, rsp_event) == offsetof(struct moat_sring, rsp_event));
static_assert(offsetof(struct blkif_sring, ring) == MOAT_SRING_HEAD);
static_assert(offsetof(struct moat_sring, slots) == MOAT_SRING_HEAD);
static_assert(sizeof(union blkif_sring_entry) == MOAT_WIRE_SLOT_MAX);

MODULE_DESCRIPTION("Moat: parts shared by the block front end and back end");
MODULE_LICENSE("GPL");
