// SPDX-License-Identifier: GPL-2.0
/*
 * The second vCPU: overwrites what the peer may just be reading.
 *
 * In bursts, with rests between them: what is flipped without pause is wrong whenever it is
 * read first, and what counts is what changes between two reads.
 */
#include "flip.h"

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#define BURST 32
#define REST 8	/* bursts, on average, between two rests of a jiffy */

static int flip_run(void *data)
{
	struct flip *flip = data;
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < BURST; i++)
			flip->strike(flip->data, &flip->chance);
		if (chance_one_in(&flip->chance, REST))
			schedule_timeout_interruptible(1);
		else
			cond_resched();
	}
	return 0;
}

/**
 * flip_start() - begin to overwrite
 * @flip: with what to do
 * @seed: of the run
 * @stream: of the round
 *
 * Return: whether it could.
 */
bool flip_start(struct flip *flip, u64 seed, u64 stream)
{
	struct task_struct *task;

	chance_init(&flip->chance, seed, ~stream);
	task = kthread_create(flip_run, flip, "hostile-flip");
	if (IS_ERR(task))
		return false;
	if (num_online_cpus() > 1)
		kthread_bind(task, cpumask_last(cpu_online_mask));
	flip->task = task;
	wake_up_process(task);
	return true;
}

/* Idempotent. */
void flip_stop(struct flip *flip)
{
	if (flip->task)
		kthread_stop(flip->task);
	flip->task = NULL;
}
