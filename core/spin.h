/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spin policy: look again, or arm and sleep?
 *
 * A consumer of a ring asks after every look. In mode event it arms as soon as
 * a look finds nothing; in mode spin it never does; in mode adaptive it spins
 * for a window that follows what spinning would have gained. What counts is
 * the *gap*, the time from the last work to the next:
 *
 *   gap within the window      the spin caught it; the window stays
 *   gap within the maximum     an event had to be paid that a longer spin
 *                              would have saved: the window doubles
 *   gap beyond the maximum     spinning was wasted: the window halves, and
 *                              below the minimum it is none at all
 *
 * From none it grows to the minimum, or where that is set to 0 to
 * MOAT_SPIN_START_NS. A maximum that is lowered holds at once; a minimum above
 * the maximum gives way to it.
 *
 * On a vCPU that has other runnable work a spin steals from it: adaptive then
 * arms at once. The numbers to start from are KVM's and QEMU's (docs).
 *
 * Times are nanoseconds of any monotonic clock; no clock is read here. Those
 * of two CPUs may disagree a little: a step back counts as no time passed.
 * One state per ring; the caller serialises.
 */
#ifndef MOAT_CORE_SPIN_H
#define MOAT_CORE_SPIN_H

#include "env.h"

#define MOAT_SPIN_START_NS 1000u

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
 * @window_max_ns: longest window
 */
struct moat_spin_params {
	u32 mode;
	u32 window_min_ns;
	u32 window_max_ns;
};

/**
 * struct moat_spin - what the policy remembers of a ring
 * @window_ns: how long to look on behind the last work, 0 for not at all
 * @last_work_ns: when the last work was found
 */
struct moat_spin {
	u32 window_ns;
	u64 last_work_ns;
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
 * moat_spin_init() - start with the shortest window
 * @s: the state
 * @p: the parameters
 * @now: time
 */
static inline void moat_spin_init(struct moat_spin *s,
				  const struct moat_spin_params *p, u64 now)
{
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
	if (found) {
		s->last_work_ns = now;
		return MOAT_SPIN_AGAIN;
	}
	if (p->mode == MOAT_MODE_SPIN)
		return MOAT_SPIN_AGAIN;
	if (p->mode == MOAT_MODE_EVENT || busy)
		return MOAT_SPIN_ARM;
	if (moat_spin_gap(s, now) < moat_spin_window(s, p))
		return MOAT_SPIN_AGAIN;
	return MOAT_SPIN_ARM;
}

/**
 * moat_spin_event() - an event ended a sleep
 * @s: the state
 * @p: the parameters
 * @now: time
 *
 * Learns from the gap that the event closed.
 */
static inline void moat_spin_event(struct moat_spin *s,
				   const struct moat_spin_params *p, u64 now)
{
	u32 least = p->window_min_ns ? p->window_min_ns : MOAT_SPIN_START_NS;
	u64 gap = moat_spin_gap(s, now);
	u64 window = s->window_ns;

	if (gap > p->window_max_ns) {
		window /= 2;
		if (window < p->window_min_ns)
			window = 0;
	} else if (gap > window || !window) {
		window = window < least ? least : window * 2;
	}
	if (window > p->window_max_ns)
		window = p->window_max_ns;
	s->window_ns = (u32)window;
	s->last_work_ns = now;
}

#endif
