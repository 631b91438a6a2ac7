/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policies that are compared: Moat's own, as it ships, and what others do.
 *
 * Each answers after a look whether to look again, and is told when an event
 * ended a sleep. Those of others are written from their documentation, not
 * from their code; policy.c says which rule each follows.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "core/spin.h"

/* What a policy that grows and shrinks remembers. */
struct grown {
	u64 window_ns;
	u64 since_ns;
};

union policy_state {
	struct moat_spin moat;
	struct grown grown;
};

/**
 * struct policy - one that is compared
 * @name: as the reports call it
 * @window_ns: its longest window, where it has one
 * @shipping: it is Moat's, and judged; the others are what it is judged by
 * @tireless: it looks for ever and remembers nothing
 * @init: begin at a time
 * @look: true: look again; false: arm, and sleep if there is nothing
 * @event: an event ended a sleep
 */
struct policy {
	const char *name;
	u32 window_ns;
	bool shipping;
	bool tireless;
	void (*init)(const struct policy *policy, union policy_state *state, u64 now);
	bool (*look)(const struct policy *policy, union policy_state *state, u64 now,
		     bool found, bool busy);
	void (*event)(const struct policy *policy, union policy_state *state, u64 now);
};

extern const struct policy policies[];
extern const u32 nr_policies;

#endif
