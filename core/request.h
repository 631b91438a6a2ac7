/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is this request one the back end may carry out?
 *
 * A front end can put anything into a slot. What these functions let through
 * is safe to turn into bios: the operation is known and offered, the number of
 * segments fits its kind, each segment lies within its page and on whole
 * logical blocks, and all of it lies on the disk. Grant references cannot be
 * judged here; Xen does that when they are used.
 *
 * A request that fails is answered with an error and costs its sender nothing
 * more: only a broken producer index ends the connection (core/ring.h).
 * Rules: Xen's public io/blkif.h.
 */
#ifndef MOAT_CORE_REQUEST_H
#define MOAT_CORE_REQUEST_H

#include "env.h"
#include "wire.h"

/**
 * struct moat_offer - what the back end offers for a disk
 * @capacity: size of the disk, in units of 512 bytes; may change at any time
 * @block_size: logical block, in bytes, 512 to 4096, a power of two
 * @max_indirect: most segments of an indirect request; 0: not offered
 * @readonly: refuses to change the disk; may change at any time
 * @flush: flush is offered
 * @barrier: write barrier is offered
 * @discard: discard is offered
 * @secure_discard: secure discard is offered
 */
struct moat_offer {
	u64 capacity;
	u32 block_size;
	u16 max_indirect;
	bool readonly;
	bool flush;
	bool barrier;
	bool discard;
	bool secure_discard;
};

/* Sectors of a logical block. */
static inline u32 moat_offer_block_sectors(const struct moat_offer *offer)
{
	return offer->block_size / MOAT_SECTOR_SIZE;
}

/* Is [sector, sector + count) on the disk and on whole blocks? */
static inline int moat_request_check_range(const struct moat_offer *offer,
					   u64 sector, u64 count)
{
	u32 mask = moat_offer_block_sectors(offer) - 1;
	/* Once: were it to shrink between two looks, the subtraction could wrap. */
	u64 capacity = READ_ONCE(offer->capacity);

	if (count > capacity || sector > capacity - count)
		return -ERANGE;
	if ((sector | count) & mask)
		return -EINVAL;
	return 0;
}

static inline int moat_request_check_discard(const struct moat_offer *offer,
					     const struct moat_request *req)
{
	if (!offer->discard)
		return -EOPNOTSUPP;
	if (READ_ONCE(offer->readonly))
		return -EROFS;
	if (req->flag & ~MOAT_DISCARD_SECURE)
		return -EINVAL;
	if ((req->flag & MOAT_DISCARD_SECURE) && !offer->secure_discard)
		return -EOPNOTSUPP;
	if (!req->nr_sectors)
		return -EINVAL;
	return moat_request_check_range(offer, req->sector, req->nr_sectors);
}

static inline int moat_request_check_write(const struct moat_offer *offer,
					   const struct moat_request *req)
{
	if (req->op == MOAT_OP_BARRIER && !offer->barrier)
		return -EOPNOTSUPP;
	if (READ_ONCE(offer->readonly))
		return -EROFS;
	return 0;
}

/* Number of segments: does it fit the kind of request? */
static inline int moat_request_check_count(const struct moat_offer *offer,
					   const struct moat_request *req)
{
	if (req->indirect) {
		if (!offer->max_indirect)
			return -EOPNOTSUPP;
		if (req->op != MOAT_OP_READ && req->op != MOAT_OP_WRITE)
			return -EINVAL;
		return req->nr_segs && req->nr_segs <= offer->max_indirect ?
		       0 : -EINVAL;
	}
	if (req->nr_segs > MOAT_WIRE_SEGS)
		return -EINVAL;
	if (!req->nr_segs && req->op != MOAT_OP_BARRIER)
		return -EINVAL;
	return 0;
}

/**
 * moat_request_check() - judge all of a request but its data segments
 * @offer: what the disk offers
 * @req: the private copy
 *
 * Behind it the fields that say how much there is to fetch and to map are
 * safe to use; moat_request_check_segs() then judges the segments.
 *
 * Return: 0; -EOPNOTSUPP for what is not offered (answer
 * MOAT_RSP_EOPNOTSUPP); -EROFS, -ERANGE or -EINVAL (answer MOAT_RSP_ERROR).
 */
static inline int moat_request_check(const struct moat_offer *offer,
				     const struct moat_request *req)
{
	int err;

	switch (req->op) {
	case MOAT_OP_READ:
		return moat_request_check_count(offer, req);
	case MOAT_OP_WRITE:
	case MOAT_OP_BARRIER:
		err = moat_request_check_write(offer, req);
		return err ? err : moat_request_check_count(offer, req);
	case MOAT_OP_FLUSH:
		if (req->indirect || req->nr_segs)
			return -EINVAL;
		return offer->flush ? 0 : -EOPNOTSUPP;
	case MOAT_OP_DISCARD:
		if (req->indirect)
			return -EINVAL;
		return moat_request_check_discard(offer, req);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * moat_request_check_segs() - judge the data segments of a request
 * @offer: what the disk offers
 * @req: a request that passed moat_request_check()
 * @segs: private copy of its @req->nr_segs segments
 * @sectors: their sum in units of 512 bytes; written only on success
 *
 * Return: 0; -EINVAL if a segment leaves its page or cuts a logical block;
 * -ERANGE if the request leaves the disk.
 */
static inline int moat_request_check_segs(const struct moat_offer *offer,
					  const struct moat_request *req,
					  const struct moat_seg *segs,
					  u64 *sectors)
{
	u32 mask = moat_offer_block_sectors(offer) - 1;
	u64 sum = 0;
	u32 i;
	int err;

	for (i = 0; i < req->nr_segs; i++) {
		u32 first = segs[i].first, last = segs[i].last;

		if (last >= MOAT_WIRE_SECTORS || first > last)
			return -EINVAL;
		if ((first | (last + 1)) & mask)
			return -EINVAL;
		sum += last - first + 1;
	}
	err = moat_request_check_range(offer, req->sector, sum);
	if (err)
		return err;
	*sectors = sum;
	return 0;
}

/* The status that tells a front end of an error of moat_request_check*(). */
static inline enum moat_status moat_request_status(int err)
{
	if (!err)
		return MOAT_RSP_OKAY;
	return err == -EOPNOTSUPP ? MOAT_RSP_EOPNOTSUPP : MOAT_RSP_ERROR;
}

#endif
