// SPDX-License-Identifier: GPL-2.0
/*
 * One connection of a hostile back end, from the first key to its end.
 *
 * All that a turn does follows from the seed and its number; what the second vCPU overwrites
 * does too, but not when. Now and then a turn is honest, so that the front end comes to the
 * end of what it has to issue again.
 *
 * What has to hold all the time: the front end takes up each connection that it is offered,
 * never breaks the protocol itself, and tells of a producer index that cannot be.
 */
#include "turn.h"

#include <linux/jiffies.h>

#include "flip.h"

#define BEGIN_TRIES 12
#define BEGIN_TIMEOUT (5 * HZ)
#define JUDGE_TIMEOUT (15 * HZ)
#define JUDGE_LOOK (HZ / 5)		/* a trip to xenstore each */
#define REFUSE_TIMEOUT (3 * HZ)
#define TELL_TIMEOUT (30 * HZ)
#define IDLE (3 * HZ)			/* a front end that has stopped sends no more */
#define BROKEN_IDLE (HZ / 4)		/* so long, and it is asked whether it has */
#define LOOK (HZ / 50 ?: 1)
#define REQUESTS_MAX 30000
#define SERVE_TIME (20 * HZ)		/* for that many, at most */
#define CONNECTED_LOOP 16
#define STORM 300

static const u32 odds_of_lies[] = { 2, 3, 4, 16 };
static const u32 odds_of_breaks[] = { 0, 0, 20, 200 };

/**
 * struct malice - what a turn does to a connection that came about
 * @lies: one answer in so many is a lie
 * @breaks: one in so many breaks the protocol; 0: none
 * @rough: so may anything else that is done
 */
struct malice {
	u32 lies;
	u32 breaks;
	bool rough;
};

/**
 * turn_begin() - have the front end offer rings
 * @host: the connection, closed
 * @first: it does so by itself
 * @chance: of what else it is told of them; NULL: nothing
 *
 * Return: whether it did.
 */
bool turn_begin(struct host *host, bool first, struct chance *chance)
{
	unsigned int i;

	count_inc(host->half.counts, COUNT_rounds);
	host_tell(host);
	if (chance && chance_one_in(chance, 3))
		host_offer_trick(host, chance);
	for (i = 0; i < BEGIN_TRIES; i++) {
		half_say(&host->half, XenbusStateInitWait);
		if (!first)
			host_call(host);
		if (half_await(&host->half, BIT(XenbusStateInitialised), BEGIN_TIMEOUT))
			return true;
	}
	count_inc(host->half.counts, COUNT_stuck);
	return false;
}

static bool turn_has_requests(const struct host *host)
{
	unsigned int i;

	for (i = 0; i < host->nr_desks; i++)
		if (READ_ONCE(host->desk[i].ring.sring->req_prod) != host->desk[i].ring.req_cons)
			return true;
	return false;
}

/* One look at each ring. Return: how many requests there were. */
static u32 turn_look(struct host *host, struct chance *chance, struct keep *keep,
		     const struct malice *malice)
{
	unsigned int i;
	u32 sum = 0, n;

	for (i = 0; i < host->nr_desks; i++) {
		struct desk *desk = &host->desk[i];

		n = desk_take(desk, keep, chance);
		sum += n;
		desk_answer(desk, chance, n ? malice->lies : 0, malice->breaks);
		desk_show(desk);
	}
	if (!sum)
		wait_event_timeout(host->half.woken, turn_has_requests(host), LOOK);
	return sum;
}

/* A state out of turn. */
static void turn_say(struct host *host, int state)
{
	count_inc(host->half.counts, COUNT_states);
	half_say(&host->half, state);
}

/* What goes on beside the answers. States and keys are rare: a trip to xenstore takes as long as
 * a hundred answers, and the front end makes a dozen for each.
 */
static void turn_mischief(struct host *host, struct chance *chance, bool rough)
{
	struct desk *desk = &host->desk[chance_below(chance, host->nr_desks)];
	unsigned int i;

	if (chance_one_in(chance, 64))
		desk_events(desk, chance_below(chance, STORM));
	if (chance_one_in(chance, 2048)) {
		for (i = chance_below(chance, CONNECTED_LOOP); i; i--) {
			if (rough)
				host_tell_trick(host, chance);
			turn_say(host, XenbusStateConnected);
		}
	}
	if (rough && chance_one_in(chance, 1024))
		turn_say(host, chance_below(chance, 9));
	if (chance_one_in(chance, 16))
		keep_let_go(&host->keep, chance_below(chance, KEEP_PAGES));
}

static void turn_strike(void *data, struct chance *chance)
{
	struct host *host = data;

	desk_flip(&host->desk[chance_below(chance, host->nr_desks)], chance);
}

static void turn_serve(struct host *host, struct chance *chance, const struct malice *malice,
		       u64 seed, u64 nr)
{
	struct keep *keep = malice->rough && chance_one_in(chance, 4) ? &host->keep : NULL;
	unsigned long last = jiffies + SERVE_TIME, heard = jiffies, asked = jiffies;
	struct flip flip = { .strike = turn_strike, .data = host };
	u32 left = chance_below(chance, REQUESTS_MAX), n;

	if (malice->rough && chance_one_in(chance, 2) && !flip_start(&flip, seed, nr))
		count_inc(host->half.counts, COUNT_failed);
	while (left && time_before(jiffies, last) && time_before(jiffies, heard + IDLE)) {
		n = turn_look(host, chance, keep, malice);
		left -= min(n, left);
		if (n) {
			heard = jiffies;
			asked = jiffies;
		} else if (malice->rough && time_after(jiffies, asked + BROKEN_IDLE)) {
			if (host_is_accused(host, ""))
				break;
			asked = jiffies;
		}
		turn_mischief(host, chance, malice->rough);
	}
	flip_stop(&flip);
}

/* Break the connection, and wait until the front end says just that: one that has not seen it
 * would stall before long.
 */
static void turn_break(struct host *host, struct chance *chance)
{
	unsigned long end = jiffies + TELL_TIMEOUT;

	desk_overrun(&host->desk[chance_below(chance, host->nr_desks)], chance);
	while (!host_is_accused(host, "protocol")) {
		if (time_after(jiffies, end)) {
			count_inc(host->half.counts, COUNT_unnoticed);
			return;
		}
		wait_event_timeout(host->half.woken,
				   READ_ONCE(host->half.peer) != XenbusStateConnected, LOOK);
	}
	count_inc(host->half.counts, COUNT_broken);
}

static void turn_toggle(struct host *host, struct chance *chance)
{
	unsigned int i;

	for (i = chance_below(chance, CONNECTED_LOOP); i; i--) {
		if (chance_one_in(chance, 2))
			host_tell_trick(host, chance);
		turn_say(host, chance_below(chance, 9));
	}
}

/* Wait until the front end has taken up the connection. Return: whether it has. */
static bool turn_connect(struct host *host, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;

	half_say(&host->half, XenbusStateConnected);
	while (!half_await(&host->half, BIT(XenbusStateConnected), JUDGE_LOOK))
		if (time_after(jiffies, end) || host_is_accused(host, "refused"))
			return false;
	return true;
}

static void turn_attack(struct host *host, struct chance *chance, u64 seed, u64 nr)
{
	struct malice malice = { .lies = chance_of(chance, odds_of_lies) };
	unsigned long timeout = JUDGE_TIMEOUT;
	unsigned int i;

	if (chance_one_in(chance, 2)) {
		malice.rough = true;
		malice.breaks = chance_of(chance, odds_of_breaks);
		for (i = chance_below(chance, 6); i > 2; i--) {
			timeout = REFUSE_TIMEOUT;
			host_tell_trick(host, chance);
		}
		if (chance_one_in(chance, 8))
			turn_toggle(host, chance);
	}
	if (!turn_connect(host, timeout))
		return;
	count_inc(host->half.counts, COUNT_connected);
	turn_serve(host, chance, &malice, seed, nr);
	if (chance_one_in(chance, 4))
		turn_break(host, chance);
	if (chance_one_in(chance, 4))
		turn_toggle(host, chance);
}

/**
 * turn_run() - one connection
 * @host: the connection, closed; the front end has offered rings
 * @chance: what becomes of it
 * @seed: of the run
 * @nr: of the turn
 */
void turn_run(struct host *host, struct chance *chance, u64 seed, u64 nr)
{
	if (host_open(host))
		count_inc(host->half.counts, COUNT_failed);
	else
		turn_attack(host, chance, seed, nr);
	host_close(host);
}

/**
 * turn_honest() - a connection as it should be
 * @host: the connection, closed; the front end has offered rings
 * @requests: it ends behind so many, 0: it does not; or when there are no more
 * @enough: of one without a number, whether it is to end
 */
void turn_honest(struct host *host, u32 requests, bool (*enough)(void))
{
	unsigned long end = jiffies + JUDGE_TIMEOUT;
	const struct malice no_malice = { };
	struct chance none = { };
	u32 n;

	if (host_open(host)) {
		count_inc(host->half.counts, COUNT_failed);
		host_close(host);
		return;
	}
	half_say(&host->half, XenbusStateConnected);
	while (requests ? time_before(jiffies, end) : !enough()) {
		n = turn_look(host, &none, NULL, &no_malice);
		if (!requests)
			continue;
		if (n >= requests)
			break;
		requests -= n;
		if (n)
			end = jiffies + JUDGE_TIMEOUT;
	}
	host_close(host);
}
