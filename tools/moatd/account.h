/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a domain was given, and for how long something has not happened by that measure.
 */
#ifndef MOATD_ACCOUNT_H
#define MOATD_ACCOUNT_H

#include "decision.h"

/* What Xen says that a domain was given since it was last asked. */
struct moat_given {
	msec withheld;		/* it wanted to run, and was not let */
	msec busy;		/* one of its vCPUs ran */
};

struct moat_given moat_account_take(const struct moat_view_domain *dom,
				    struct moat_clock *clock);
void moat_since_begin(struct moat_since *since, msec now);
void moat_since_go_on(struct moat_since *since, struct moat_given given, msec now);
/* Has something not happened in a span that the domain was given? */
bool moat_since_is_long(struct decision *d, const struct moat_since *since, msec span);
/* The same; but however little it was given, it does not get any longer. */
bool moat_since_is_too_long(struct decision *d, const struct moat_since *since, msec span);
/* Does the domain run, and to no end? */
bool moat_since_spins(struct decision *d, const struct moat_since *since);

#endif
