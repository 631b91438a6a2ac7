// SPDX-License-Identifier: GPL-2.0
/*
 * Time that counts is time that a domain was given.
 *
 * Xen tells for how long each vCPU has run, ever, and whether it wants to now. Between
 * two looks a vCPU that is idle at their end has had what it wanted; of one that is not,
 * only the time counts that it ran. The least of all vCPUs' is the domain's: who knows
 * which of them the thread waits for that nothing is heard of. The rest was withheld.
 *
 * On the other hand a vCPU that has run for seconds, while another was idle or ran as
 * well, and nothing came of it, hangs: that needs no long limit.
 */
#include "account.h"

#include <moat/times.h>

/* between two looks: what comes of it must have had a chance to be seen */
#define BUSY_MAX_MS 1000
/* two beats are hardly ever a second apart to the millisecond */
#define BUSY_SLACK_MS 50
/* how long it takes cannot be told beforehand: look again, but not without end */
#define AGAIN_MS 50

/**
 * moat_account_take() - what was a domain given since the last time?
 * @dom: the domain, with Xen's account
 * @clock: its clock, which keeps that account
 *
 * One that nothing is known of, and one that has been paused, has had all the time
 * that there was.
 *
 * Return: what was kept from it, and what it ran.
 */
struct moat_given moat_account_take(const struct moat_view_domain *dom,
				    struct moat_clock *clock)
{
	msec span = dom->counted_at - clock->counted_at, got = span, most = 0;
	bool known = dom->vcpus && dom->vcpus == clock->vcpus && !dom->paused &&
		     !dom->suspended;

	if (!span)
		return (struct moat_given) { 0 };
	for (size_t i = 0; i < dom->vcpus; i++) {
		const struct moat_vcpu *vcpu = &dom->vcpu[i];
		msec ran = vcpu->ran > clock->ran[i] ? vcpu->ran - clock->ran[i] : 0;

		clock->ran[i] = vcpu->ran;
		if (!vcpu->idle)
			got = moat_least(got, ran);
		if (ran > most)
			most = ran;
	}
	clock->vcpus = dom->vcpus;
	clock->counted_at = dom->counted_at;
	if (!known)
		return (struct moat_given) { 0 };
	return (struct moat_given) { .withheld = span - got,
				     .busy = moat_least(most, BUSY_MAX_MS) };
}

void moat_since_begin(struct moat_since *since, msec now)
{
	*since = (struct moat_since) { .at = now, .real = now };
}

void moat_since_go_on(struct moat_since *since, struct moat_given given, msec now)
{
	since->at = moat_least(since->at + given.withheld, now);
	since->busy += given.busy;
}

bool moat_since_is_long(struct decision *d, const struct moat_since *since, msec span)
{
	msec end = since->at + span + 1;

	if (d->now - since->at > span)
		return true;
	look_at(d, end > d->now + AGAIN_MS ? end : d->now + AGAIN_MS);
	return false;
}

bool moat_since_is_too_long(struct decision *d, const struct moat_since *since, msec span)
{
	return moat_since_is_long(d, since, span) ||
	       passed(d, since->real, MOAT_STARVED_TIMES * span);
}

bool moat_since_spins(struct decision *d, const struct moat_since *since)
{
	msec limit = d->limits->busy, busy = since->busy + BUSY_SLACK_MS;

	if (!since->busy)
		return false;
	if (busy < limit)
		look_at(d, d->now + (limit - busy > AGAIN_MS ? limit - busy : AGAIN_MS));
	return busy >= limit && d->now - since->at + BUSY_SLACK_MS >= limit;
}
