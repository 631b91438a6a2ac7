// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are wrong, or right, or both by turns.
 *
 * A request begins as one that should succeed, so that its wrong field is the only one and
 * is looked at; then each field is wrong with a chance of its own, by a known trick or any
 * bits at all. Flipping does the same to one field of a request that the peer may just be
 * reading.
 */
#include "craft.h"

#include <linux/string.h>

/* Of a direct request, of a discard its flag, of an indirect one the low byte. */
static const u8 counts[] = { 0, 1, 2, 10, 11, 12, 64, 127, 128, 255 };
static const u16 indirect_counts[] = {
	0, 1, 11, 12, 128, 255, 256, 257, 511, 512, 513, 4096, 32768, 65535
};
static const u8 ops[] = {
	BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE, 4,
	BLKIF_OP_DISCARD, BLKIF_OP_INDIRECT, 7, 77, 128, 255
};
static const u64 places[] = {
	0, 1, 7, U32_MAX, 1ULL << 32, 1ULL << 54, 1ULL << 55, S64_MAX, 1ULL << 63, -8ULL, -1ULL
};
static const struct { u8 first, last; } cuts[] = {
	{ 0, 0 }, { 7, 7 }, { 3, 5 }, { 1, 0 }, { 7, 0 }, { 0, 8 }, { 8, 8 }, { 0, 255 },
	{ 255, 0 }, { 255, 255 }, { 128, 127 }
};

/* Is a field to be wrong? */
static bool wrong(struct craft *craft, struct chance *chance)
{
	if (!chance_one_in(chance, craft->wrong))
		return false;
	craft->spoilt = true;
	return true;
}

/* Somewhere on the disk or beyond. */
static u64 any_sector(const struct craft *craft, struct chance *chance)
{
	switch (chance_below(chance, 4)) {
	case 0:
		return chance_any(chance);
	case 1:
		return craft->capacity + chance_below(chance, 64) - 32;
	case 2:
		return chance_of(chance, places);
	default:
		return chance_any(chance) % craft->capacity;
	}
}

static void spoil_seg(const struct craft *craft, struct chance *chance,
		      struct blkif_request_segment *seg)
{
	u32 cut = chance_below(chance, ARRAY_SIZE(cuts) + 1);

	if (chance_one_in(chance, 2)) {
		WRITE_ONCE(seg->gref, bait_any(craft->bait, chance));
	} else if (cut < ARRAY_SIZE(cuts)) {
		WRITE_ONCE(seg->first_sect, cuts[cut].first);
		WRITE_ONCE(seg->last_sect, cuts[cut].last);
	} else {
		WRITE_ONCE(seg->first_sect, chance_any(chance));
		WRITE_ONCE(seg->last_sect, chance_any(chance));
	}
}

static void craft_seg(struct craft *craft, struct chance *chance, bool read,
		      struct blkif_request_segment *seg)
{
	seg->gref = bait_good(craft->bait, chance, read);
	seg->first_sect = 0;
	seg->last_sect = 7;
	if (wrong(craft, chance))
		spoil_seg(craft, chance, seg);
}

static void craft_direct(struct craft *craft, struct chance *chance,
			 struct blkif_request *req)
{
	unsigned int nr = chance_below(chance, chance_one_in(chance, 8) ? 11 : 2) + 1, i;
	bool read = chance_one_in(chance, 2);

	req->operation = read ? BLKIF_OP_READ : BLKIF_OP_WRITE;
	req->u.rw.nr_segments = nr;
	for (i = 0; i < nr; i++)
		craft_seg(craft, chance, read, &req->u.rw.seg[i]);
	/* What is read of them where the number is too large, or is flipped. */
	for (; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
		req->u.rw.seg[i] = req->u.rw.seg[0];
}

static void craft_indirect(struct craft *craft, struct chance *chance,
			   struct blkif_request *req)
{
	unsigned int table = chance_below(chance, BAIT_TABLES), i;
	bool read = chance_one_in(chance, 2);
	u16 nr = chance_below(chance, chance_one_in(chance, 32) ? 128 : 12) + 1;

	for (i = 0; i < nr; i++)
		craft_seg(craft, chance, read, bait_table(craft->bait, table) + i);
	req->operation = BLKIF_OP_INDIRECT;
	req->u.indirect.indirect_op = read ? BLKIF_OP_READ : BLKIF_OP_WRITE;
	req->u.indirect.nr_segments = nr;
	for (i = 0; i < BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST; i++)
		req->u.indirect.indirect_grefs[i] = craft->bait->gref[table];
	if (wrong(craft, chance))
		req->u.indirect.indirect_op = chance_of(chance, ops);
	if (wrong(craft, chance))
		req->u.indirect.nr_segments = chance_of(chance, indirect_counts);
	if (wrong(craft, chance))
		req->u.indirect.indirect_grefs[0] = bait_any(craft->bait, chance);
}

static void craft_discard(struct craft *craft, struct chance *chance,
			  struct blkif_request *req)
{
	req->operation = BLKIF_OP_DISCARD;
	req->u.discard.nr_sectors = 8 * (chance_below(chance, 64) + 1);
	if (wrong(craft, chance))
		req->u.discard.flag = chance_one_in(chance, 2) ? BLKIF_DISCARD_SECURE :
								 chance_any(chance);
	if (wrong(craft, chance))
		req->u.discard.nr_sectors = any_sector(craft, chance);
}

static void craft_kind(struct craft *craft, struct chance *chance,
		       struct blkif_request *req)
{
	switch (chance_below(chance, 16)) {
	case 0:
		req->operation = BLKIF_OP_FLUSH_DISKCACHE;
		break;
	case 1:
		req->operation = BLKIF_OP_WRITE_BARRIER;
		break;
	case 2:
	case 3:
		craft_discard(craft, chance, req);
		break;
	case 4:
	case 5:
	case 6:
		craft_indirect(craft, chance, req);
		break;
	default:
		craft_direct(craft, chance, req);
	}
}

/**
 * craft_request() - make a request
 * @craft: what is known
 * @chance: what becomes of it
 * @req: the slot
 * @id: its name
 *
 * Return: whether anything about it is wrong on purpose.
 */
bool craft_request(struct craft *craft, struct chance *chance,
		   struct blkif_request *req, u64 id)
{
	unsigned int i;

	memset(req, 0, sizeof(*req));
	craft->spoilt = chance_one_in(chance, craft->wild);
	if (craft->spoilt) {
		for (i = 0; i < sizeof(*req); i++)
			((u8 *)req)[i] = chance_any(chance);
		if (chance_one_in(chance, 2))
			req->operation = chance_of(chance, ops);
	} else {
		/* In the 64-bit layout these are at one place in all kinds. */
		req->u.rw.sector_number = chance_any(chance) % craft->capacity & ~7ULL;
		craft_kind(craft, chance, req);
		if (wrong(craft, chance))
			req->u.rw.sector_number = any_sector(craft, chance);
		if (wrong(craft, chance) && req->operation != BLKIF_OP_INDIRECT)
			req->u.rw.nr_segments = chance_of(chance, counts);
		if (wrong(craft, chance))
			req->operation = chance_of(chance, ops);
		if (req->operation == BLKIF_OP_INDIRECT)
			req->u.indirect.handle = chance_any(chance);
		else
			req->u.rw.handle = chance_any(chance);
	}
	req->u.rw.id = id;
	return craft->spoilt;
}

/**
 * craft_flip() - overwrite a field of a request
 * @craft: what is known
 * @chance: which, and with what
 * @req: the slot, which the peer may be reading
 */
void craft_flip(const struct craft *craft, struct chance *chance, struct blkif_request *req)
{
	struct blkif_request_segment *seg =
		&req->u.rw.seg[chance_below(chance, BLKIF_MAX_SEGMENTS_PER_REQUEST)];

	switch (chance_below(chance, 8)) {
	case 0:
		WRITE_ONCE(req->operation, chance_of(chance, ops));
		break;
	case 1:
		WRITE_ONCE(req->u.rw.nr_segments, chance_of(chance, counts));
		break;
	case 2:
		WRITE_ONCE(req->u.indirect.nr_segments, chance_of(chance, indirect_counts));
		break;
	case 3:
		WRITE_ONCE(req->u.rw.sector_number, any_sector(craft, chance));
		break;
	case 4:
		WRITE_ONCE(req->u.discard.nr_sectors, any_sector(craft, chance));
		break;
	case 5:
		WRITE_ONCE(req->u.indirect.indirect_grefs[chance_below(chance, 8)],
			   bait_any(craft->bait, chance));
		break;
	case 6:
		((u8 *)req)[chance_below(chance, sizeof(*req))] = chance_any(chance);
		break;
	default:
		spoil_seg(craft, chance, seg);
	}
}

/**
 * craft_flip_table() - overwrite an indirect segment
 * @craft: what is known
 * @chance: which, and with what
 */
void craft_flip_table(const struct craft *craft, struct chance *chance)
{
	struct blkif_request_segment *table =
		bait_table(craft->bait, chance_below(chance, BAIT_TABLES));

	spoil_seg(craft, chance, table + chance_below(chance, 128));
}
