// SPDX-License-Identifier: GPL-2.0
/*
 * Looking for responses without being told.
 *
 * Only while something is in flight can a response come, so nobody ever looks
 * at an idle disk, in any mode. Who looks is settled at each submission:
 *
 *   inline   a submitter with a shallow queue is about to wait for this very
 *	      request: it looks for a while itself, without switching to any
 *	      other task, and most often takes the answer home. Only if nothing
 *	      else wants its vCPU.
 *   thread   mode spin, when inline looking is no use (a deep queue) or did
 *	      not find it; mode adaptive, while events follow each other
 *	      closely and the vCPU is idle. One thread per vCPU visits all rings
 *	      that want it.
 *   event    everything else: the ring is armed.
 *
 * An adaptive spinner that sees other runnable work arms and leaves. In mode
 * spin the administrator has said that no event is wanted: there the thread
 * goes on looking, but offers the vCPU to the others between looks.
 */
#include "poll.h"

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "disk.h"
#include "params.h"
#include "queue.h"

/**
 * struct moat_poller - the thread of one vCPU
 * @task: the thread
 * @lock: guards the rest; nests inside the queues' locks
 * @queues: the queues it visits, by poll_link
 * @visiting: the one it is at, which must not go away
 * @moved: woken when it leaves a queue
 */
struct moat_poller {
	struct task_struct *task;
	spinlock_t lock;
	struct list_head queues;
	struct moat_queue *visiting;
	wait_queue_head_t moved;
};

/* Indexed by CPU; NULL where there was none when the module was loaded. */
static struct moat_poller **pollers;

/* Let the neighbours breathe every so many fruitless looks. */
static void relax(const struct moat_queue *q, u32 looks)
{
	u32 every = READ_ONCE(q->disk->tune.relax_every);

	if (every && looks % every == 0)
		cpu_relax();
}

/* Does anything beside the current task want this vCPU? */
static bool vcpu_busy(void)
{
	return need_resched() || !(single_task_running() || is_idle_task(current));
}

/* ---- the thread ---- */

/* The next queue to visit, the one that waited longest; NULL if there is none. */
static struct moat_queue *poller_next(struct moat_poller *p)
{
	struct moat_queue *q;

	spin_lock_irq(&p->lock);
	q = list_first_entry_or_null(&p->queues, struct moat_queue, poll_link);
	if (q)
		list_move_tail(&q->poll_link, &p->queues);
	WRITE_ONCE(p->visiting, q);
	spin_unlock_irq(&p->lock);
	return q;
}

static void poller_done(struct moat_poller *p)
{
	spin_lock_irq(&p->lock);
	WRITE_ONCE(p->visiting, NULL);
	spin_unlock_irq(&p->lock);
	if (wq_has_sleeper(&p->moved))
		wake_up_all(&p->moved);
}

/* Sleep until a queue joins. */
static void poller_sleep(struct moat_poller *p)
{
	/* A queue joins the list first and wakes us then: having seen the list
	 * empty behind this store (a full barrier), we are woken.
	 */
	set_current_state(TASK_IDLE);
	if (list_empty_careful(&p->queues) && !kthread_should_stop())
		schedule();
	__set_current_state(TASK_RUNNING);
}

static int poller_run(void *data)
{
	struct moat_poller *p = data;
	struct moat_queue *q;
	bool busy, spin;
	u32 looks = 0;

	while (!kthread_should_stop()) {
		q = poller_next(p);
		if (!q) {
			poller_sleep(p);
			continue;
		}
		busy = vcpu_busy();
		spin = READ_ONCE(q->disk->tune.mode) == MOAT_MODE_SPIN;
		/* Completions raise softirqs: run them here, not in ksoftirqd. */
		local_bh_disable();
		if (!moat_queue_visit(q, busy))
			relax(q, ++looks);
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
	INIT_LIST_HEAD(&p->queues);
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

/**
 * moat_pollers_create() - start a poller on every vCPU
 *
 * Context: process, at module load.
 * Return: 0 or a negative errno.
 */
int moat_pollers_create(void)
{
	unsigned int cpu;
	int err = 0;

	pollers = kcalloc(nr_cpu_ids, sizeof(*pollers), GFP_KERNEL);
	if (!pollers)
		return -ENOMEM;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		pollers[cpu] = poller_create(cpu);
		if (IS_ERR(pollers[cpu])) {
			err = PTR_ERR(pollers[cpu]);
			pollers[cpu] = NULL;
			break;
		}
	}
	cpus_read_unlock();
	if (err)
		moat_pollers_destroy();
	return err;
}

/**
 * moat_pollers_destroy() - stop them all
 *
 * Context: process; no queue is left.
 */
void moat_pollers_destroy(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		poller_destroy(pollers[cpu]);
	kfree(pollers);
}

/**
 * moat_poller_assign() - say which poller serves a queue
 * @q: the queue, not live
 * @cpu: the vCPU that submits to it; if that came up after the module was
 *	loaded, the next one that has a poller serves it
 *
 * Context: process.
 */
void moat_poller_assign(struct moat_queue *q, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < nr_cpu_ids; i++) {
		q->poller = pollers[(cpu + i) % nr_cpu_ids];
		if (q->poller)
			return;
	}
}

/**
 * moat_poller_add() - have a queue visited
 * @q: the queue, not watched
 *
 * Context: the queue's lock held.
 */
void moat_poller_add(struct moat_queue *q)
{
	struct moat_poller *p = q->poller;
	unsigned long flags;

	q->watched = true;
	spin_lock_irqsave(&p->lock, flags);
	list_add_tail(&q->poll_link, &p->queues);
	spin_unlock_irqrestore(&p->lock, flags);
	wake_up_process(p->task);
}

/**
 * moat_poller_leave() - no longer have it visited
 * @q: the queue, watched
 *
 * A visit may still be under way.
 *
 * Context: the queue's lock held.
 */
void moat_poller_leave(struct moat_queue *q)
{
	struct moat_poller *p = q->poller;
	unsigned long flags;

	q->watched = false;
	spin_lock_irqsave(&p->lock, flags);
	list_del_init(&q->poll_link);
	spin_unlock_irqrestore(&p->lock, flags);
}

/**
 * moat_poller_drop() - wait until the poller has nothing to do with a queue
 * @q: the queue, not live, so that nothing adds it any more
 *
 * Context: process, may sleep.
 */
void moat_poller_drop(struct moat_queue *q)
{
	unsigned long flags;

	if (!q->poller)
		return;
	spin_lock_irqsave(&q->lock, flags);
	if (q->watched)
		moat_poller_leave(q);
	spin_unlock_irqrestore(&q->lock, flags);
	wait_event(q->poller->moved, READ_ONCE(q->poller->visiting) != q);
}

/* ---- the submitter ---- */

/* May the current task spend its time looking? */
static bool inline_allowed(const struct moat_queue *q)
{
	if (q->inflight.count > moat_params.inline_depth)
		return false;
	/* A worker that dispatches for others does not wait for this request. */
	return !(current->flags & PF_WQ_WORKER) && !vcpu_busy();
}

/**
 * moat_poll_choose() - who should look for the next responses?
 * @q: the queue, with requests in flight and nobody looking
 *
 * Context: a submitter, the queue's lock held.
 */
enum moat_watch moat_poll_choose(const struct moat_queue *q)
{
	switch (READ_ONCE(q->disk->tune.mode)) {
	case MOAT_MODE_SPIN:
		return inline_allowed(q) ? MOAT_WATCH_INLINE : MOAT_WATCH_THREAD;
	case MOAT_MODE_ADAPTIVE:
		return q->spin.window_ns && inline_allowed(q) ?
		       MOAT_WATCH_INLINE : MOAT_WATCH_EVENT;
	default:
		return MOAT_WATCH_EVENT;
	}
}

/* Has a submitter that began at @start looked for long enough? */
static bool inline_enough(struct moat_queue *q, u64 start)
{
	struct moat_spin_params params = moat_tune_spin(&q->disk->tune);
	/* Read without the lock: off by one window at worst. */
	struct moat_spin spin = q->spin;
	u64 now = ktime_get_ns();

	if (vcpu_busy())
		return true;
	if (params.mode == MOAT_MODE_SPIN)
		return now - start >= params.window_max_ns;
	return moat_spin_look(&spin, &params, now, false, false) == MOAT_SPIN_ARM;
}

/**
 * moat_poll_inline() - look for responses in the submitting task
 * @q: the queue, in whose count of spinners the caller is
 *
 * Context: process, behind a submission; may hold RCU's read lock.
 */
void moat_poll_inline(struct moat_queue *q)
{
	u64 start = ktime_get_ns();
	u32 misses = 0;

	while (READ_ONCE(q->live) && !moat_queue_peek(q)) {
		relax(q, ++misses);
		if (inline_enough(q, start))
			break;
	}
	/* Completions raise softirqs: run them here, not in ksoftirqd. */
	local_bh_disable();
	moat_queue_spun(q, misses);
	local_bh_enable();
}
