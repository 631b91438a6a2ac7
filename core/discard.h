/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A discard, cut into pieces.
 *
 * A front end may ask for the whole disk at once, and some devices take minutes for
 * that. Piece by piece it can be stopped in between, shows that it moves, and lets
 * others have their turn.
 */
#ifndef MOAT_CORE_DISCARD_H
#define MOAT_CORE_DISCARD_H

#include "env.h"

/* Sectors of a piece: 128 MiB, or what the device does at least. */
#define MOAT_DISCARD_PIECE ((u64)1 << 18)

/**
 * moat_discard_piece() - how much of a discard is done next
 * @sector: where it goes on
 * @count: what is left of it, not zero; in units of 512 bytes, like all
 * @granularity: what the device discards at least; a power of two, else not minded
 * @alignment: where such a unit begins
 *
 * A piece ends where a unit does, so that no unit is lost between two of them.
 *
 * Return: not zero, and not more than @count.
 */
static inline u64 moat_discard_piece(u64 sector, u64 count, u32 granularity,
				     u32 alignment)
{
	u64 piece = granularity > MOAT_DISCARD_PIECE ? granularity : MOAT_DISCARD_PIECE;
	u64 over;

	if (count <= piece)
		return count;
	if (!granularity || granularity & (granularity - 1))
		return piece;
	over = (sector + piece - alignment) & (granularity - 1);
	return over < piece ? piece - over : piece;
}

#endif
