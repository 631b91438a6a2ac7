// SPDX-License-Identifier: GPL-2.0
/*
 * Who is condemned when: domains that are given more or less of a processor, and do
 * something with it or not.
 */
#include "test.h"

#include "tools/moatd/decide.h"

#include <string.h>

#define BEGIN_MS 1000000
#define SECOND 1000
#define HOUR (3600 * SECOND)
#define VCPUS 2

struct life {
	const char *name;
	struct {
		unsigned int share;	/* of a processor, in percent */
		bool idle;		/* and wants no more */
	} vcpu[VCPUS];
	unsigned int vcpus;
	msec beats;		/* so often it shows that it lives; 0: not */
	msec stuck;		/* since so long no poller has answered; when it began */
	bool paused, boots;
	enum moat_why why;	/* NONE: it lives for an hour */
	msec from, to;		/* condemned not before, not after */
};

static const struct life lives[] = {
	{ "idle", { { 1, true }, { 0, true } }, 2, .beats = SECOND },
	{ "busy, and serves", { { 100, false }, { 100, false } }, 2, .beats = SECOND },
	{ "all is quiet, but for the beats that are missed", { { 0, true }, { 0, true } }, 2,
	  .why = MOAT_WHY_HEARTBEAT, .from = 10000, .to = 10200 },
	{ "a loop on its only vCPU", { { 100, false } }, 1,
	  .why = MOAT_WHY_HEARTBEAT, .from = 1900, .to = 2200 },
	{ "a loop, and the other vCPU waits", { { 100, false }, { 0, true } }, 2,
	  .why = MOAT_WHY_HEARTBEAT, .from = 1900, .to = 2200 },
	{ "a loop that keeps only a poller", { { 100, false }, { 2, true } }, 2, .beats = SECOND,
	  .stuck = 1, .why = MOAT_WHY_POLLER, .from = 1900, .to = 3100 },
	{ "a poller that sleeps for ever", { { 1, true }, { 1, true } }, 2, .beats = SECOND,
	  .stuck = 1, .why = MOAT_WHY_POLLER, .from = 5000, .to = 7200 },
	{ "a loop that gets half a processor", { { 50, false } }, 1,
	  .why = MOAT_WHY_HEARTBEAT, .from = 3800, .to = 4400 },
	{ "a loop, and the other vCPU is not let run", { { 100, false }, { 0, false } }, 2,
	  .why = MOAT_WHY_HEARTBEAT, .from = 30000, .to = 31200 },
	{ "one processor for two vCPUs", { { 50, false }, { 50, false } }, 2, .beats = SECOND },
	{ "so little that a beat takes 12 s", { { 12, false }, { 12, false } }, 2, .beats = 12000 },
	{ "nothing for 20 s at a time", { { 0, false }, { 0, false } }, 2, .beats = 20000 },
	{ "nothing at all", { { 0, false } }, 1,
	  .why = MOAT_WHY_HEARTBEAT, .from = 30000, .to = 30200 },
	{ "one of two is not let run for 20 s", { { 40, false }, { 0, false } }, 2, .beats = 20000,
	  .stuck = 1, .why = MOAT_WHY_POLLER, .from = 30000, .to = 61000 },
	{ "paused", { { 0, false } }, 1, .paused = true,
	  .why = MOAT_WHY_HEARTBEAT, .from = 10000, .to = 10200 },
	{ "boots for too long", { { 30, true } }, 1, .boots = true,
	  .why = MOAT_WHY_BOOT, .from = 60000, .to = 60200 },
	{ "boots slowly, for want of time", { { 50, false } }, 1, .boots = true,
	  .why = MOAT_WHY_BOOT, .from = 119000, .to = 121000 },
};

struct play {
	const struct life *life;
	struct moat_view v;
	struct moat_limits l;
	struct moat_slot slot;
	msec now, ran[VCPUS];	/* in hundredths of a millisecond */
};

/* What moatd reads: of the health, what was written with the last beat. */
static void look(struct play *p)
{
	struct moat_view_domain *d = &p->v.domain[MOAT_ACTIVE];
	const struct life *life = p->life;
	msec age = p->now - BEGIN_MS;

	d->paused = life->paused;
	d->counted_at = p->now;
	d->vcpus = life->vcpus;
	for (unsigned int i = 0; i < life->vcpus; i++)
		d->vcpu[i] = (struct moat_vcpu) { p->ran[i] / 100, life->vcpu[i].idle };
	if (!life->beats)
		return;
	if (life->stuck && age / life->beats > 1)
		d->poller = (age / life->beats - 1) * life->beats;
	d->heartbeat = 5 + age / life->beats;
}

static void begin(struct play *p, const struct life *life)
{
	struct moat_action a;

	*p = (struct play) {
		.life = life, .l = moat_limits_default, .now = BEGIN_MS,
		.v = { .domain[MOAT_ACTIVE] = { .domid = 7, .ready = !life->boots,
						.heartbeat = life->boots ? 0 : 5 },
		       .recorded = 7 },
	};
	p->l.standby = false;
	look(p);
	moat_decide(&p->v, &p->l, &p->slot, p->now, &a);
	check_row(life->name, "first act", a.act, MOAT_ACT_NONE);
}

/* Until @when, or the next beat. */
static void pass(struct play *p, msec when)
{
	msec age = p->now - BEGIN_MS, span;

	if (p->life->beats && when > p->now + p->life->beats - age % p->life->beats)
		when = p->now + p->life->beats - age % p->life->beats;
	span = when > p->now ? when - p->now : 1;
	p->now += span;
	for (unsigned int i = 0; i < p->life->vcpus; i++)
		p->ran[i] += p->life->vcpu[i].share * span;
}

static void check(const struct life *life)
{
	struct moat_action a = { .until = 0 };
	unsigned int looks = 0;
	struct play p;
	msec age;

	begin(&p, life);
	while (a.act != MOAT_ACT_CONDEMN && p.now < BEGIN_MS + HOUR) {
		msec next = p.now + SECOND;	/* moatd looks at least so often */

		pass(&p, a.until && a.until < next ? a.until : next);
		look(&p);
		moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
		looks++;
	}
	age = p.now - BEGIN_MS;
	check_row(life->name, "why", a.why, life->why);
	if (life->why != MOAT_WHY_NONE) {
		check_row(life->name, "not too soon", age >= life->from, true);
		check_row(life->name, "not too late", age <= life->to, true);
		check_row(life->name, "detect", a.detect + SECOND >= life->from, true);
	}
	/* nor is much looked at */
	check_row(life->name, "looks", looks <= 4 + age / SECOND * 5, true);
}

static void test_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lives) / sizeof(*lives); i++)
		check(&lives[i]);
}

/* A loop is seen over time, not in one long look back: who looks late asks again. */
static void test_late_look(void **state)
{
	static const struct life loop = { "a loop", { { 100, false } }, .vcpus = 1 };
	struct moat_action a;
	struct play p;

	(void)state;
	begin(&p, &loop);
	pass(&p, p.now + 100);
	look(&p);
	moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
	pass(&p, p.now + 5 * SECOND);
	look(&p);
	moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
	assert_int_equal(a.act, MOAT_ACT_NONE);
	/* nor does it count what it did while moatd did not run */
	p.v.lost = 3 * SECOND;
	pass(&p, p.now + 4 * SECOND);
	look(&p);
	moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
	assert_int_equal(a.act, MOAT_ACT_NONE);
	p.v.lost = 0;
	pass(&p, p.now + SECOND);
	look(&p);
	moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
	assert_int_equal(a.act, MOAT_ACT_NONE);
	pass(&p, p.now + SECOND);
	look(&p);
	moat_decide(&p.v, &p.l, &p.slot, p.now, &a);
	assert_int_equal(a.act, MOAT_ACT_CONDEMN);
}

/* A standby may take what it needs, as long as it comes further, and then is judged too. */
static void test_standby(void **state)
{
	struct moat_limits l = moat_limits_default;
	struct moat_slot slot = { 0 };
	struct moat_view v = {
		.domain[MOAT_ACTIVE] = { .domid = 7, .ready = true },
		.domain[MOAT_STANDBY] = { .domid = 8, .vcpus = 1 },
		.recorded = 7, .standby_made = 1,
	};
	struct moat_view_domain *standby = &v.domain[MOAT_STANDBY];
	struct moat_action a;
	msec now = BEGIN_MS;

	(void)state;
	for (; now < BEGIN_MS + HOUR; now += SECOND) {
		v.domain[MOAT_ACTIVE].heartbeat++;
		standby->vcpu[0].ran += 10;	/* of a processor that others have */
		standby->counted_at = now;
		moat_decide(&v, &l, &slot, now, &a);
		assert_int_equal(a.act, MOAT_ACT_NONE);
	}
	/* its init lives: that is a step, and the limit begins anew */
	standby->heartbeat = 1;
	for (int i = 0; i < 59; i++, now += SECOND) {
		v.domain[MOAT_ACTIVE].heartbeat++;
		standby->heartbeat++;
		standby->vcpu[0].ran += SECOND;
		standby->counted_at = now;
		moat_decide(&v, &l, &slot, now, &a);
		assert_int_equal(a.act, MOAT_ACT_NONE);
	}
	standby->ready = true;
	for (int i = 0; i < 4 && a.act == MOAT_ACT_NONE; i++, now += SECOND) {
		v.domain[MOAT_ACTIVE].heartbeat++;
		standby->vcpu[0].ran += SECOND;
		standby->counted_at = now;
		moat_decide(&v, &l, &slot, now, &a);
	}
	assert_int_equal(a.act, MOAT_ACT_DESTROY);
	assert_int_equal(a.role, MOAT_STANDBY);
	assert_int_equal(a.why, MOAT_WHY_HEARTBEAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_late_look),
		cmocka_unit_test(test_standby),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
