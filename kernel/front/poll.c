// SPDX-License-Identifier: GPL-2.0
/*
 * A thread on each vCPU that looks for responses, in one ring after the other.
 *
 * It serves the rings that joined it (queue.c says when) and sleeps when there
 * are none. An adaptive ring that sees other runnable work on the vCPU arms and
 * leaves. In mode spin the administrator has said that no event is wanted: there
 * the thread goes on looking, but offers the vCPU to the others between looks.
 */
#include "poll.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/wait.h>

/**
 * struct moat_poller - the thread of one vCPU
 * @task: the thread
 * @lock: guards the rest; nests inside the queues' locks
 * @visits: whom it visits
 * @visiting: where it is, which must not go away
 * @moved: woken when it leaves
 */
struct moat_poller {
	struct task_struct *task;
	spinlock_t lock;
	struct list_head visits;
	struct moat_visit *visiting;
	wait_queue_head_t moved;
};

/* Indexed by CPU; NULL where there never was one, or no memory when it came. */
static struct moat_poller **pollers;
static enum cpuhp_state online_state;

/**
 * moat_poll_relax() - let the neighbours breathe every so many fruitless looks
 * @tune: settings of what is looked at
 * @looks: looks so far
 *
 * Context: any.
 */
void moat_poll_relax(const struct moat_tune *tune, u32 looks)
{
	u32 every = READ_ONCE(tune->relax_every);

	if (every && looks % every == 0)
		cpu_relax();
}

/**
 * moat_poll_vcpu_busy() - does anything beside the current task want this vCPU?
 *
 * Context: any.
 */
bool moat_poll_vcpu_busy(void)
{
	return need_resched() || !(single_task_running() || is_idle_task(current));
}

/* ---- the thread ---- */

/* Whom to visit next, the one that waited longest; NULL if there is none. */
static struct moat_visit *poller_next(struct moat_poller *p)
{
	struct moat_visit *v;

	spin_lock_irq(&p->lock);
	v = list_first_entry_or_null(&p->visits, struct moat_visit, link);
	if (v)
		list_move_tail(&v->link, &p->visits);
	WRITE_ONCE(p->visiting, v);
	spin_unlock_irq(&p->lock);
	return v;
}

static void poller_done(struct moat_poller *p)
{
	spin_lock_irq(&p->lock);
	WRITE_ONCE(p->visiting, NULL);
	spin_unlock_irq(&p->lock);
	if (wq_has_sleeper(&p->moved))
		wake_up_all(&p->moved);
}

/* Sleep until somebody joins. */
static void poller_sleep(struct moat_poller *p)
{
	/* Who joins is in the list first and wakes us then: having seen the list
	 * empty behind this store (a full barrier), we are woken.
	 */
	set_current_state(TASK_IDLE);
	if (list_empty_careful(&p->visits) && !kthread_should_stop())
		schedule();
	__set_current_state(TASK_RUNNING);
}

static int poller_run(void *data)
{
	struct moat_poller *p = data;
	struct moat_visit *v;
	bool busy, spin;
	u32 looks = 0;

	while (!kthread_should_stop()) {
		v = poller_next(p);
		if (!v) {
			poller_sleep(p);
			continue;
		}
		busy = moat_poll_vcpu_busy();
		spin = READ_ONCE(v->tune->mode) == MOAT_MODE_SPIN;
		/* Completions raise softirqs: run them here, not in ksoftirqd. */
		local_bh_disable();
		if (!v->look(v, busy))
			moat_poll_relax(v->tune, ++looks);
		local_bh_enable();
		poller_done(p);
		if (busy && spin)
			yield();
		else
			cond_resched();
	}
	return 0;
}

static void poller_destroy(struct moat_poller *p)
{
	if (p && !IS_ERR_OR_NULL(p->task))
		kthread_stop(p->task);
	kfree(p);
}

static struct moat_poller *poller_create(unsigned int cpu)
{
	struct moat_poller *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&p->lock);
	INIT_LIST_HEAD(&p->visits);
	init_waitqueue_head(&p->moved);
	p->task = kthread_create_on_cpu(poller_run, p, cpu, "moat/%u");
	if (IS_ERR(p->task)) {
		err = PTR_ERR(p->task);
		poller_destroy(p);
		return ERR_PTR(err);
	}
	wake_up_process(p->task);
	return p;
}

/*
 * A vCPU comes. The poller that was there when it went has run elsewhere since, and
 * comes back; without one the rings of that vCPU are served by others.
 */
static int poller_online(unsigned int cpu)
{
	struct moat_poller *p = pollers[cpu];

	if (p) {
		set_cpus_allowed_ptr(p->task, cpumask_of(cpu));
		return 0;
	}
	p = poller_create(cpu);
	if (!IS_ERR(p))
		WRITE_ONCE(pollers[cpu], p);
	return 0;
}

static void pollers_free(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		poller_destroy(pollers[cpu]);
	kfree(pollers);
}

/**
 * moat_pollers_create() - start a poller on every vCPU, those that come later too
 *
 * Context: process, at module load.
 * Return: 0 or a negative errno.
 */
int moat_pollers_create(void)
{
	int state;

	pollers = kcalloc(nr_cpu_ids, sizeof(*pollers), GFP_KERNEL);
	if (!pollers)
		return -ENOMEM;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "moat/front:online",
				  poller_online, NULL);
	if (state < 0) {
		pollers_free();
		return state;
	}
	online_state = state;
	if (moat_poller_of(0))
		return 0;
	moat_pollers_destroy();
	return -ENOMEM;
}

/**
 * moat_pollers_destroy() - stop them all
 *
 * Context: process; nobody is visited any more.
 */
void moat_pollers_destroy(void)
{
	cpuhp_remove_state_nocalls(online_state);
	pollers_free();
}

/**
 * moat_poller_of() - who serves a vCPU
 * @cpu: the vCPU
 *
 * Context: process.
 * Return: its poller; if it has none, that of the next one that has.
 */
struct moat_poller *moat_poller_of(unsigned int cpu)
{
	struct moat_poller *p;
	unsigned int i;

	for (i = 0; i < nr_cpu_ids; i++) {
		p = READ_ONCE(pollers[(cpu + i) % nr_cpu_ids]);
		if (p)
			return p;
	}
	return NULL;
}

/* ---- who is visited ---- */

/**
 * moat_visit_init() - a place without a poller
 * @v: the place
 * @look: what a poller does there
 * @tune: settings
 */
void moat_visit_init(struct moat_visit *v, moat_visit_fn *look,
		     const struct moat_tune *tune)
{
	v->poller = NULL;
	INIT_LIST_HEAD(&v->link);
	v->look = look;
	v->tune = tune;
}

/**
 * moat_visit_begin() - be visited
 * @v: the place, not visited
 *
 * Context: any; the caller sees to it that no two begin or end it at once.
 */
void moat_visit_begin(struct moat_visit *v)
{
	struct moat_poller *p = v->poller;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	list_add_tail(&v->link, &p->visits);
	spin_unlock_irqrestore(&p->lock, flags);
	wake_up_process(p->task);
}

/**
 * moat_visit_end() - be visited no longer
 * @v: the place, visited
 *
 * A visit may still be under way.
 *
 * Context: as moat_visit_begin().
 */
void moat_visit_end(struct moat_visit *v)
{
	struct moat_poller *p = v->poller;
	unsigned long flags;

	spin_lock_irqsave(&p->lock, flags);
	list_del_init(&v->link);
	spin_unlock_irqrestore(&p->lock, flags);
}

/**
 * moat_visit_wait() - wait until the poller has left
 * @v: the place; nobody begins a visit any more
 *
 * Context: process, may sleep.
 */
void moat_visit_wait(struct moat_visit *v)
{
	might_sleep();
	if (v->poller)
		wait_event(v->poller->moved, READ_ONCE(v->poller->visiting) != v);
}
