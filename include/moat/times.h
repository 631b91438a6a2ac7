/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long is too long: the limits that more than one program knows, and the order that
 * they must have. In seconds; where there is a setting, what it is by default.
 */
#ifndef MOAT_TIMES_H
#define MOAT_TIMES_H

/* moat-init asks moat-back whether it lives so often. */
#define MOAT_PING_S 1
/* moat-back believes an error once the disk has done something well so long behind it:
 * until then that may have been under way (core/doubt.h).
 */
#define MOAT_DOUBT_S 1
/* moatd: a vCPU runs, and nothing shows that the domain lives. */
#define MOAT_BUSY_LIMIT_S 2
/* moatd: a poller does not answer. */
#define MOAT_HANG_LIMIT_S 5
/* moatd: no sign of life. */
#define MOAT_HEARTBEAT_LIMIT_S 10
/* moatd: a domain that does not get its share of the processors has longer for all that is
 * measured in time that it was given, but no more than so many times as long.
 */
#define MOAT_STARVED_TIMES 3
/* Xen ends a domain whose pollers do not answer, processors or not: where moatd does not. */
#define MOAT_WATCHDOG_S 30
/* moat-init: a device that has not come so long after the last news of hardware is
 * missing; until then its driver may still be finding it.
 */
#define MOAT_SETTLE_S 20
/* moat-back keeps what a device has failed from the front end for so long, where it may have
 * been lost, for the domain to be replaced; as long as Linux waits for a command by default.
 */
#define MOAT_LOST_S 30
/* moatd: a device with work to do does nothing. */
#define MOAT_DEVICE_LIMIT_S 60
/* The kernel panics for a task that sleeps without a break (image/build). */
#define MOAT_HUNG_TASK_S 120

/* A ping that is late is no hang; nor is a dead moat-init a dead poller. */
_Static_assert(MOAT_PING_S < MOAT_BUSY_LIMIT_S, "a ping is late");
_Static_assert(MOAT_BUSY_LIMIT_S <= MOAT_HANG_LIMIT_S, "who runs is found first");
_Static_assert(MOAT_HANG_LIMIT_S <= MOAT_HEARTBEAT_LIMIT_S, "a poller is found first");
_Static_assert(MOAT_STARVED_TIMES * MOAT_HEARTBEAT_LIMIT_S <= MOAT_WATCHDOG_S,
	       "the watchdog is the last resort");
/* Who is to be replaced is found while his requests are kept. */
_Static_assert(MOAT_DOUBT_S < MOAT_LOST_S, "a disk that lives is believed first");
_Static_assert(MOAT_HEARTBEAT_LIMIT_S < MOAT_LOST_S, "there is time to replace it");
/* One disk that stays away does not hold up those that are back. */
_Static_assert(MOAT_SETTLE_S < MOAT_LOST_S, "a missing device is told");
/* A lost device is told; one that says nothing takes longer, and a panic longest. */
_Static_assert(MOAT_LOST_S < MOAT_DEVICE_LIMIT_S, "a driver's own timeouts come first");
_Static_assert(MOAT_DEVICE_LIMIT_S < MOAT_HUNG_TASK_S, "moatd comes before the panic");

#endif
