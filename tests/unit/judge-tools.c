// SPDX-License-Identifier: GPL-2.0
/*
 * moatd's decision: what it makes of single views, and of a few in a row.
 */
#include "world.h"

#include <string.h>

#define SPAN_MS 1000000

struct row {
	const char *name;
	struct moat_view_domain dom;
	msec beat_age;
	enum moat_trouble trouble;
	msec lost;
	enum moat_act act;
	enum moat_why why;
};

static const struct row rows[] = {
	{ .name = "healthy", .act = MOAT_ACT_NONE },
	{ .name = "crashed", .dom = { .ended = true, .crashed = true },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_CRASH },
	{ .name = "shut down", .dom = { .ended = true },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_GONE },
	{ .name = "suspended, with a device", .dom = { .suspended = true },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_GONE },
	{ .name = "heartbeat at its limit", .beat_age = 10000,
	  .act = MOAT_ACT_NONE },
	{ .name = "heartbeat past its limit", .beat_age = 10001,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_HEARTBEAT },
	{ .name = "heartbeat old, but we did not run", .beat_age = 60000,
	  .lost = 58000, .act = MOAT_ACT_NONE },
	{ .name = "heartbeat older than we did not run", .beat_age = 60000,
	  .lost = 40000, .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_HEARTBEAT },
	{ .name = "poller at its limit", .dom = { .poller = 5000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "poller past its limit", .dom = { .poller = 5001 },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_POLLER },
	{ .name = "slow device", .dom = { .device = 59000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "dead device", .dom = { .device = 60001 },
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_DEVICE },
	{ .name = "a stall alone", .trouble = MOAT_TROUBLE_IS_STALL,
	  .act = MOAT_ACT_NONE },
	{ .name = "a stall with a slow device",
	  .trouble = MOAT_TROUBLE_IS_STALL, .dom = { .device = 59000 },
	  .act = MOAT_ACT_NONE },
	{ .name = "a stall and a heartbeat past the shorter limit",
	  .trouble = MOAT_TROUBLE_IS_STALL, .beat_age = 5001,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_HEARTBEAT },
	{ .name = "protocol", .trouble = MOAT_TROUBLE_IS_PROTOCOL,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_PROTOCOL },
	{ .name = "lost device", .trouble = MOAT_TROUBLE_IS_DEVICE,
	  .act = MOAT_ACT_CONDEMN, .why = MOAT_WHY_DEVICE },
};

/* A slot in which all is well but for what the row says. */
static void check(const struct row *row)
{
	struct moat_limits l = moat_limits_default;
	struct moat_view_disk disk = {
		.app = APP, .device = 51712, .backend = 7, .able = true,
		.awake = true, .served = true, .connected = true,
		.front_state = 4, .back_state = 4, .front = MOAT_FRONT_IS_UP,
	};
	struct moat_view v = {
		.domain[MOAT_ACTIVE] = { .domid = 7, .ready = true },
		.recorded = 7, .pcis = 1,
		.pci[0] = { .domid = 7, .assignable = true },
		.disks = &disk, .count = 1,
	};
	struct moat_slot slot = { 0 };
	struct moat_action a;

	l.standby = false;
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	check_row(row->name, "first act", a.act, MOAT_ACT_NONE);
	v.domain[MOAT_ACTIVE] = row->dom;
	v.domain[MOAT_ACTIVE].domid = 7;
	v.domain[MOAT_ACTIVE].ready = true;
	v.lost = row->lost;
	disk.trouble = row->trouble;
	moat_decide(&v, &l, &slot, SPAN_MS + row->beat_age, &a);
	check_row(row->name, "act", a.act, row->act);
	check_row(row->name, "why", a.why, row->why);
	if (row->why == MOAT_WHY_HEARTBEAT)
		check_row(row->name, "detect", a.detect,
			  row->beat_age - row->lost);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* A slot of two disks in which all is well; the cases below spoil it. */
static struct moat_view_disk two[2];

static struct moat_view well(void)
{
	for (int i = 0; i < 2; i++)
		two[i] = (struct moat_view_disk) {
			.app = APP + i, .device = 51712, .backend = 7,
			.able = true, .awake = true, .served = true,
			.connected = true, .front_state = 4, .back_state = 4,
			.front = MOAT_FRONT_IS_UP,
		};
	return (struct moat_view) {
		.domain[MOAT_ACTIVE] = { .domid = 7, .ready = true },
		.recorded = 7, .pcis = 1, .disks = two, .count = 2,
		.pci[0] = { .domid = 7, .assignable = true },
	};
}

static struct moat_action decide_once(const struct moat_view *v)
{
	struct moat_limits l = moat_limits_default;
	struct moat_slot slot = { 0 };
	struct moat_action a;

	l.standby = false;
	for (size_t i = 0; i < v->count; i++)
		v->disks[i].kept = (struct moat_disk_memory) { 0 };
	moat_decide(v, &l, &slot, SPAN_MS, &a);
	return a;
}

struct life {
	struct moat_view v;
	struct moat_limits l;
	struct moat_slot slot;
	msec now;
};

static struct life begin(void)
{
	struct life s = { .v = well(), .l = moat_limits_default, .now = SPAN_MS };

	s.l.standby = false;
	return s;
}

/* The domain lives for so long, and its health is what it is. */
static struct moat_action live(struct life *s, msec span)
{
	struct moat_action a;

	for (msec end = s->now + span; s->now < end;) {
		s->now += 100;
		s->v.domain[MOAT_ACTIVE].heartbeat++;
		moat_decide(&s->v, &s->l, &s->slot, s->now, &a);
		if (a.act != MOAT_ACT_NONE)
			return a;
	}
	return a;
}

/* A stall that the back end denies: connected anew, then a complaint as others. */
static void test_denied_stall(void **state)
{
	struct life s = begin();

	(void)state;
	two[0].trouble = MOAT_TROUBLE_IS_STALL;
	assert_int_equal(live(&s, 4900).act, MOAT_ACT_NONE);
	/* a device that has something to do, and does it, is slow */
	s.v.domain[MOAT_ACTIVE].device = 3;
	assert_int_equal(live(&s, 600000).act, MOAT_ACT_NONE);
	s.v.domain[MOAT_ACTIVE].device = 0;
	assert_int_equal(live(&s, 5000).act, MOAT_ACT_NONE);
	assert_int_equal(live(&s, 1000).act, MOAT_ACT_RECONNECT);
	/* one of two is not believed, and not asked for more than its own disk */
	assert_int_equal(live(&s, 5000).act, MOAT_ACT_NONE);
	assert_int_equal(live(&s, 1000).act, MOAT_ACT_RECONNECT);
	two[1].trouble = MOAT_TROUBLE_IS_STALL;
	two[1].kept = two[0].kept;
	assert_int_equal(live(&s, 5000).act, MOAT_ACT_NONE);
	assert_int_equal(live(&s, 1000).act, MOAT_ACT_CONDEMN);
}

static void test_suspended(void **state)
{
	struct moat_limits l = moat_limits_default;
	struct moat_slot slot = { 0 };
	struct moat_view v = well();
	struct moat_action a;

	(void)state;
	l.standby = false;
	v.pcis = 0;
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	v.domain[MOAT_ACTIVE].suspended = true;
	moat_decide(&v, &l, &slot, SPAN_MS + 60000, &a);
	assert_int_equal(a.act, MOAT_ACT_NONE);
	assert_int_equal(a.until, SPAN_MS + 60001);
	moat_decide(&v, &l, &slot, SPAN_MS + 60001, &a);
	assert_int_equal(a.act, MOAT_ACT_CONDEMN);
	assert_int_equal(a.why, MOAT_WHY_GONE);
	/* a person does not wait for that */
	v.wish = MOAT_WISH_RESTART;
	a = decide_once(&v);
	assert_int_equal(a.act, MOAT_ACT_CONDEMN);
	assert_int_equal(a.why, MOAT_WHY_RESTART);
	/* after it has run again for a moment it may be saved again */
	v.wish = MOAT_WISH_NONE;
	v.domain[MOAT_ACTIVE].suspended = false;
	moat_decide(&v, &l, &slot, SPAN_MS + 70000, &a);
	v.domain[MOAT_ACTIVE].suspended = true;
	moat_decide(&v, &l, &slot, SPAN_MS + 130000, &a);
	assert_int_equal(a.act, MOAT_ACT_NONE);
}

static void test_stray_hold(void **state)
{
	struct moat_view v = well();

	(void)state;
	two[1].hold = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RELEASE);
}

/* Two are believed together; one who has used up his credit is no second. */
static void test_two_complain(void **state)
{
	struct moat_view v = well();

	(void)state;
	two[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
	two[1].trouble = MOAT_TROUBLE_IS_DEVICE;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CONDEMN);
	two[1].complaints = 3;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
	two[0].complaints = 3;
	two[1].complaints = 0;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
}

/* Two domains of one VM are one voice, and nobody else to be hurt. */
static void test_one_vm(void **state)
{
	struct moat_view v = well();

	(void)state;
	for (int i = 0; i < 2; i++) {
		two[i].trouble = MOAT_TROUBLE_IS_PROTOCOL;
		strcpy(two[i].vm, "a");
	}
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CONDEMN);
	assert_true(decide_once(&v).no_crash);
	two[0].complaints = two[1].complaints = 3;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
}

/* The domain lives for so long, and nothing comes of it. */
static void nothing_for(struct life *s, msec span)
{
	assert_int_equal(live(s, span).act, MOAT_ACT_NONE);
}

/* A device that the storage domain itself says has gone is nobody's claim. */
static void test_lost_device(void **state)
{
	struct moat_view v = well();

	(void)state;
	two[1].trouble = MOAT_TROUBLE_IS_DEVICE;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
	two[1].deviceless = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CONDEMN);
	assert_int_equal(decide_once(&v).why, MOAT_WHY_DEVICE);
	assert_false(moat_disk_complains(&two[1], 7));
	/* whatever its VM's word is worth */
	two[1].complaints = 3;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CONDEMN);
	assert_true(decide_once(&v).no_crash);
	/* nor is it anybody's second voice */
	two[1].complaints = 0;
	two[1].closing = true;
	two[0].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_RECONNECT);
}

/* One that goes again and again costs the others a pause ever less often. */
static void test_lost_device_again(void **state)
{
	struct life s = begin();
	static const msec pauses[] = { 60000, 120000, 240000, 300000, 300000 };

	(void)state;
	two[1].trouble = MOAT_TROUBLE_IS_DEVICE;
	two[1].deviceless = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		nothing_for(&s, pauses[i]);
		assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	}
	/* behind an hour of peace it is another story */
	two[1].trouble = MOAT_TROUBLE_IS_NONE;
	two[1].deviceless = false;
	nothing_for(&s, MOAT_COMPLAINT_WINDOW_MS);
	two[1].trouble = MOAT_TROUBLE_IS_DEVICE;
	two[1].deviceless = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	nothing_for(&s, 60000);
	/* what a person has in hand is not counted */
	s.v.maintenance = true;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_NONE);
	s.v.maintenance = false;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	nothing_for(&s, 120000);
}

/* Two disks of one device have no more than one of their own. */
static void test_lost_device_of_two(void **state)
{
	struct life s = begin();

	(void)state;
	for (int i = 0; i < 2; i++) {
		two[i].trouble = MOAT_TROUBLE_IS_DEVICE;
		two[i].deviceless = true;
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	nothing_for(&s, 60000);
	assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
}

/* A disk that alone was connected anew, and then has no device there. */
static void test_device_not_found_again(void **state)
{
	struct life s = begin();

	(void)state;
	two[1].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_RECONNECT);
	two[1].trouble = MOAT_TROUBLE_IS_NONE;
	two[1].connected = false;
	nothing_for(&s, 600000);
	two[1].failed = true;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_CONDEMN);
	/* nor does the domain that comes then find it: now it is that disk's trouble */
	s.v.recovery.on = true;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_PHASE);
	s.v.recovery.on = false;
	nothing_for(&s, 600000);
	/* and whoever has none cannot make it one of those by a claim */
	two[1].trouble = MOAT_TROUBLE_IS_PROTOCOL;
	assert_int_equal(live(&s, 100).act, MOAT_ACT_RECONNECT);
	two[1].trouble = MOAT_TROUBLE_IS_NONE;
	nothing_for(&s, 600000);
}

static void test_job_in_the_way(void **state)
{
	struct moat_view v = well();

	(void)state;
	v.domain[MOAT_ACTIVE].condemned = true;
	v.job[MOAT_ACTIVE] = MOAT_JOB_ATTACH;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_KILL);
	/* one that does not end is killed once, and then not waited for */
	v.killed[MOAT_ACTIVE] = SPAN_MS - 5000;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	assert_int_equal(decide_once(&v).until, SPAN_MS + 1);
	v.killed[MOAT_ACTIVE] = SPAN_MS - 5001;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_ABANDON);
	v.job[MOAT_ACTIVE] = MOAT_JOB_DESTROY;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_ABANDON);
	v.killed[MOAT_ACTIVE] = 0;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
}

static void test_busy_device(void **state)
{
	struct moat_view v = well();

	(void)state;
	v.pci[0] = (struct moat_view_pci) { .assignable = true, .busy = true };
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	assert_true(decide_once(&v).until > SPAN_MS);
	v.pci[0].busy = false;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_ATTACH);
}

/* What is missing of two PCI devices keeps nobody from the other. */
static void test_device_missing(void **state)
{
	struct moat_view v = well();
	struct moat_slot slot = { 0 };
	struct moat_limits l = moat_limits_default;
	struct moat_action a;

	(void)state;
	v.pcis = 2;
	v.pci[1].absent = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	/* its standby is made, though the recovery is not over */
	v.recovery = (struct moat_view_recovery) {
		.on = true, .why = MOAT_WHY_CRASH, .old = 6, .phase = { 1 } };
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	assert_int_equal(a.act, MOAT_ACT_CREATE);
	assert_int_equal(a.role, MOAT_STANDBY);
	v.domain[MOAT_ACTIVE].heartbeat++;
	moat_decide(&v, &l, &slot, SPAN_MS + 1000000, &a);
	assert_int_not_equal(a.act, MOAT_ACT_CONDEMN);
	/* it comes back */
	v.pci[1].absent = false;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_ASSIGN);
	v.pci[1].assignable = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_ATTACH);
	/* one that cannot be attached lets the other have its turn */
	v.pci[0].domid = 0;
	slot = (struct moat_slot) { 0 };
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	assert_int_equal(a.act, MOAT_ACT_ATTACH);
	assert_int_equal(a.index, 0);
	moat_slot_job_ended(&slot, MOAT_ACTIVE, MOAT_JOB_ATTACH, false, SPAN_MS);
	moat_decide(&v, &l, &slot, SPAN_MS + 1000, &a);
	assert_int_equal(a.act, MOAT_ACT_ATTACH);
	assert_int_equal(a.index, 1);
}

/* An attachment to a domain that was about to go does not change the order of the next one's. */
static void test_devices_in_order(void **state)
{
	struct moat_view v = well();
	struct moat_slot slot = { 0 };
	struct moat_limits l = moat_limits_default;
	struct moat_view_domain old = v.domain[MOAT_ACTIVE];
	struct moat_action a;

	(void)state;
	v.pcis = 2;
	v.pci[0] = v.pci[1] = (struct moat_view_pci) { .assignable = true };
	moat_decide(&v, &l, &slot, SPAN_MS, &a);
	assert_int_equal(a.act, MOAT_ACT_ATTACH);
	moat_slot_job_ended(&slot, MOAT_ACTIVE, MOAT_JOB_ATTACH, false, SPAN_MS);
	v.recovery = (struct moat_view_recovery) {
		.on = true, .why = MOAT_WHY_CRASH, .old = old.domid, .phase = { 1 } };
	v.domain[MOAT_ACTIVE].domid = 0;
	v.domain[MOAT_STANDBY] = old;
	v.domain[MOAT_STANDBY].domid++;
	moat_decide(&v, &l, &slot, SPAN_MS + 1000, &a);
	assert_int_equal(a.act, MOAT_ACT_PROMOTE);
	v.domain[MOAT_ACTIVE] = v.domain[MOAT_STANDBY];
	v.domain[MOAT_STANDBY].domid = 0;
	v.recorded = v.domain[MOAT_ACTIVE].domid;
	moat_decide(&v, &l, &slot, SPAN_MS + 2000, &a);
	assert_int_equal(a.act, MOAT_ACT_ATTACH);
	assert_int_equal(a.index, 0);
}

/* And nobody waits for it with a new domain. */
static void test_create_without(void **state)
{
	struct moat_view v = well();

	(void)state;
	v.domain[MOAT_ACTIVE].domid = 0;
	v.pcis = 2;
	v.pci[0].domid = 0;
	v.pci[1].absent = true;
	v.recovery = (struct moat_view_recovery) {
		.on = true, .why = MOAT_WHY_CRASH, .old = 7, .phase = { 1 } };
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CREATE);
	v.pci[1] = (struct moat_view_pci) { .domid = 3, .foreign = true };
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CREATE);
}

/* A standby on its way is waited for, be it visible yet or not. */
static void test_standby_coming(void **state)
{
	struct moat_view v = well();

	(void)state;
	v.domain[MOAT_ACTIVE].domid = 0;
	v.pci[0].domid = 0;
	v.recovery = (struct moat_view_recovery) {
		.on = true, .why = MOAT_WHY_CRASH, .old = 7, .phase = { 1 } };
	v.job[MOAT_STANDBY] = MOAT_JOB_CREATE;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	v.job[MOAT_STANDBY] = MOAT_JOB_NONE;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_CREATE);
}

/* What is being detached is neither moved nor missed, once that is noted. */
static void test_detached(void **state)
{
	struct moat_view v = well();

	(void)state;
	two[1].offline = two[1].closing = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_DETACHED);
	/* also before a domain goes that holds the only word of it */
	v.domain[MOAT_ACTIVE].condemned = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_DETACHED);
	v.domain[MOAT_ACTIVE].condemned = false;
	two[1].detached = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	two[1].orphan = two[1].torn = true;
	two[1].backend = 6;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	two[1].closing = false;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_REPOINT);
}

/* One that no front end has come to is moved from the dead, and else xl's business. */
static void test_fresh(void **state)
{
	struct moat_view v = well();

	(void)state;
	two[1].able = two[1].connected = false;
	two[1].fresh = two[1].torn = true;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	two[1].orphan = true;
	two[1].backend = 6;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_REPOINT);
	two[1].fresh = false;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_LEAVE);
}

/* A disk that its front end refuses is neither waited for nor a fault. */
static void test_refused(void **state)
{
	struct moat_view v = well();
	struct moat_action a;

	(void)state;
	v.recovery = (struct moat_view_recovery) {
		.on = true, .why = MOAT_WHY_CRASH, .old = 6,
		.phase = { 1, 2, 3, 4 } };
	two[1].front = MOAT_FRONT_IS_WAITING;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_NONE);
	two[1].trouble = MOAT_TROUBLE_IS_REFUSED;
	assert_int_equal(decide_once(&v).act, MOAT_ACT_PHASE);
	v.recovery.phase[MOAT_PHASE_REPLAY] = 5;
	a = decide_once(&v);
	assert_int_equal(a.act, MOAT_ACT_REPORT);
	assert_int_equal(a.index, 1);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < MOAT_WHYS; i++)
		assert_int_equal(moat_why_parse(moat_why_name(i)), i);
	assert_int_equal(moat_why_parse("x"), MOAT_WHY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_denied_stall),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_stray_hold),
		cmocka_unit_test(test_two_complain),
		cmocka_unit_test(test_one_vm),
		cmocka_unit_test(test_lost_device),
		cmocka_unit_test(test_lost_device_again),
		cmocka_unit_test(test_lost_device_of_two),
		cmocka_unit_test(test_device_not_found_again),
		cmocka_unit_test(test_job_in_the_way),
		cmocka_unit_test(test_busy_device),
		cmocka_unit_test(test_device_missing),
		cmocka_unit_test(test_devices_in_order),
		cmocka_unit_test(test_create_without),
		cmocka_unit_test(test_standby_coming),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
