// SPDX-License-Identifier: GPL-2.0
/*
 * The threads that serve the rings: one per CPU.
 *
 * A ring is served by one poller for its whole life, and its private side is
 * touched by that thread alone: no lock. Others reach the poller through three
 * lock-free lists: of rings that want a visit, of jobs that the disk has done, of
 * rings to be stopped. The poller sleeps when all are empty and no ring is active.
 *
 * A ring becomes active by an event, by a job that is done, or because its
 * settings changed; it stays so as long as the policy (core/spin.h) says "look
 * again". All active rings are visited in turn, each for a limited number of
 * requests, so a busy one cannot starve the others. Mode event and mode spin
 * are nothing but the two extremes of the policy.
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
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>

#include "health.h"
#include "job.h"
#include "queue.h"

/* Jobs wait for memory, or for a page that is held, this long. */
#define RETRY_JIFFIES (HZ / 100 ? HZ / 100 : 1)

static DEFINE_PER_CPU(struct moat_poller *, pollers);

/* Guards the assignment of rings to pollers, and who the pollers are. */
static DEFINE_MUTEX(pollers_lock);

static int cpuhp_state;

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
 * moat_poller_kick() - have a ring visited
 * @poller: its poller
 * @queue: the ring
 *
 * Context: any.
 */
void moat_poller_kick(struct moat_poller *poller, struct moat_queue *queue)
{
	/* Whoever finds the bit set comes before poller_join_kicked() clears it,
	 * and what he wrote before is seen by the visit behind that.
	 */
	if (!test_and_set_bit(MOAT_QUEUE_KICKED, &queue->flags))
		poller_add(poller, &poller->kicked, &queue->kick);
}

/**
 * moat_poller_stop() - have a ring stopped
 * @poller: its poller, which completes the ring's @stopped when it knows the ring
 *	no more
 * @queue: the ring, once; nobody kicks it any more
 *
 * Context: any.
 */
void moat_poller_stop(struct moat_poller *poller, struct moat_queue *queue)
{
	poller_add(poller, &poller->stops, &queue->stop);
}

/**
 * moat_poller_done() - hand back a job that the disk has done
 * @poller: its poller
 * @job: the job, which may be gone when this returns
 *
 * Context: any.
 */
void moat_poller_done(struct moat_poller *poller, struct moat_job *job)
{
	poller_add(poller, &poller->done, &job->done);
}

/* ---- the poller's own ---- */

/**
 * moat_poller_has_done() - have at least so many jobs come back that are not taken yet?
 * @poller: the caller
 * @n: how many
 *
 * Context: the poller, which alone takes them off the list.
 */
bool moat_poller_has_done(const struct moat_poller *poller, u32 n)
{
	const struct llist_node *node = READ_ONCE(poller->done.first);

	for (; node && n; n--)
		node = node->next;
	return !n;
}

/**
 * moat_poller_defer() - look at a job again later
 * @poller: the caller
 * @job: the job, in no list
 *
 * Context: the poller.
 */
void moat_poller_defer(struct moat_poller *poller, struct moat_job *job)
{
	if (list_empty(&poller->deferred))
		poller->retry = jiffies + RETRY_JIFFIES;
	list_add_tail(&job->link, &poller->deferred);
}

/**
 * moat_poller_activate() - visit a ring from now on
 * @poller: the caller
 * @queue: the ring
 *
 * Context: the poller.
 */
void moat_poller_activate(struct moat_poller *poller, struct moat_queue *queue)
{
	if (!list_empty(&queue->active))
		return;
	list_add_tail(&queue->active, &poller->active);
	if (list_empty(&queue->served))
		list_add_tail(&queue->served, &poller->serves);
	moat_queue_wake(queue, poller->now);
}

static void poller_join_kicked(struct moat_poller *poller)
{
	struct llist_node *list = llist_del_all(&poller->kicked);
	struct moat_queue *queue, *next;

	llist_for_each_entry_safe(queue, next, llist_reverse_order(list), kick) {
		clear_bit(MOAT_QUEUE_KICKED, &queue->flags);
		/* The test_and_set_bit() in moat_poller_kick(): what came before
		 * one that failed, the visit sees.
		 */
		smp_mb__after_atomic();
		moat_poller_activate(poller, queue);
	}
}

/* Whoever finds a ring kicked in moat_queue_visit(), behind this, finds it in
 * @kicked: the message is the last that came.
 */
static void poller_take_stops(struct moat_poller *poller)
{
	struct llist_node *list = llist_del_all(&poller->stops);
	struct moat_queue *queue, *next;

	llist_for_each_entry_safe(queue, next, list, stop) {
		moat_queue_end(queue);
		moat_poller_activate(poller, queue);
	}
}

static void poller_take_done(struct moat_poller *poller)
{
	struct llist_node *list = llist_del_all(&poller->done);
	struct moat_job *job;
	LIST_HEAD(jobs);

	if (!list)
		return;
	llist_for_each_entry(job, llist_reverse_order(list), done)
		list_add_tail(&job->link, &jobs);
	moat_jobs_done(poller, &jobs);
}

static void poller_retry(struct moat_poller *poller)
{
	LIST_HEAD(jobs);

	if (list_empty(&poller->deferred) || time_before(jiffies, poller->retry))
		return;
	list_splice_init(&poller->deferred, &jobs);
	moat_jobs_retry(poller, &jobs);
}

static void poller_visit(struct moat_poller *poller)
{
	struct moat_queue *queue, *next;
	enum moat_queue_verdict verdict;

	list_for_each_entry_safe(queue, next, &poller->active, active) {
		verdict = moat_queue_visit(queue, poller);
		if (verdict == MOAT_QUEUE_STAY)
			continue;
		list_del_init(&queue->active);
		if (verdict != MOAT_QUEUE_FORGET)
			continue;
		list_del_init(&queue->served);
		/* Whoever waits for it may free the ring at once. */
		complete(&queue->stopped);
	}
}

/* What came back before the ping has been taken off the lists by now. */
static void poller_answer(struct moat_poller *poller)
{
	u64 oldest = poller->now;
	struct moat_queue *queue;

	if (!moat_health_asked(poller->seen))
		return;
	poller->seen = moat_health_current();
	list_for_each_entry(queue, &poller->serves, served)
		oldest = min(oldest, moat_queue_oldest(queue));
	WRITE_ONCE(poller->device_ns, poller->now - oldest);
	moat_health_answered();
}

static void poller_sleep(struct moat_poller *poller)
{
	long timeout = list_empty(&poller->deferred) ? MAX_SCHEDULE_TIMEOUT : RETRY_JIFFIES;

	/* Orders the state before the looks at the lists and at the ping; its
	 * partners are what comes before wake_up_process() in poller_add() and in
	 * moat_pollers_ping().
	 */
	set_current_state(TASK_IDLE);
	if (llist_empty(&poller->kicked) && llist_empty(&poller->stops) &&
	    llist_empty(&poller->done) && !moat_health_asked(poller->seen) &&
	    !kthread_should_stop())
		schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
}

static int poller_run(void *data)
{
	struct moat_poller *poller = data;

	while (!kthread_should_stop()) {
		poller->now = ktime_get_ns();
		poller->busy = need_resched() || !single_task_running();
		poller_join_kicked(poller);
		if (!llist_empty(&poller->stops))
			poller_take_stops(poller);
		poller_take_done(poller);
		poller_retry(poller);
		poller_visit(poller);
		poller_answer(poller);
		if (list_empty(&poller->active))
			poller_sleep(poller);
		/* A spinner is no idle loop: RCU, of both kinds, must get its
		 * quiescent states, and whoever else is runnable his turn.
		 */
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

/* ---- assignment ---- */

/**
 * moat_poller_join() - find the poller for a new ring
 *
 * Context: process, may sleep.
 * Return: the one that serves the fewest rings.
 */
struct moat_poller *moat_poller_join(void)
{
	struct moat_poller *poller, *best = NULL;
	unsigned int cpu;

	cpus_read_lock();
	mutex_lock(&pollers_lock);
	for_each_online_cpu(cpu) {
		poller = per_cpu(pollers, cpu);
		if (poller && (!best || poller->nr_queues < best->nr_queues))
			best = poller;
	}
	best->nr_queues++;
	mutex_unlock(&pollers_lock);
	cpus_read_unlock();
	return best;
}

/**
 * moat_poller_leave() - a ring is gone
 * @poller: from moat_poller_join()
 *
 * Context: process, may sleep.
 */
void moat_poller_leave(struct moat_poller *poller)
{
	mutex_lock(&pollers_lock);
	poller->nr_queues--;
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
		moat_health_begin(count);
	for_each_possible_cpu(cpu) {
		poller = per_cpu(pollers, cpu);
		if (poller)
			wake_up_process(poller->task);
	}
	mutex_unlock(&pollers_lock);
}

/**
 * moat_pollers_device_age() - how long has the oldest request been at its device?
 *
 * As of the last ping that was answered.
 *
 * Context: process, may sleep.
 * Return: nanoseconds; 0: none is there.
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
	init_llist_head(&poller->kicked);
	init_llist_head(&poller->stops);
	init_llist_head(&poller->done);
	INIT_LIST_HEAD(&poller->active);
	INIT_LIST_HEAD(&poller->serves);
	INIT_LIST_HEAD(&poller->deferred);
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
	poller->seen = moat_health_current();
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
		kfree(poller);
	}
}

/**
 * moat_pollers_init() - start the pollers
 *
 * Return: 0 or a negative errno.
 */
int moat_pollers_init(void)
{
	int ret;

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
 * They serve no ring any more. Whoever handed back the last jobs may yet be behind
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
