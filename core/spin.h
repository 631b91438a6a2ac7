/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spin policy: look again, or arm and sleep?
 *
 * A consumer of a ring asks after every look. In mode event it arms as soon as
 * a look finds nothing; in mode spin it never does; in mode adaptive it spins
 * for a window behind the last work, and then arms. The window is the one that
 * would have cost least for the waits of late (gaps.h): spinning costs its time,
 * and an event that it would have saved is worth the longest window. So the ring
 * spins where the next work mostly comes soon, for as long as "soon" is; where
 * little of it comes within the longest window it does not spin at all.
 *
 * Learnt from is every wait, be it a spin that found work or an event that ended
 * a sleep; work found by the first look has not been waited for, and costs the
 * same in every mode. The window is chosen when an event has been paid for, not
 * on the way of a request: while none is, it is long enough.
 *
 * An event is noticed some time after it was sent, which is not part of the gap.
 * How long that takes is the least time lately between arming and an event: no
 * more than an eighth of the longest window is believed, for where events are
 * rare the least is long. Nor was the gap shorter than what was spun in vain.
 *
 * On a vCPU that has other runnable work a spin steals from it: adaptive then
 * arms at once, and goes on learning. An idle ring looks on for one window, and
 * then costs nothing. A maximum that is lowered holds at once; a minimum above
 * the maximum gives way to it. tests/policy compares all this with the policies
 * of others (docs/policy.md).
 *
 * Times are nanoseconds of any monotonic clock; no clock is read here. Those
 * of two CPUs may disagree a little: a step back counts as no time passed.
 * One state per ring; the caller serialises.
 */
#ifndef MOAT_CORE_SPIN_H
#define MOAT_CORE_SPIN_H

#include "env.h"
#include "gaps.h"

enum moat_mode {
	MOAT_MODE_EVENT,
	MOAT_MODE_SPIN,
	MOAT_MODE_ADAPTIVE,
};

enum moat_spin_verdict {
	MOAT_SPIN_AGAIN,	/* look again */
	MOAT_SPIN_ARM,		/* arm, full barrier, look; sleep if nothing */
};

/**
 * struct moat_spin_params - what the administrator set
 * @mode: enum moat_mode
 * @window_min_ns: shortest window worth spinning for
 * @window_max_ns: longest window, and how much spinning an event is worth
 */
struct moat_spin_params {
	u32 mode;
	u32 window_min_ns;
	u32 window_max_ns;
};

/**
 * struct moat_spin - what the policy remembers of a ring
 * @window_ns: how long to look on behind the last work, 0 for not at all
 * @spun_ns: how much of the gap was over when it armed; 0: it has not
 * @wake_ns: least time lately from arming to when an event was noticed
 * @waited: it looked in vain, and was told to look again
 * @last_work_ns: when the last work was found, or the wait began
 * @gaps: the gaps of late
 */
struct moat_spin {
	u32 window_ns;
	u32 spun_ns;
	u32 wake_ns;
	bool waited;
	u64 last_work_ns;
	struct moat_gaps gaps;
};

/* The window, within a maximum that may just have been lowered. */
static inline u32 moat_spin_window(const struct moat_spin *s,
				   const struct moat_spin_params *p)
{
	return s->window_ns < p->window_max_ns ? s->window_ns :
						 p->window_max_ns;
}

/* Time since the last work. A clock that stepped back starts it anew: else
 * the difference would be centuries, or the spin as long as the step.
 */
static inline u64 moat_spin_gap(struct moat_spin *s, u64 now)
{
	if (now < s->last_work_ns)
		s->last_work_ns = now;
	return now - s->last_work_ns;
}

/**
 * moat_spin_start() - a wait begins
 * @s: the state
 * @now: time
 *
 * For one who waits only at times: what went before is no part of the gap, and
 * is not learnt from.
 */
static inline void moat_spin_start(struct moat_spin *s, u64 now)
{
	s->last_work_ns = now;
	s->spun_ns = 0;
	s->waited = false;
}

/* How long is the gap that an event closed? */
static inline u64 moat_spin_event_gap(struct moat_spin *s,
				      const struct moat_spin_params *p, u64 now)
{
	u64 gap = moat_spin_gap(s, now);
	u64 since = gap > s->spun_ns ? gap - s->spun_ns : 0;
	/* What is forgotten: it grows by 3 % an event, and by something. */
	u64 wake = s->wake_ns + s->wake_ns / 32 + 1;

	if (wake > since)
		wake = since;
	if (wake > p->window_max_ns / 8)
		wake = p->window_max_ns / 8;
	s->wake_ns = (u32)wake;
	gap -= wake;
	return s->spun_ns && gap <= s->spun_ns ? (u64)s->spun_ns + 1 : gap;
}

/**
 * moat_spin_init() - start with the shortest window
 * @s: the state
 * @p: the parameters
 * @now: time
 */
static inline void moat_spin_init(struct moat_spin *s,
				  const struct moat_spin_params *p, u64 now)
{
	memset(s, 0, sizeof(*s));
	s->window_ns = p->window_min_ns;
	s->window_ns = moat_spin_window(s, p);
	s->last_work_ns = now;
}

/**
 * moat_spin_look() - what to do behind a look
 * @s: the state
 * @p: the parameters, which may differ from call to call
 * @now: time
 * @found: the look found work
 * @busy: the vCPU has other runnable work
 *
 * Return: look again, or arm.
 */
static inline enum moat_spin_verdict
moat_spin_look(struct moat_spin *s, const struct moat_spin_params *p, u64 now,
	       bool found, bool busy)
{
	u64 gap;

	if (found) {
		if (s->waited)
			moat_gaps_add(&s->gaps, moat_spin_gap(s, now), p->window_max_ns);
		moat_spin_start(s, now);
		return MOAT_SPIN_AGAIN;
	}
	if (p->mode == MOAT_MODE_SPIN)
		return MOAT_SPIN_AGAIN;
	gap = moat_spin_gap(s, now);
	s->waited = p->mode != MOAT_MODE_EVENT && !busy && gap < moat_spin_window(s, p);
	if (s->waited)
		return MOAT_SPIN_AGAIN;
	s->spun_ns = gap < (u32)-1 ? (u32)gap : (u32)-1;
	return MOAT_SPIN_ARM;
}

/**
 * moat_spin_event() - an event ended a sleep
 * @s: the state
 * @p: the parameters
 * @now: time
 *
 * Learns from the gap that the event closed, and chooses the window anew.
 */
static inline void moat_spin_event(struct moat_spin *s,
				   const struct moat_spin_params *p, u64 now)
{
	moat_gaps_add(&s->gaps, moat_spin_event_gap(s, p, now), p->window_max_ns);
	s->window_ns = moat_gaps_window(&s->gaps, p->window_min_ns, p->window_max_ns);
	moat_spin_start(s, now);
}

#endif
