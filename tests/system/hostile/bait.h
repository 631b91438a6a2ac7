/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that a hostile front end grants, and references that lead astray.
 */
#ifndef MOAT_HOSTILE_BAIT_H
#define MOAT_HOSTILE_BAIT_H

#include <linux/mm_types.h>
#include <linux/types.h>
#include <xen/grant_table.h>
#include <xen/interface/io/blkif.h>

#include "chance.h"

#define BAIT_TABLES 8	/* pages of indirect segments, the first ones */
#define BAIT_PAGES 64
#define BAIT_NOBODYS 0xfff0000
#define BAIT_GUESS 4096	/* a reference that is guessed is below */

/**
 * struct bait - the pages of one connection
 * @peer: whom they are granted to
 * @page: the pages
 * @gref: their references
 * @readonly: granted for reading
 * @held: @gref is a grant
 * @ring: reference of a page of the ring itself, where that may be written to
 * @spared: references that are not to be hit by a guess
 */
struct bait {
	domid_t peer;
	struct page *page[BAIT_PAGES];
	grant_ref_t gref[BAIT_PAGES];
	bool readonly[BAIT_PAGES];
	bool held[BAIT_PAGES];
	grant_ref_t ring;
	DECLARE_BITMAP(spared, BAIT_GUESS);
};

int bait_lay(struct bait *bait, domid_t peer);
void bait_take_up(struct bait *bait);
void bait_regrant(struct bait *bait, struct chance *chance);
grant_ref_t bait_good(const struct bait *bait, struct chance *chance, bool writable);
grant_ref_t bait_any(const struct bait *bait, struct chance *chance);
void bait_spare(struct bait *bait, grant_ref_t gref);
struct blkif_request_segment *bait_table(const struct bait *bait, unsigned int nr);

#endif
