// SPDX-License-Identifier: GPL-2.0
/*
 * Runs one cell: memory, threads, clocks; see pair.h.
 */
#include "pair.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct half {
	void (*init)(struct pair *pair);
	int (*front)(struct pair *pair, struct outcome *out);
	int (*back)(struct pair *pair);
};

static const struct half halves[] = {
	[BOUNCE] = { NULL, bounce_front, bounce_back },
	[MOAT] = { blkring_init, blkring_front, blkring_back },
	[LIBRARY] = { library_init, library_front, library_back },
	[LIBRARY_POINTER] = { pointer_init, pointer_front, pointer_back },
};

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static long preempted(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* The front end must not wait for answers that nobody will give. */
static void back_fail(struct pair *pair)
{
	u64 one = 1;

	__atomic_store_n(&pair->control.failed, 1, __ATOMIC_RELEASE);
	if (write(pair->front.event, &one, sizeof(one)) != sizeof(one))
		perror("ring: eventfd");
}

static void *back_run(void *arg)
{
	struct pair *pair = arg;

	pair->back.err = pin(pair->setup->cpu[1]);
	__atomic_store_n(&pair->control.ready, 1, __ATOMIC_RELEASE);
	if (!pair->back.err)
		pair->back.err = halves[pair->cell->who].back(pair);
	if (pair->back.err)
		back_fail(pair);
	pair->back.preempted = preempted();
	return NULL;
}

static void side_init(struct pair *pair, struct side *side)
{
	side->watch.params = pair->setup->spin;
	side->watch.params.mode = pair->cell->mode;
	side->watch.relax_every = pair->setup->relax_every;
	side->watch.now = now_ns();
	side->event = -1;
	moat_spin_init(&side->watch.spin, &side->watch.params, side->watch.now);
}

static void pair_deinit(struct pair *pair)
{
	if (pair->front.event >= 0)
		close(pair->front.event);
	if (pair->back.event >= 0)
		close(pair->back.event);
	if (pair->shared != MAP_FAILED)
		munmap(pair->shared, RING_SHARED_BYTES);
	free(pair->samples);
}

static int pair_init(struct pair *pair, const struct cell *cell,
		     const struct setup *setup, u64 seed)
{
	memset(pair, 0, sizeof(*pair));
	pair->cell = cell;
	pair->setup = setup;
	pair->seed = seed;
	side_init(pair, &pair->front);
	side_init(pair, &pair->back);
	moat_inflight_init(&pair->tags.table, pair->tags.slots, cell->depth);
	pair->shared = mmap(NULL, RING_SHARED_BYTES, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	pair->samples = calloc(RING_SAMPLES_MAX, sizeof(*pair->samples));
	if (pair->shared == MAP_FAILED || !pair->samples)
		return -ENOMEM;
	/* Touched now: a page fault is no latency of the ring's. */
	memset(pair->samples, 0xff, RING_SAMPLES_MAX * sizeof(*pair->samples));
	pair->front.event = eventfd(0, EFD_CLOEXEC);
	pair->back.event = eventfd(0, EFD_CLOEXEC);
	if (pair->front.event < 0 || pair->back.event < 0)
		return -errno;
	if (halves[cell->who].init)
		halves[cell->who].init(pair);
	return 0;
}

/* The back end is told to end, wherever it waits. */
static int pair_stop(struct pair *pair)
{
	u64 one = 1;
	int err = 0;

	__atomic_store_n(&pair->control.stop, 1, __ATOMIC_RELEASE);
	if (write(pair->back.event, &one, sizeof(one)) != sizeof(one))
		err = -errno;
	pthread_join(pair->back_thread, NULL);
	return err;
}

static int pair_run(struct pair *pair, struct outcome *out)
{
	int stop, err = pin(pair->setup->cpu[0]);
	long before = preempted();

	if (err)
		return err;
	err = -pthread_create(&pair->back_thread, NULL, back_run, pair);
	if (err)
		return err;
	while (!__atomic_load_n(&pair->control.ready, __ATOMIC_ACQUIRE))
		sched_yield();
	err = -pthread_getcpuclockid(pair->back_thread, &pair->back_cpu);
	if (!err)
		err = halves[pair->cell->who].front(pair, out);
	stop = pair_stop(pair);
	out->back = pair->back.counts;
	out->preempted = preempted() - before + pair->back.preempted;
	err = pair->back.err ? pair->back.err : err;
	return err ? err : stop;
}

/* Each request was answered once: none is left, none came twice. */
static int pair_check(const struct pair *pair)
{
	const struct tags *tags = &pair->tags;

	if (pair->cell->who == BOUNCE)
		return 0;
	if (tags->table.count || tags->issued != tags->answered ||
	    tags->issued != pair->served)
		return -EPROTO;
	return 0;
}

/* Measure one cell; the caller is left pinned to the front end's core. */
int pair_measure(const struct cell *cell, const struct setup *setup, u64 seed,
		 struct outcome *out)
{
	struct pair *pair = aligned_alloc(RING_LINE, sizeof(*pair));
	int err;

	if (!pair)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	err = pair_init(pair, cell, setup, seed);
	if (!err)
		err = pair_run(pair, out);
	if (!err)
		err = pair_check(pair);
	pair_deinit(pair);
	free(pair);
	return err;
}
