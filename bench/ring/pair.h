/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two pinned threads that stand for two domains, and one measurement of them.
 *
 * The front end runs in the calling thread, the back end in one made for the
 * cell; they share a mapping of pages and an eventfd for each direction. What
 * a thread alone writes lies on cache lines of its own, so that nothing but
 * the ring under test passes between the two cores.
 */
#ifndef MOAT_BENCH_PAIR_H
#define MOAT_BENCH_PAIR_H

#include <pthread.h>
#include <time.h>

#include "core/env.h"
#include "core/inflight.h"
#include "core/ring.h"
#include "core/spin.h"

#define RING_DEPTH_MAX 32u	/* a ring of one page has as many slots */
#define RING_LINE 128u		/* two lines: processors fetch them in pairs */
#define RING_SAMPLES_MAX 200000u
#define RING_CHUNK 64u		/* requests timed together in a closed cell */
#define RING_SHARED_BYTES (16u * MOAT_WIRE_PAGE)

enum contender {
	BOUNCE,			/* a cache line, nothing else: the floor */
	MOAT,
	LIBRARY,		/* the library's ring, slots of the same size */
	LIBRARY_POINTER,	/* the library's ring, passing pointers */
};

/**
 * struct cell - what is to be measured
 * @who: the contender
 * @mode: of MOAT, enum moat_mode
 * @depth: requests in flight; of an open cell, requests of one arrival
 * @open: requests arrive by themselves, and each arrival is timed; else there
 *	are always @depth in flight
 * @rate: arrivals per second of an open cell; 0: the next as soon as the last
 *	one is answered
 */
struct cell {
	enum contender who;
	enum moat_mode mode;
	u32 depth;
	bool open;
	u32 rate;
};

/**
 * struct setup - what all cells have in common
 * @cpu: where the front end and the back end are pinned
 * @spin: the policy's parameters, but for the mode
 * @relax_every: fruitless looks per PAUSE; 0: none
 * @cell_ns: length of a closed cell
 * @open_ns: longest an open cell may take
 */
struct setup {
	int cpu[2];
	struct moat_spin_params spin;
	u32 relax_every;
	u64 cell_ns;
	u64 open_ns;
};

/* What a side counts; exact, over the measured part of a cell. */
struct counts {
	u64 requests;
	u64 sends;		/* events sent to the peer */
	u64 sleeps;
	u64 spurious;		/* events that found nothing */
	u64 misses;		/* looks that found nothing */
};

/**
 * struct watch - a consumer that looks for work
 * @spin: the shipping policy's state
 * @params: and its parameters
 * @now: when the clock was last read
 * @looks: fruitless looks since work was found
 * @fresh: work was found since then
 * @begun: a wait began since then
 * @armed: the peer was asked for an event
 * @relax_every: as in struct setup
 */
struct watch {
	struct moat_spin spin;
	struct moat_spin_params params;
	u64 now;
	u32 looks;
	bool fresh;
	bool begun;
	bool armed;
	u32 relax_every;
};

/* What one thread alone touches. */
struct side {
	struct moat_ring ring;
	u32 waiting;		/* known to wait in the ring */
	struct watch watch;
	int event;		/* what this side sleeps on */
	struct counts counts;
	int err;
	long preempted;		/* involuntary context switches */
};

/* The front end's requests. */
struct tags {
	struct moat_inflight table;
	struct moat_inflight_slot slots[RING_DEPTH_MAX];
	u64 issued;
	u64 answered;
};

struct pair {
	const struct cell *cell;
	const struct setup *setup;
	void *shared;
	pthread_t back_thread;
	clockid_t back_cpu;
	u64 seed;
	u64 served;		/* the back end's count, read when it has ended */
	struct {
		u32 ready;	/* the back end runs */
		u32 stop;	/* it shall end: nothing is in flight */
		u32 failed;	/* it has ended, by an error */
	} __attribute__((aligned(RING_LINE))) control;
	struct side front __attribute__((aligned(RING_LINE)));
	struct tags tags;
	u64 idle_ns;		/* of the front end: waiting for arrivals */
	u32 *samples;		/* latency of arrivals in ns; ps per request */
	u32 nr_samples;
	struct side back __attribute__((aligned(RING_LINE)));
} __attribute__((aligned(RING_LINE)));

/**
 * struct outcome - what came of a cell
 * @requests: answered in the measured part
 * @elapsed_ns: its length
 * @per_request_ns: of a closed cell, time per request in the median chunk; of
 *	BOUNCE, per round trip
 * @mean_ns: of the arrivals' latencies in an open cell; likewise:
 * @p50_ns: median
 * @p99_ns: 99th percentile
 * @arrivals: how many there were
 * @cpu: share of a core each side used; the front end's without its wait for
 *	arrivals
 * @front: what the front end counted
 * @back: what the back end counted, over the whole cell
 * @preempted: times either was pushed off its core
 */
struct outcome {
	u64 requests;
	u64 elapsed_ns;
	double per_request_ns;
	double mean_ns, p50_ns, p99_ns;
	u64 arrivals;
	double cpu[2];
	struct counts front, back;
	long preempted;
};

int pair_measure(const struct cell *cell, const struct setup *setup, u64 seed,
		 struct outcome *out);

/* The two halves of each contender; 0 or a negative errno. */
int bounce_front(struct pair *pair, struct outcome *out);
int bounce_back(struct pair *pair);
void blkring_init(struct pair *pair);
int blkring_front(struct pair *pair, struct outcome *out);
int blkring_back(struct pair *pair);
void library_init(struct pair *pair);
int library_front(struct pair *pair, struct outcome *out);
int library_back(struct pair *pair);
void pointer_init(struct pair *pair);
int pointer_front(struct pair *pair, struct outcome *out);
int pointer_back(struct pair *pair);

static inline u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline u64 now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Behind a fruitless look. */
static inline void watch_relax(struct watch *w)
{
	w->looks++;
	if (w->relax_every && w->looks % w->relax_every == 0)
		cpu_relax();
}

static inline bool pair_failed(const struct pair *pair)
{
	return __atomic_load_n(&pair->control.failed, __ATOMIC_ACQUIRE);
}

static inline bool pair_stopped(const struct pair *pair)
{
	return __atomic_load_n(&pair->control.stop, __ATOMIC_ACQUIRE);
}

#endif
