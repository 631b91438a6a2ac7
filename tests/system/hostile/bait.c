// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a hostile front end grants, and references that lead astray.
 *
 * The first pages hold tables of indirect segments, and are data like the others if a
 * request says so. Half of the rest is granted for reading only.
 */
#include "bait.h"

#include <linux/gfp.h>
#include <linux/mm.h>
#include <xen/page.h>

static int bait_grant(struct bait *bait, unsigned int nr)
{
	int gref = gnttab_grant_foreign_access(bait->peer, xen_page_to_gfn(bait->page[nr]),
					       bait->readonly[nr]);

	if (gref < 0)
		return gref;
	bait->gref[nr] = gref;
	bait->held[nr] = true;
	return 0;
}

/**
 * bait_lay() - grant pages
 * @bait: zeroed
 * @peer: whom to
 *
 * Return: 0 or a negative errno; bait_take_up() is due in either case.
 */
int bait_lay(struct bait *bait, domid_t peer)
{
	unsigned int i;
	int err;

	bait->peer = peer;
	bitmap_zero(bait->spared, BAIT_GUESS);
	for (i = 0; i < BAIT_PAGES; i++) {
		bait->page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!bait->page[i])
			return -ENOMEM;
		bait->readonly[i] = i >= BAIT_TABLES && i % 2;
		err = bait_grant(bait, i);
		if (err)
			return err;
	}
	return 0;
}

/**
 * bait_take_up() - take the pages back
 * @bait: the pages
 *
 * Those that the peer still maps are freed when it does no more.
 */
void bait_take_up(struct bait *bait)
{
	unsigned int i;

	for (i = 0; i < BAIT_PAGES && bait->page[i]; i++) {
		if (bait->held[i])
			gnttab_end_foreign_access(bait->gref[i], bait->page[i]);
		else
			__free_page(bait->page[i]);
		bait->page[i] = NULL;
		bait->held[i] = false;
	}
}

/**
 * bait_regrant() - revoke a grant that may be in use, and give the page again
 * @bait: the pages
 * @chance: which, and how
 *
 * Xen does not take a grant from one who maps its page.
 */
void bait_regrant(struct bait *bait, struct chance *chance)
{
	unsigned int nr = chance_below(chance, BAIT_PAGES);

	if (bait->held[nr] && !gnttab_try_end_foreign_access(bait->gref[nr]))
		return;
	bait->held[nr] = false;
	/* Sometimes its reference stays nobody's for a while. */
	if (chance_one_in(chance, 3))
		return;
	bait->readonly[nr] = chance_one_in(chance, 2);
	bait_grant(bait, nr);
}

/**
 * bait_good() - a reference that should work
 * @bait: the pages
 * @chance: which
 * @writable: the peer is to write to it
 */
grant_ref_t bait_good(const struct bait *bait, struct chance *chance, bool writable)
{
	unsigned int nr = chance_below(chance, BAIT_PAGES - BAIT_TABLES) + BAIT_TABLES;

	if (writable)
		nr &= ~1u;
	return bait->gref[nr];
}

/**
 * bait_spare() - no guess is to hit this reference
 * @bait: the pages
 * @gref: it
 *
 * What the peer reads from its disk into a page of a ring looks like answers of its own.
 */
void bait_spare(struct bait *bait, grant_ref_t gref)
{
	if (gref < BAIT_GUESS)
		__set_bit(gref, bait->spared);
}

static grant_ref_t bait_guess(const struct bait *bait, struct chance *chance)
{
	grant_ref_t gref = chance_below(chance, BAIT_GUESS);

	return test_bit(gref, bait->spared) ? BAIT_NOBODYS : gref;
}

/**
 * bait_any() - a reference that may be anything
 * @bait: the pages
 * @chance: which
 */
grant_ref_t bait_any(const struct bait *bait, struct chance *chance)
{
	switch (chance_below(chance, 8)) {
	case 0:
		return 0;
	case 1:
		return BAIT_NOBODYS;
	case 2:
		return chance_any(chance);
	case 3:
		return bait_guess(bait, chance);
	case 4:
		return bait->ring;
	case 5:
		return bait->gref[chance_below(chance, BAIT_TABLES)];
	default:
		return bait->gref[chance_below(chance, BAIT_PAGES)];
	}
}

/* The segments in a page of tables. */
struct blkif_request_segment *bait_table(const struct bait *bait, unsigned int nr)
{
	return page_address(bait->page[nr]);
}
