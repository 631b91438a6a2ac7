// SPDX-License-Identifier: GPL-2.0
/*
 * The threads that serve the rings: one per CPU.
 *
 * A ring, a client here, is served by one poller for its whole life, and its
 * private side is touched by that thread alone: no lock. Others reach the poller
 * through three lock-free lists: of clients that want a visit, of errands that came
 * back from the disk, of clients to be stopped. The poller sleeps when all are
 * empty and no client is active.
 *
 * A client becomes active by an event, by an errand that came back, or because its
 * settings changed; it stays so as long as the policy (core/spin.h) says "look
 * again". Mode event and mode spin are nothing but the two extremes of the policy.
 *
 * A turn has two parts, and each carries so much and no more (core/fair.h): errands
 * that came back are ended; all active clients are visited, and from those that have
 * requests some are taken. What of both a turn does not carry waits for the next.
 * In both it is the tenants that are served by turns, then their clients: who has
 * more disks, or larger requests, has no more for that.
 *
 * What a client is, and what an errand, is known only to those who made them: they
 * are called through moat_poller_ops.
 *
 * A turn waits for nothing: not for a device, nor for memory, its own or what the
 * kernel allocates on the way to the disk. Who lacks something is put off, to be
 * looked at again soon.
 *
 * When a CPU goes offline the scheduler moves its poller elsewhere; when it
 * comes back the poller returns. A module parameter to say how many pollers
 * there are has not been missed yet.
 */
#include "poller.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>

#include "ping.h"

/* What is put off is looked at again after so long. */
#define RETRY_JIFFIES (HZ / 100 ? HZ / 100 : 1)

static DEFINE_PER_CPU(struct moat_poller *, pollers);

/* Guards the assignment of clients to pollers, and who the pollers are. */
static DEFINE_MUTEX(pollers_lock);

static int cpuhp_state;
static const struct moat_poller_ops *poller_ops;

/* ---- what others do to a poller ---- */

/* The list was empty: the poller may sleep, or be about to. Its partner is
 * set_current_state() in poller_sleep(): either it sees the list filled, or we
 * see it sleeping.
 */
static void poller_add(struct moat_poller *poller, struct llist_head *list,
		       struct llist_node *node)
{
	if (llist_add(node, list))
		wake_up_process(poller->task);
}

/**
 * moat_poller_kick() - have a client visited
 * @client: the client
 *
 * Context: any.
 */
void moat_poller_kick(struct moat_client *client)
{
	/* Whoever finds the bit set comes before poller_join_kicked() clears it,
	 * and what he wrote before is seen by the visit behind that.
	 */
	if (!test_and_set_bit(MOAT_CLIENT_KICKED, &client->flags))
		poller_add(client->poller, &client->poller->kicked, &client->kick);
}

/**
 * moat_poller_stop() - have a client stopped
 * @client: the client, once; nobody kicks it any more. Its @stopped is completed
 *	when the poller knows it no more
 *
 * Context: any.
 */
void moat_poller_stop(struct moat_client *client)
{
	poller_add(client->poller, &client->poller->stops, &client->stop);
}

/**
 * moat_poller_done() - hand back an errand
 * @poller: the client's poller
 * @errand: the errand, which may be gone when this returns
 *
 * Context: any.
 */
void moat_poller_done(struct moat_poller *poller, struct moat_errand *errand)
{
	poller_add(poller, &poller->done, &errand->done);
}

/* ---- the poller's own ---- */

/* No lock guards what is its own: nobody else may be here. */
static void poller_assert_own(const struct moat_poller *poller)
{
	lockdep_assert(poller->task == current);
}

/**
 * moat_poller_has_done() - have at least so many come back that are not taken yet?
 * @poller: the caller
 * @n: how many
 *
 * Context: the poller, which alone takes them off the list.
 */
bool moat_poller_has_done(const struct moat_poller *poller, u32 n)
{
	const struct llist_node *node = READ_ONCE(poller->done.first);

	poller_assert_own(poller);
	for (; node && n; n--)
		node = node->next;
	return !n;
}

/**
 * moat_poller_ask() - there are requests to take
 * @client: the client, which is visited; asked to take them when it is its turn
 *
 * Context: the poller.
 */
void moat_poller_ask(struct moat_client *client)
{
	struct moat_share *share = client->share;

	poller_assert_own(client->poller);
	/* Nobody to be fair to. */
	if (list_is_singular(&client->poller->active) && list_empty(&client->asks.link)) {
		client->poller->alone = client;
		return;
	}
	moat_round_join(&share->rings, &client->asks);
	moat_round_join(&client->poller->asking, &share->asks);
}

static bool poller_waits_none(const struct moat_poller *poller)
{
	return list_empty(&poller->deferred) && list_empty(&poller->held);
}

/* From the first on that waits. */
static void poller_set_retry(struct moat_poller *poller)
{
	if (poller_waits_none(poller))
		poller->retry = jiffies + RETRY_JIFFIES;
}

/**
 * moat_poller_hold() - have a client wait until an errand, anybody's, has ended
 * @client: the client, without any of its own
 *
 * Some may be other pollers' errands, so it waits no longer than RETRY_JIFFIES.
 *
 * Context: the poller.
 */
void moat_poller_hold(struct moat_client *client)
{
	struct moat_poller *poller = client->poller;

	poller_assert_own(poller);
	poller_set_retry(poller);
	if (list_empty(&client->held))
		list_add_tail(&client->held, &poller->held);
}

static void poller_unhold(struct moat_poller *poller)
{
	struct moat_client *client, *next;

	list_for_each_entry_safe(client, next, &poller->held, held) {
		list_del_init(&client->held);
		poller->ops->resume(client);
		moat_poller_activate(client);
	}
}

/**
 * moat_poller_ended() - an errand has ended
 * @client: whose it was
 *
 * Context: the poller.
 */
void moat_poller_ended(struct moat_client *client)
{
	struct moat_poller *poller = client->poller;

	poller_assert_own(poller);
	poller->out--;
	if (!list_empty(&poller->held))
		poller_unhold(poller);
}

/**
 * moat_poller_defer() - look at an errand again later
 * @poller: the caller
 * @errand: the errand, in no list
 *
 * Context: the poller.
 */
void moat_poller_defer(struct moat_poller *poller, struct moat_errand *errand)
{
	poller_assert_own(poller);
	poller_set_retry(poller);
	list_add_tail(&errand->link, &poller->deferred);
}

/**
 * moat_poller_activate() - visit a client from now on
 * @client: the client
 *
 * Context: the poller.
 */
void moat_poller_activate(struct moat_client *client)
{
	struct moat_poller *poller = client->poller;

	poller_assert_own(poller);
	if (!list_empty(&client->active))
		return;
	list_add_tail(&client->active, &poller->active);
	if (list_empty(&client->served))
		list_add_tail(&client->served, &poller->serves);
	poller->ops->wake(client);
}

static void poller_join_kicked(struct moat_poller *poller)
{
	struct llist_node *list = llist_del_all(&poller->kicked);
	struct moat_client *client, *next;

	llist_for_each_entry_safe(client, next, llist_reverse_order(list), kick) {
		clear_bit(MOAT_CLIENT_KICKED, &client->flags);
		/* The test_and_set_bit() in moat_poller_kick(): what came before
		 * one that failed, the visit sees.
		 */
		smp_mb__after_atomic();
		moat_poller_activate(client);
	}
}

/* A visit behind this that finds a client kicked finds it in @kicked: the message is
 * the last that came.
 */
static void poller_take_stops(struct moat_poller *poller)
{
	struct llist_node *list = llist_del_all(&poller->stops);
	struct moat_client *client, *next;

	llist_for_each_entry_safe(client, next, list, stop) {
		poller->ops->end(client);
		moat_poller_activate(client);
	}
}

/* Sort by tenant what came back. Where nobody waits yet, what a turn carries of it goes
 * into @errands at once.
 */
static void poller_sort_done(struct moat_poller *poller, struct list_head *errands)
{
	struct llist_node *list = llist_del_all(&poller->done);
	struct moat_errand *errand;
	s32 left = poller->ending.count ? 0 : MOAT_FAIR_TURN;

	llist_for_each_entry(errand, llist_reverse_order(list), done) {
		struct moat_share *share = errand->client->share;

		if (left > 0) {
			left -= errand->cost;
			list_add_tail(&errand->link, errands);
			continue;
		}
		list_add_tail(&errand->link, &share->done);
		moat_round_join(&poller->ending, &share->ends);
	}
}

/* Move some from one list to another, of so many pages but for the last. */
static s32 errands_move(struct list_head *from, struct list_head *to, s32 most)
{
	s32 cost = 0;

	while (cost < most && !list_empty(from)) {
		struct moat_errand *errand = list_first_entry(from, struct moat_errand, link);

		list_move_tail(&errand->link, to);
		cost += errand->cost;
	}
	return cost;
}

/* By turns, of those who wait. */
static void poller_pick_done(struct moat_poller *poller, struct list_head *errands)
{
	s32 left = MOAT_FAIR_TURN, cost;
	struct moat_flow *flow;

	while (left > 0 && (flow = moat_round_next(&poller->ending))) {
		struct moat_share *share = container_of(flow, struct moat_share, ends);

		cost = errands_move(&share->done, errands, min(left, flow->fair.credit));
		left -= cost;
		moat_round_charge(&poller->ending, flow, cost);
		if (list_empty(&share->done))
			moat_round_leave(&poller->ending, flow);
	}
}

static void poller_take_done(struct moat_poller *poller)
{
	LIST_HEAD(errands);

	if (!llist_empty(&poller->done))
		poller_sort_done(poller, &errands);
	if (list_empty(&errands))
		poller_pick_done(poller, &errands);
	if (!list_empty(&errands))
		poller->ops->done(poller, &errands);
}

static void poller_retry(struct moat_poller *poller)
{
	LIST_HEAD(errands);

	if (!poller_waits_none(poller) && !time_before(jiffies, poller->retry)) {
		list_splice_tail_init(&poller->deferred, &poller->due);
		poller_unhold(poller);
	}
	if (list_empty(&poller->due))
		return;
	errands_move(&poller->due, &errands, MOAT_FAIR_TURN);
	poller->ops->retry(poller, &errands);
}

static void poller_unask(struct moat_client *client)
{
	struct moat_share *share = client->share;

	if (client->poller->alone == client)
		client->poller->alone = NULL;
	moat_round_leave(&share->rings, &client->asks);
	if (!share->rings.count)
		moat_round_leave(&client->poller->asking, &share->asks);
}

static void poller_visit(struct moat_poller *poller)
{
	struct moat_client *client, *next;
	enum moat_client_verdict verdict;

	list_for_each_entry_safe(client, next, &poller->active, active) {
		verdict = poller->ops->visit(client);
		if (verdict == MOAT_CLIENT_STAY)
			continue;
		list_del_init(&client->active);
		poller_unask(client);
		if (verdict != MOAT_CLIENT_FORGET)
			continue;
		list_del_init(&client->served);
		list_del_init(&client->held);
		/* Whoever waits for it may free the client at once. */
		complete(&client->stopped);
	}
}

/* Each client once a turn: what it then has to take is for the next. But where several
 * tenants ask, one that has more stays, for what it leaves of its part of the turn would
 * be another's.
 *
 * And one that has no more ends the turn: what he waits for is not to stand behind what the
 * others take. Not twice running, or they would take nothing where somebody always wants
 * little.
 */
static void poller_serve(struct moat_poller *poller)
{
	bool contested = poller->asking.count > 1, brief = contested && !poller->brief;
	s32 left = MOAT_FAIR_TURN;
	struct moat_client *alone = poller->alone, *client;
	struct moat_flow *flow, *ring;
	u32 cost;

	poller->alone = NULL;
	poller->brief = false;
	if (alone)
		poller->ops->take(alone, MOAT_FAIR_TURN);
	while (left > 0 && (flow = moat_round_next(&poller->asking))) {
		struct moat_share *share = container_of(flow, struct moat_share, asks);

		ring = moat_round_next(&share->rings);
		client = container_of(ring, struct moat_client, asks);
		cost = poller->ops->take(client, min3(left, flow->fair.credit, ring->fair.credit));
		left -= cost;
		moat_round_charge(&share->rings, ring, cost);
		if (!contested || !poller->ops->waits(client))
			moat_round_leave(&share->rings, ring);
		moat_round_charge(&poller->asking, flow, cost);
		if (share->rings.count)
			continue;
		moat_round_leave(&poller->asking, flow);
		if (brief) {
			poller->brief = true;
			break;
		}
	}
}

/* What came back before the ping has been taken off the lists by now. */
static void poller_answer(struct moat_poller *poller)
{
	struct moat_client *client;
	u64 age = 0;

	if (!moat_ping_asked(poller->seen))
		return;
	poller->seen = moat_ping_current();
	list_for_each_entry(client, &poller->serves, served)
		age = max(age, poller->ops->ping(client));
	WRITE_ONCE(poller->device_ns, age);
	moat_ping_answered();
}

static void poller_sleep(struct moat_poller *poller)
{
	long timeout = poller_waits_none(poller) ? MAX_SCHEDULE_TIMEOUT : RETRY_JIFFIES;

	/* Orders the state before the looks at the lists and at the ping; its
	 * partners are what comes before wake_up_process() in poller_add() and in
	 * moat_pollers_ping().
	 */
	set_current_state(TASK_IDLE);
	if (llist_empty(&poller->kicked) && llist_empty(&poller->stops) &&
	    llist_empty(&poller->done) && !moat_ping_asked(poller->seen) &&
	    !kthread_should_stop())
		schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
}

/* Has it nothing to do until something comes? */
static bool poller_idle(const struct moat_poller *poller)
{
	return list_empty(&poller->active) && !poller->ending.count &&
	       list_empty(&poller->due);
}

static int poller_run(void *data)
{
	struct moat_poller *poller = data;
	unsigned int scope = memalloc_noio_save();

	while (!kthread_should_stop()) {
		poller->now = ktime_get_ns();
		poller->busy = need_resched() || !single_task_running();
		poller_join_kicked(poller);
		if (!llist_empty(&poller->stops))
			poller_take_stops(poller);
		poller_take_done(poller);
		poller_retry(poller);
		poller_visit(poller);
		poller_serve(poller);
		poller_answer(poller);
		if (poller_idle(poller))
			poller_sleep(poller);
		/* A spinner is no idle loop: RCU, of both kinds, must get its
		 * quiescent states, and whoever else is runnable his turn.
		 */
		cond_resched_tasks_rcu_qs();
	}
	memalloc_noio_restore(scope);
	return 0;
}

/* ---- assignment ---- */

static struct moat_poller *poller_choose(void)
{
	struct moat_poller *poller, *best = NULL;
	unsigned int cpu;

	lockdep_assert_held(&pollers_lock);
	for_each_online_cpu(cpu) {
		poller = per_cpu(pollers, cpu);
		if (poller && (!best || poller->nr_clients < best->nr_clients))
			best = poller;
	}
	return best;
}

static int poller_enter(struct moat_client *client, domid_t domid)
{
	struct moat_poller *poller = poller_choose();

	lockdep_assert_held(&pollers_lock);
	client->share = moat_share_get(&poller->shares, domid);
	if (!client->share)
		return -ENOMEM;
	client->poller = poller;
	poller->nr_clients++;
	return 0;
}

/**
 * moat_poller_join() - find the poller for a new client
 * @client: the client, zeroed; from here on it may be kicked, and must be stopped
 * @domid: its tenant
 *
 * That is the one that serves the fewest.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int moat_poller_join(struct moat_client *client, domid_t domid)
{
	int err;

	might_sleep();
	init_completion(&client->stopped);
	INIT_LIST_HEAD(&client->active);
	INIT_LIST_HEAD(&client->served);
	INIT_LIST_HEAD(&client->held);
	moat_flow_init(&client->asks);
	cpus_read_lock();
	mutex_lock(&pollers_lock);
	err = poller_enter(client, domid);
	mutex_unlock(&pollers_lock);
	cpus_read_unlock();
	if (err)
		return err;
	err = moat_foreign_fill(&client->poller->transfer.foreign);
	if (err)
		moat_poller_leave(client);
	return err;
}

/**
 * moat_poller_leave() - a client is gone
 * @client: the client, stopped or never kicked
 *
 * Context: process, may sleep.
 */
void moat_poller_leave(struct moat_client *client)
{
	mutex_lock(&pollers_lock);
	client->poller->nr_clients--;
	moat_share_put(client->share);
	mutex_unlock(&pollers_lock);
}

/* ---- health ---- */

/**
 * moat_pollers_ping() - have every poller take a turn and say so
 *
 * Context: process, may sleep.
 */
void moat_pollers_ping(void)
{
	struct moat_poller *poller;
	unsigned int cpu, count = 0;

	mutex_lock(&pollers_lock);
	for_each_possible_cpu(cpu)
		count += !!per_cpu(pollers, cpu);
	if (count)
		moat_ping_begin(count);
	for_each_possible_cpu(cpu) {
		poller = per_cpu(pollers, cpu);
		if (poller)
			wake_up_process(poller->task);
	}
	mutex_unlock(&pollers_lock);
}

/**
 * moat_pollers_device_age() - for how long has a device, with work to do, done nothing?
 *
 * As of the last ping that was answered.
 *
 * Context: process, may sleep.
 * Return: nanoseconds, of the one that is worst; 0: none has work.
 */
u64 moat_pollers_device_age(void)
{
	unsigned int cpu;
	u64 age = 0;

	mutex_lock(&pollers_lock);
	for_each_possible_cpu(cpu)
		if (per_cpu(pollers, cpu))
			age = max(age, READ_ONCE(per_cpu(pollers, cpu)->device_ns));
	mutex_unlock(&pollers_lock);
	return age;
}

/* ---- life ---- */

static struct moat_poller *poller_create(unsigned int cpu)
{
	struct moat_poller *poller;

	poller = kzalloc_node(sizeof(*poller), GFP_KERNEL, cpu_to_node(cpu));
	if (!poller)
		return ERR_PTR(-ENOMEM);
	poller->cpu = cpu;
	poller->ops = poller_ops;
	moat_transfer_init(&poller->transfer);
	init_llist_head(&poller->kicked);
	init_llist_head(&poller->stops);
	init_llist_head(&poller->done);
	INIT_LIST_HEAD(&poller->active);
	INIT_LIST_HEAD(&poller->serves);
	INIT_LIST_HEAD(&poller->held);
	INIT_LIST_HEAD(&poller->deferred);
	INIT_LIST_HEAD(&poller->due);
	INIT_LIST_HEAD(&poller->shares);
	moat_round_init(&poller->asking);
	moat_round_init(&poller->ending);
	poller->task = kthread_create_on_node(poller_run, poller, cpu_to_node(cpu),
					      "moat-back/%u", cpu);
	if (IS_ERR(poller->task)) {
		void *err = poller->task;

		kfree(poller);
		return err;
	}
	kthread_bind(poller->task, cpu);
	return poller;
}

/* A CPU has come online, or the module has been loaded. */
static int poller_online(unsigned int cpu)
{
	struct moat_poller *poller = per_cpu(pollers, cpu);

	if (poller)
		return set_cpus_allowed_ptr(poller->task, cpumask_of(cpu));
	poller = poller_create(cpu);
	if (IS_ERR(poller))
		return PTR_ERR(poller);
	mutex_lock(&pollers_lock);
	/* A round that is under way does not count on it. */
	poller->seen = moat_ping_current();
	per_cpu(pollers, cpu) = poller;
	mutex_unlock(&pollers_lock);
	wake_up_process(poller->task);
	return 0;
}

static void pollers_destroy(void)
{
	struct moat_poller *poller;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		mutex_lock(&pollers_lock);
		poller = per_cpu(pollers, cpu);
		per_cpu(pollers, cpu) = NULL;
		mutex_unlock(&pollers_lock);
		if (!poller)
			continue;
		kthread_stop(poller->task);
		moat_transfer_deinit(&poller->transfer);
		kfree(poller);
	}
}

/**
 * moat_pollers_init() - start the pollers
 * @ops: what they call
 *
 * Return: 0 or a negative errno.
 */
int moat_pollers_init(const struct moat_poller_ops *ops)
{
	int ret;

	poller_ops = ops;
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "block/moat-back:online",
				poller_online, NULL);
	if (ret < 0) {
		pollers_destroy();
		return ret;
	}
	cpuhp_state = ret;
	return 0;
}

/**
 * moat_pollers_deinit() - stop the pollers
 *
 * They serve nobody any more. Whoever handed back the last errands may yet be behind
 * llist_add() in poller_add(), interrupted or preempted: he is waited for, before
 * the thread that he wakes and the text that he runs go.
 */
void moat_pollers_deinit(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
	cpuhp_remove_state_nocalls(cpuhp_state);
	pollers_destroy();
}
