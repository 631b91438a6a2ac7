// SPDX-License-Identifier: GPL-2.0
/*
 * The load's own clocks and sums; see load.h.
 */
#include "load.h"

#include <math.h>
#include <stdlib.h>

#define LONG_WAIT_NS 20000u
#define LAST_WAIT_NS 5000u
#define ARRIVALS_WANTED 200u

/* Nanoseconds that count: more where requests are rare. */
u64 load_length(const struct pair *pair)
{
	const struct setup *setup = pair->setup;
	u64 ns;

	if (!pair->cell->open || !pair->cell->rate)
		return setup->cell_ns;
	ns = ARRIVALS_WANTED * 1000000000ULL / pair->cell->rate;
	if (ns > setup->open_ns)
		ns = setup->open_ns;
	return ns > setup->cell_ns ? ns : setup->cell_ns;
}

/* ---- arrivals ---- */

/* Time to the next arrival: exponential, by a generator of Marsaglia's kind. */
u64 load_gap(struct pair *pair)
{
	u64 x = pair->seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	pair->seed = x;
	return -log(((x >> 11) + 1) / 9007199254740993.0) * 1e9 / pair->cell->rate;
}

static void wait_until(u64 due)
{
	while (now_ns() < due)
		cpu_relax();
}

/*
 * The next request is due then: until that the application is busy with other
 * things, as this loop is, so the core stays warm. What that takes is not the
 * front end's. A long wait is counted by the thread's own clock, in case
 * somebody else had the core.
 */
void load_await(struct pair *pair, u64 due)
{
	u64 now = now_ns(), cpu;

	if (now >= due)
		return;
	if (due - now > LONG_WAIT_NS) {
		cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		wait_until(due - LAST_WAIT_NS);
		pair->idle_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
		now = now_ns();
		if (now >= due)
			return;
	}
	wait_until(due);
	pair->idle_ns += due - now;
}

void load_sample(struct pair *pair, u64 ns)
{
	if (pair->nr_samples < RING_SAMPLES_MAX)
		pair->samples[pair->nr_samples++] = ns < UINT32_MAX ? ns : UINT32_MAX;
}

/*
 * A chunk of requests has been answered; they took ps each. The median chunk
 * says what a request costs while both ends are at it, even if now and then
 * one of them is pushed off its core. Return: the time.
 */
u64 load_chunk(struct pair *pair, u64 begun, u64 requests)
{
	u64 now = now_ns();

	load_sample(pair, 1000 * (now - begun) / requests);
	return now;
}

/* ---- sums ---- */

/* The measured part begins: keep the clocks, to be subtracted. */
void load_mark(struct pair *pair, struct outcome *out)
{
	out->front = pair->front.counts;
	out->requests = pair->tags.answered;
	out->cpu[0] = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	out->cpu[1] = clock_ns(pair->back_cpu);
	pair->idle_ns = 0;
	pair->nr_samples = 0;
	out->elapsed_ns = now_ns();
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static double percentile(const struct pair *pair, u32 percent)
{
	return pair->samples[(u64)(pair->nr_samples - 1) * percent / 100];
}

/* Of arrivals in ns, or of requests in ps. */
void load_samples(struct pair *pair, struct outcome *out)
{
	u32 i, n = pair->nr_samples;
	double sum = 0;

	if (!n)
		return;
	qsort(pair->samples, n, sizeof(*pair->samples), compare);
	for (i = 0; i < n; i++)
		sum += pair->samples[i];
	if (pair->cell->open) {
		out->arrivals = n;
		out->mean_ns = sum / n;
		out->p50_ns = percentile(pair, 50);
		out->p99_ns = percentile(pair, 99);
	} else {
		out->per_request_ns = percentile(pair, 50) / 1000;
	}
}

static double share(double cpu_ns, double of_ns)
{
	return cpu_ns > 0 && of_ns > 0 ? cpu_ns / of_ns : 0;
}

/* The measured part is over. */
void load_measure(struct pair *pair, struct outcome *out)
{
	const struct counts *now = &pair->front.counts;
	double front, back;

	out->elapsed_ns = now_ns() - out->elapsed_ns;
	front = clock_ns(CLOCK_THREAD_CPUTIME_ID) - out->cpu[0];
	back = clock_ns(pair->back_cpu) - out->cpu[1];
	out->requests = pair->tags.answered - out->requests;
	out->cpu[0] = share(front - pair->idle_ns, out->elapsed_ns);
	out->cpu[1] = share(back, out->elapsed_ns);
	out->front.requests = out->requests;
	out->front.sends = now->sends - out->front.sends;
	out->front.sleeps = now->sleeps - out->front.sleeps;
	out->front.spurious = now->spurious - out->front.spurious;
	out->front.misses = now->misses - out->front.misses;
	load_samples(pair, out);
}
