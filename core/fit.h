/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How large a disk may be, where pages and grants are few.
 *
 * A disk that connects takes some of them for as long as it lives: its rings, and
 * a reserve that is enough for one request of the largest size. Who comes early
 * must not take what later ones need to work at all: each takes no more than a
 * fraction of what is left, and makes do with smaller and fewer rings, and then
 * with smaller requests.
 */
#ifndef MOAT_CORE_FIT_H
#define MOAT_CORE_FIT_H

#include "env.h"
#include "wire.h"

/* Of what is left, one disk may have this fraction. */
#define MOAT_FIT_FRACTION 8u

/**
 * struct moat_fit - what a disk takes for as long as it lives
 * @rings: how many
 * @ring_pages: pages of each; a power of two
 * @segs: most segments of a request
 * @pools: reserves, each of a request's pages and the one of its segments
 */
struct moat_fit {
	u32 rings;
	u32 ring_pages;
	u32 segs;
	u32 pools;
};

/**
 * moat_fit_need() - how much is that?
 * @fit: the disk
 *
 * Return: in pages, each with a grant.
 */
static inline u64 moat_fit_need(const struct moat_fit *fit)
{
	return (u64)fit->rings * fit->ring_pages + (u64)fit->pools * ((u64)fit->segs + 1);
}

/**
 * moat_fit_shrink() - want no more than may be had
 * @fit: what is wanted, at least a ring and MOAT_WIRE_SEGS segments; receives what it
 *	is to be
 * @left: pages and grants that no disk has taken
 *
 * Rings take half of what it may have at most, where the whole does not fit. One that
 * cannot be made small enough may have more than its fraction, and all that is left.
 *
 * Return: whether it fits into @left; if not, @fit is as small as it can be.
 */
static inline bool moat_fit_shrink(struct moat_fit *fit, u64 left)
{
	u64 most = left / MOAT_FIT_FRACTION, rings, rest;

	if (moat_fit_need(fit) <= most)
		return true;
	while (fit->ring_pages > 1 && (u64)fit->rings * fit->ring_pages > most / 2)
		fit->ring_pages /= 2;
	/* They are of a page each now. */
	if ((u64)fit->rings * fit->ring_pages > most / 2)
		fit->rings = most / 2 > 1 ? (u32)(most / 2) : 1;
	if (moat_fit_need(fit) > most) {
		rings = (u64)fit->rings * fit->ring_pages;
		rest = most > rings ? (most - rings) / fit->pools : 0;
		fit->segs = rest > MOAT_WIRE_SEGS ? (u32)rest - 1 : MOAT_WIRE_SEGS;
	}
	return moat_fit_need(fit) <= left;
}

#endif
