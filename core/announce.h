/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back end announces about its disk, and whether to believe it.
 *
 * The numbers come out of xenstore and the back end can write any there. What
 * describes the disk itself must make sense, or the disk is refused with a
 * reason; what only limits us is clipped to our own limits; and a hint that makes
 * no sense is no hint.
 * Keys and units: Xen's public io/blkif.h.
 */
#ifndef MOAT_CORE_ANNOUNCE_H
#define MOAT_CORE_ANNOUNCE_H

#include "env.h"
#include "wire.h"

/* Bits of the key "info". */
#define MOAT_INFO_CDROM 0x1u
#define MOAT_INFO_REMOVABLE 0x2u
#define MOAT_INFO_READONLY 0x4u

/* A disk of more bytes than a signed 64-bit offset reaches is no disk: 2^63 itself is
 * one more. In units of 512 bytes, a whole number of the largest blocks.
 */
#define MOAT_CAPACITY_MAX (((u64)1 << 54) - 8)
/* Where a hint about physical layout stops being believable, in bytes. */
#define MOAT_HINT_MAX ((u64)1 << 31)

enum moat_flush {
	MOAT_FLUSH_NONE,	/* no volatile cache */
	MOAT_FLUSH_CACHE,	/* flush it with MOAT_OP_FLUSH */
	MOAT_FLUSH_BARRIER,	/* only with an empty MOAT_OP_BARRIER */
};

/**
 * struct moat_announce - the keys as they were read, absent ones 0
 * @sectors: "sectors"
 * @sector_size: "sector-size"
 * @physical_size: "physical-sector-size"
 * @info: "info"
 * @flush: "feature-flush-cache"
 * @barrier: "feature-barrier"
 * @discard: "feature-discard"
 * @discard_granularity: "discard-granularity"
 * @discard_alignment: "discard-alignment"
 * @discard_secure: "discard-secure"
 * @persistent: "feature-persistent"
 * @max_indirect: "feature-max-indirect-segments"
 */
struct moat_announce {
	u64 sectors;
	u64 sector_size;
	u64 physical_size;
	u64 info;
	u64 flush;
	u64 barrier;
	u64 discard;
	u64 discard_granularity;
	u64 discard_alignment;
	u64 discard_secure;
	u64 persistent;
	u64 max_indirect;
};

/**
 * struct moat_traits - what the disk is, checked
 * @capacity: size, in units of 512 bytes
 * @block_size: logical block, bytes
 * @physical_size: physical block, bytes
 * @granularity: unit of discard, bytes
 * @alignment: where the first such unit begins, bytes
 * @max_segs: most segments of a request; above MOAT_WIRE_SEGS it is indirect
 * @flush: how to flush
 * @readonly: must not be written
 * @removable: the medium can go
 * @discard: discard is offered
 * @secure_discard: secure discard is offered
 * @persistent: the back end keeps grants mapped between requests
 */
struct moat_traits {
	u64 capacity;
	u32 block_size;
	u32 physical_size;
	u32 granularity;
	u32 alignment;
	u32 max_segs;
	enum moat_flush flush;
	bool readonly;
	bool removable;
	bool discard;
	bool secure_discard;
	bool persistent;
};

static inline bool moat_announce_pow2(u64 v)
{
	return v && !(v & (v - 1));
}

/* The reason the geometry cannot be, or NULL. */
static inline const char *moat_announce_geometry(const struct moat_announce *a)
{
	if (!moat_announce_pow2(a->sector_size) ||
	    a->sector_size < MOAT_SECTOR_SIZE || a->sector_size > MOAT_WIRE_PAGE)
		return "sector-size is no power of two from 512 to 4096";
	if (!a->sectors)
		return "sectors is 0: the device is gone";
	if (a->sectors > MOAT_CAPACITY_MAX)
		return "sectors is beyond any disk";
	if (a->sectors % (a->sector_size / MOAT_SECTOR_SIZE))
		return "sectors is not a whole number of logical blocks";
	return NULL;
}

/* The physical block, if the hint makes sense: else the logical one. */
static inline u32 moat_announce_physical(const struct moat_announce *a)
{
	if (!moat_announce_pow2(a->physical_size) ||
	    a->physical_size < a->sector_size || a->physical_size > MOAT_HINT_MAX)
		return (u32)a->sector_size;
	return (u32)a->physical_size;
}

/* A hint about discards, in whole blocks, or what to take in its place. */
static inline u32 moat_announce_blocks(const struct moat_announce *a, u64 hint,
				       u32 otherwise)
{
	if (!hint || hint > MOAT_HINT_MAX || hint % a->sector_size)
		return otherwise;
	return (u32)hint;
}

/**
 * moat_announce_check() - judge what a back end announces
 * @a: what was read
 * @max_segs: most segments this side wants in a request
 * @t: the disk; written only on success
 *
 * Return: NULL, or why the disk is refused.
 */
static inline const char *moat_announce_check(const struct moat_announce *a,
					      u32 max_segs,
					      struct moat_traits *t)
{
	const char *why = moat_announce_geometry(a);

	if (!why && (a->info & MOAT_INFO_CDROM))
		why = "it is a CD-ROM, which Moat does not do";
	if (why)
		return why;

	t->capacity = a->sectors;
	t->block_size = (u32)a->sector_size;
	t->physical_size = moat_announce_physical(a);
	t->readonly = a->info & MOAT_INFO_READONLY;
	t->removable = a->info & MOAT_INFO_REMOVABLE;
	t->flush = a->flush ? MOAT_FLUSH_CACHE :
		   a->barrier ? MOAT_FLUSH_BARRIER : MOAT_FLUSH_NONE;
	t->discard = a->discard;
	t->secure_discard = a->discard && a->discard_secure;
	t->granularity = moat_announce_blocks(a, a->discard_granularity, t->physical_size);
	t->alignment = moat_announce_blocks(a, a->discard_alignment, 0);
	t->persistent = a->persistent;
	t->max_segs = MOAT_WIRE_SEGS;
	if (a->max_indirect > MOAT_WIRE_SEGS && max_segs > MOAT_WIRE_SEGS)
		t->max_segs = a->max_indirect < max_segs ?
			      (u32)a->max_indirect : max_segs;
	return NULL;
}

#endif
