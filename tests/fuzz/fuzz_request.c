/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes in a slot and in the indirect pages: decoded, judged, and what
 * passes compared with what is safe, said over again in another way: sector
 * by sector, in wide arithmetic, without looking at core/request.h.
 */
#include "fuzz.h"

#include "core/request.h"

#define MOST_SEGS 4096u

typedef unsigned __int128 wide;

static struct moat_offer offer(struct fuzz *f)
{
	static const u32 blocks[] = { 512, 1024, 2048, 4096 };
	u8 flags = fuzz_u8(f), shape = fuzz_u8(f);
	struct moat_offer o = {
		.block_size = blocks[shape & 3],
		.capacity = fuzz_u64(f),
		.max_indirect = (fuzz_u32(f) & 0xffff) % (MOST_SEGS + 1),
		.readonly = flags & 1,
		.flush = flags & 2,
		.barrier = flags & 4,
		.discard = flags & 8,
		.secure_discard = flags & 16,
	};

	if (shape & 4)
		o.capacity &= 0xffff;
	if (shape & 8)
		o.capacity = UINT64_MAX - (o.capacity & 0xffff);
	return o;
}

/* [sector, sector + count) on the disk and in whole blocks */
static void on_disk(const struct moat_offer *o, u64 sector, u64 count)
{
	wide end = (wide)sector + count;

	check(end <= o->capacity);
	check((wide)sector * 512 % o->block_size == 0);
	check(end * 512 % o->block_size == 0);
}

static void safe_request(const struct moat_offer *o,
			 const struct moat_request *r)
{
	bool changes = r->op == 1 || r->op == 2 || r->op == 5;

	check(r->op == 0 || r->op == 1 || r->op == 2 || r->op == 3 ||
	      r->op == 5);
	check(!(changes && o->readonly));
	check(r->op != 2 || o->barrier);
	check(r->op != 3 || o->flush);
	check(r->op != 5 || o->discard);
	if (r->indirect) {
		check(r->op <= 1);
		check(r->nr_segs >= 1 && r->nr_segs <= o->max_indirect);
		check(moat_wire_indirect_pages(r->nr_segs) <=
		      MOAT_WIRE_INDIRECT_PAGES);
	} else {
		check(r->nr_segs <= MOAT_WIRE_SEGS);
	}
	if (r->op == 3 || r->op == 5)
		check(r->nr_segs == 0);
	if (r->op == 5) {
		check(r->nr_sectors);
		check(r->flag == 0 || (r->flag == 1 && o->secure_discard));
		on_disk(o, r->sector, r->nr_sectors);
	}
}

static void safe_segs(const struct moat_offer *o, const struct moat_request *r,
		      const struct moat_seg *segs, u64 sectors)
{
	u64 bytes = 0;
	u32 i;

	for (i = 0; i < r->nr_segs; i++) {
		u32 from = segs[i].first * 512u;
		u32 to = (segs[i].last + 1u) * 512u;

		check(from < to && to <= 4096);
		check(from % o->block_size == 0 && to % o->block_size == 0);
		bytes += to - from;
	}
	check(bytes == sectors * 512);
	on_disk(o, r->sector, sectors);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	struct moat_offer o = offer(&f);
	enum moat_layout layout = fuzz_u8(&f) & 1 ? MOAT_LAYOUT_32 :
						    MOAT_LAYOUT_64;
	u32 i, slot = moat_wire_slot_size(layout);
	struct moat_request req;
	struct moat_seg *segs;
	u8 *raw = malloc(slot);
	u64 sectors = 0;

	check(raw);
	fuzz_bytes(&f, raw, slot);
	moat_wire_get_request(layout, raw, &req);
	free(raw);
	if (moat_request_check(&o, &req))
		return 0;
	safe_request(&o, &req);

	segs = calloc(req.nr_segs + 1u, sizeof(*segs));
	check(segs);
	for (i = 0; i < req.nr_segs; i++) {
		u8 wire[MOAT_WIRE_SEG_SIZE];

		if (req.indirect) {
			fuzz_bytes(&f, wire, sizeof(wire));
			moat_wire_get_seg(wire, &segs[i]);
		} else {
			segs[i] = req.seg[i];
		}
	}
	if (req.op <= MOAT_OP_BARRIER &&
	    !moat_request_check_segs(&o, &req, segs, &sectors))
		safe_segs(&o, &req, segs, sectors);
	free(segs);
	return 0;
}
