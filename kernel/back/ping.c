// SPDX-License-Identifier: GPL-2.0
/*
 * A ping of all pollers: a round, which ends when all have answered; none begins
 * before the last has ended. The last answer of a round feeds the domain's watchdog.
 */
#include "ping.h"

#include <linux/atomic.h>
#include <linux/ktime.h>

#include "watchdog.h"

/* Number of the last round. */
unsigned int moat_ping_round;

/* Pollers that have not answered it. */
static atomic_t missing = ATOMIC_INIT(0);

/* When it began; changed under the pollers' mutex while nobody is missing. */
static u64 round_ns;

/**
 * moat_ping_begin() - begin a round, unless one is under way
 * @pollers: how many there are; all of them look at moat_ping_asked() soon
 *
 * Context: under the pollers' mutex.
 */
void moat_ping_begin(unsigned int pollers)
{
	if (atomic_read(&missing))
		return;
	WRITE_ONCE(round_ns, ktime_get_ns());
	atomic_set(&missing, pollers);
	/* Its partner is moat_ping_current(): who sees the new round is among
	 * the missing.
	 */
	smp_store_release(&moat_ping_round, moat_ping_round + 1);
}

/**
 * moat_ping_current() - number of the last round
 *
 * Context: any.
 */
unsigned int moat_ping_current(void)
{
	return smp_load_acquire(&moat_ping_round);
}

/**
 * moat_ping_answered() - a poller has answered the round
 *
 * Context: a poller, once a round.
 */
void moat_ping_answered(void)
{
	if (atomic_dec_and_test(&missing))
		moat_watchdog_feed();
}

/**
 * moat_ping_age_ns() - for how long has a poller not answered?
 *
 * Context: any.
 * Return: nanoseconds since the round began; 0: all have answered.
 */
u64 moat_ping_age_ns(void)
{
	u64 began = READ_ONCE(round_ns), now = ktime_get_ns();

	return atomic_read(&missing) && now > began ? now - began : 0;
}
