// SPDX-License-Identifier: GPL-2.0
/*
 * Does this domain still serve?
 *
 * Whoever reads the module parameter "health" gets two ages in milliseconds
 * and has every poller pinged: a poller answers in its next turn, between
 * requests. So the answers come from the very threads that carry the data, and
 * between two pings nothing runs that would not run without them. moat-init
 * reads it once a second.
 *
 *   POLLER  age of the oldest ping that a poller has not answered
 *   DEVICE  for how long a device had done nothing, with requests there to do,
 *           when the last ping was answered. It has done something when it has
 *           completed a request, however that ended, or a piece of a discard.
 *
 * 0 stands for none. The second says nothing about the first: a device that
 * takes a minute leaves the pollers as quick as ever.
 *
 * A ping is a round: it ends when all have answered, and none begins before
 * the last has ended. The last answer of a round feeds the domain's watchdog.
 */
#include "health.h"

#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>

#include "poller.h"
#include "watchdog.h"

/* Number of the last round. */
unsigned int moat_health_round;

/* Pollers that have not answered it. */
static atomic_t missing = ATOMIC_INIT(0);

/* When it began; changed under the pollers' mutex while nobody is missing. */
static u64 round_ns;

/**
 * moat_health_begin() - begin a round, unless one is under way
 * @pollers: how many there are; all of them look at moat_health_asked() soon
 *
 * Context: under the pollers' mutex.
 */
void moat_health_begin(unsigned int pollers)
{
	if (atomic_read(&missing))
		return;
	WRITE_ONCE(round_ns, ktime_get_ns());
	atomic_set(&missing, pollers);
	/* Its partner is moat_health_current(): who sees the new round is among
	 * the missing.
	 */
	smp_store_release(&moat_health_round, moat_health_round + 1);
}

/**
 * moat_health_current() - number of the last round
 *
 * Context: any.
 */
unsigned int moat_health_current(void)
{
	return smp_load_acquire(&moat_health_round);
}

/**
 * moat_health_answered() - a poller has answered the round
 *
 * Context: a poller, once a round.
 */
void moat_health_answered(void)
{
	if (atomic_dec_and_test(&missing))
		moat_watchdog_feed();
}

static u64 poller_age_ns(void)
{
	u64 began = READ_ONCE(round_ns), now = ktime_get_ns();

	return atomic_read(&missing) && now > began ? now - began : 0;
}

/* Never waits for a poller or a device: only for who else counts pollers. */
static int health_get(char *text, const struct kernel_param *kp)
{
	u64 poller = poller_age_ns(), device = moat_pollers_device_age();

	moat_pollers_ping();
	return sysfs_emit(text, "%llu %llu\n", div_u64(poller, NSEC_PER_MSEC),
			  div_u64(device, NSEC_PER_MSEC));
}

static int health_set(const char *text, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops health_ops = {
	.get = health_get,
	.set = health_set,
};

module_param_cb(health, &health_ops, NULL, 0444);
MODULE_PARM_DESC(health, "ms since an unanswered ping, and since a busy device moved; pings");
