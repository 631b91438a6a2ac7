// SPDX-License-Identifier: GPL-2.0
/*
 * One connection of a hostile front end, from its first key to its end.
 *
 * All that a round does follows from the seed and its number; what the second vCPU
 * overwrites does too, but not when.
 *
 *   keys, honest or with tricks -> states, in order or not -> requests, with events, grants
 *   and indices between them -> perhaps a broken index -> the end: told or not, with
 *   requests in flight or not
 *
 * What has to hold all the time: a request is answered as long as the connection stands;
 * a broken index ends it; an ended one can be begun anew.
 */
#include "round.h"

#include <linux/jiffies.h>

#include "flip.h"

#define STATE_TIMEOUT (60 * HZ)
#define ODD_TIMEOUT (2 * HZ)	/* nothing is asserted of what does not come */
#define AGAIN_TIMEOUT (10 * HZ)
#define LEAVE_TRIES 12
#define LOOK (HZ / 50 ?: 1)	/* our event index may be anything: look anyway */
#define REQUESTS_MAX 30000
#define FIRE_TIME (20 * HZ)	/* for that many, at most */
#define TOGGLES 24
#define STORM 500

static const u32 odds_of_wrong[] = { 2, 3, 4, 8 };
static const u32 odds_of_wild[] = { 2, 8, 100 };

static bool round_connected(const struct link *link)
{
	return READ_ONCE(link->half.peer) == XenbusStateConnected;
}

/* States in no order, without waiting for what comes of them. */
static void round_toggle(struct link *link, struct chance *chance)
{
	unsigned int i;

	link->odd = true;
	for (i = chance_below(chance, TOGGLES); i; i--) {
		count_inc(link->half.counts, COUNT_states);
		half_say(&link->half, chance_one_in(chance, 8) ? (int)chance_any(chance) :
							  (int)chance_below(chance, 9));
	}
}

/* Wait until no more than so many requests of a ring are without an answer. */
static bool round_drain(struct link *link, struct pipe *pipe, u32 left)
{
	unsigned long end = jiffies + (link->odd ? ODD_TIMEOUT : STATE_TIMEOUT);

	while (pipe_unanswered(pipe) > left) {
		if (pipe_collect(pipe, link->half.counts, left)) {
			end = jiffies + (link->odd ? ODD_TIMEOUT : STATE_TIMEOUT);
			continue;
		}
		if (!round_connected(link))
			return false;
		if (time_after(jiffies, end)) {
			if (!link->odd)
				count_add(link->half.counts, COUNT_silent, pipe_unanswered(pipe));
			return false;
		}
		wait_event_timeout(link->half.woken, pipe_has_come(pipe, left) ||
				   !round_connected(link), LOOK);
	}
	return true;
}

/* What goes on beside the requests. */
static void round_mischief(struct link *link, struct pipe *pipe, struct chance *chance)
{
	unsigned int i;

	if (chance_one_in(chance, 8)) {
		for (i = chance_below(chance, 16); i; i--) {
			bait_regrant(&link->bait, chance);
			count_inc(link->half.counts, COUNT_grants);
		}
	}
	if (chance_one_in(chance, 64))
		pipe_ring(pipe, link->half.counts, chance_below(chance, STORM));
	if (chance_one_in(chance, 16)) {
		WRITE_ONCE(pipe->ring.sring->rsp_event, chance_any(chance));
		count_inc(link->half.counts, COUNT_indices);
	}
	if (chance_one_in(chance, 128)) {
		count_inc(link->half.counts, COUNT_states);
		half_say(&link->half, XenbusStateConnected);
	}
}

static void round_fire(struct link *link, struct craft *craft, struct chance *chance)
{
	u32 left = chance_below(chance, REQUESTS_MAX), n, i;
	unsigned long end = jiffies + FIRE_TIME;

	while (left && round_connected(link) && time_before(jiffies, end)) {
		struct pipe *pipe = &link->pipe[chance_below(chance, link->nr_pipes)];

		n = min3(pipe_room(pipe), left, chance_below(chance, 256) + 1);
		if (n) {
			count_add(link->half.counts, COUNT_slots,
				  pipe_send(pipe, craft, chance, n));
			left -= n;
			round_mischief(link, pipe, chance);
			pipe_show(pipe, link->half.counts);
		}
		/* A ring that is kept half full is never waited for; now and then it runs dry. */
		if (!round_drain(link, pipe, chance_one_in(chance, 16) ? 0 : pipe_size(pipe) / 2))
			return;
	}
	/* Half of the time the end comes with requests in flight. */
	for (i = 0; i < link->nr_pipes && chance_one_in(chance, 2); i++)
		if (!round_drain(link, &link->pipe[i], 0))
			return;
}

/* A producer index that cannot be: the connection has to end. */
static void round_break(struct link *link, struct chance *chance)
{
	struct pipe *pipe = &link->pipe[chance_below(chance, link->nr_pipes)];
	u32 size = RING_SIZE(&pipe->ring), prod = pipe->ring.req_prod_pvt;
	const u32 tricks[] = { prod + size + 1, prod + 1000, prod + (1u << 31), prod - size - 1,
			       prod + 65536, prod - 100000 };

	if (!round_connected(link))
		return;
	WRITE_ONCE(pipe->ring.sring->req_prod, chance_of(chance, tricks));
	count_inc(link->half.counts, COUNT_indices);
	pipe_ring(pipe, link->half.counts, 1);
	if (half_await(&link->half, BIT(XenbusStateClosing) | BIT(XenbusStateClosed),
		       STATE_TIMEOUT))
		count_inc(link->half.counts, COUNT_broken);
	else if (!link->odd)
		count_inc(link->half.counts, COUNT_stuck);
}

/* What the second vCPU overwrites: slots around those that are shown, tables of indirect
 * segments, the event index.
 */
struct strike {
	struct link *link;
	const struct craft *craft;
};

static void round_strike(void *data, struct chance *chance)
{
	const struct strike *strike = data;
	struct link *link = strike->link;
	struct pipe *pipe = &link->pipe[chance_below(chance, link->nr_pipes)];
	u32 index = READ_ONCE(pipe->ring.req_prod_pvt) - chance_below(chance, 16);

	switch (chance_below(chance, 8)) {
	case 0:
		WRITE_ONCE(pipe->ring.sring->rsp_event, chance_any(chance));
		break;
	case 1:
	case 2:
		craft_flip_table(strike->craft, chance);
		break;
	default:
		craft_flip(strike->craft, chance, pipe_slot(pipe, index));
	}
	count_inc(link->half.counts, COUNT_flips);
}

/* Whether answers are held against what was asked; then nothing but the peer writes them. */
static void round_trust(struct link *link, struct pipe *pipe)
{
	unsigned int i;

	pipe->unsure = link->odd;
	for (i = 0; i < pipe->pages && !link->odd; i++)
		bait_spare(&link->bait, pipe->gref[i]);
}

static void round_attack(struct link *link, struct chance *chance, u64 seed, u64 nr)
{
	struct craft craft = {
		.bait = &link->bait,
		.wrong = chance_of(chance, odds_of_wrong),
		.wild = chance_of(chance, odds_of_wild),
	};
	struct strike strike = { link, &craft };
	struct flip flip = { .strike = round_strike, .data = &strike };
	unsigned int i;

	count_inc(link->half.counts, COUNT_connected);
	half_say(&link->half, XenbusStateConnected);
	if (xenbus_scanf(XBT_NIL, link->half.dev->otherend, "sectors", "%llu",
			 &craft.capacity) != 1 || !craft.capacity)
		craft.capacity = 1;
	if (chance_one_in(chance, 2)) {
		link->odd = true;
		link->bait.ring = link->pipe[0].gref[0];
		if (!flip_start(&flip, seed, nr))
			count_inc(link->half.counts, COUNT_failed);
	}
	for (i = 0; i < link->nr_pipes; i++)
		round_trust(link, &link->pipe[i]);
	round_fire(link, &craft, chance);
	if (chance_one_in(chance, 2))
		round_break(link, chance);
	if (chance_one_in(chance, 4))
		round_toggle(link, chance);
	flip_stop(&flip);
}

/* The end of it, so that another can begin. */
static void round_leave(struct link *link, struct chance *chance)
{
	const unsigned long begun = BIT(XenbusStateInitWait), ended = BIT(XenbusStateClosed);
	unsigned int i;

	for (i = 0; i < LEAVE_TRIES; i++) {
		if (!i && chance_one_in(chance, 3))
			half_say(&link->half, XenbusStateClosing);
		half_say(&link->half, XenbusStateClosed);
		/* One that has not begun stays; one that was confused may be about to. */
		if (link->odd)
			half_await(&link->half, ended, ODD_TIMEOUT);
		half_await(&link->half, ended | begun, AGAIN_TIMEOUT);
		half_say(&link->half, XenbusStateInitialising);
		if (half_await(&link->half, begun, AGAIN_TIMEOUT))
			return;
	}
	count_inc(link->half.counts, COUNT_stuck);
}

/**
 * round_run() - one connection
 * @link: the connection, closed; the back end waits for it
 * @seed: of the run
 * @nr: of the round
 */
void round_run(struct link *link, u64 seed, u64 nr)
{
	struct chance chance;

	chance_init(&chance, seed, nr);
	count_inc(link->half.counts, COUNT_rounds);
	if (link_open(link, &chance)) {
		count_inc(link->half.counts, COUNT_failed);
		link_close(link);
		return;
	}
	link_publish(link, &chance, 3);
	if (chance_one_in(&chance, 6))
		round_toggle(link, &chance);
	half_say(&link->half, chance_one_in(&chance, 4) ? XenbusStateConnected :
							  XenbusStateInitialised);
	if (half_await(&link->half, BIT(XenbusStateConnected) | BIT(XenbusStateClosing) |
			     BIT(XenbusStateClosed), link->odd ? ODD_TIMEOUT : STATE_TIMEOUT) &&
	    round_connected(link))
		round_attack(link, &chance, seed, nr);
	/* What it still maps is taken from under it, or first given back. */
	if (chance_one_in(&chance, 2)) {
		link_close(link);
		round_leave(link, &chance);
	} else {
		round_leave(link, &chance);
		link_close(link);
	}
}
