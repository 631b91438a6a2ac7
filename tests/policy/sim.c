// SPDX-License-Identifier: GPL-2.0
/*
 * One vCPU that serves rings; see sim.h.
 *
 * Time moves only by what somebody does: a look, a request, a sleep. An event
 * is sent at the moment a request arrives at an armed ring; nothing has to be
 * kept of it but that moment, so there is no queue of events.
 */
#include "sim.h"

#include <stdlib.h>

#define NEVER UINT64_MAX

/**
 * struct ring - a ring and its policy
 * @source: what arrives
 * @next: number of the next request
 * @at: when that arrives; NEVER: it waits for the one before, or there is none
 * @active: it is visited; else it is armed
 */
struct ring {
	const struct source *source;
	u32 next;
	u64 at;
	bool active;
	union policy_state state;
};

struct sim {
	const struct load *load;
	const struct costs *costs;
	const struct policy *policy;
	struct ring rings[SIM_RINGS_MAX];
	u32 nr_active;
	u64 now;
	u64 slice_used;
	u64 *samples;
	u32 total;
	struct outcome *out;
};

/* ---- time ---- */

/* Until when there is other work; 0: there is none. */
static u64 busy_until(const struct sim *sim)
{
	u64 period = sim->load->busy_ns + sim->load->idle_ns;
	u64 into;

	if (!sim->load->busy_ns)
		return 0;
	into = sim->now % period;
	return into < sim->load->busy_ns ? sim->now - into + sim->load->busy_ns : 0;
}

/* The thread runs. With its slice at an end, other work has the vCPU for one. */
static void run(struct sim *sim, u64 ns)
{
	u64 until = busy_until(sim);
	u64 back;

	sim->now += ns;
	sim->out->cpu += ns;
	if (!until) {
		sim->slice_used = 0;
		return;
	}
	sim->slice_used += ns;
	if (sim->slice_used < sim->costs->slice)
		return;
	sim->slice_used = 0;
	back = sim->now + sim->costs->slice;
	if (back > until)
		back = until;
	if (back > sim->now)
		sim->now = back;
}

/* ---- requests ---- */

static void ring_schedule(struct ring *ring, u64 from)
{
	ring->at = ring->next < ring->source->n ? from + ring->source->gaps[ring->next] : NEVER;
}

static void serve(struct sim *sim, struct ring *ring)
{
	u64 latency, at = ring->at;

	run(sim, sim->costs->service);
	latency = sim->now - at;
	sim->samples[sim->out->requests++] = latency;
	sim->out->latency += latency;
	ring->next++;
	ring_schedule(ring, ring->source->closed ? sim->now : at);
}

/* Take what is there. Return: how much. */
static u32 take(struct sim *sim, struct ring *ring)
{
	u32 n;

	for (n = 0; n < SIM_VISIT_MAX && ring->at <= sim->now; n++)
		serve(sim, ring);
	return n;
}

/* ---- the poller ---- */

static void ring_visit(struct sim *sim, struct ring *ring, u64 turn)
{
	bool busy = busy_until(sim);
	u64 before = sim->now;
	bool found;

	run(sim, sim->costs->look);
	found = take(sim, ring);
	if (busy && !found)
		sim->out->stolen += sim->now - before;
	if (sim->policy->look(sim->policy, &ring->state, turn, found, busy))
		return;
	/* Armed; the look behind it may find what has come meanwhile. */
	if (ring->at <= sim->now)
		return;
	ring->active = false;
	sim->nr_active--;
}

static void ring_wake(struct sim *sim, struct ring *ring)
{
	sim->out->events++;
	sim->out->cpu += sim->costs->send;
	ring->active = true;
	sim->nr_active++;
	sim->policy->event(sim->policy, &ring->state, sim->now);
}

/* Rings whose event has come by now. Each interrupts the thread for a while. */
static void join(struct sim *sim)
{
	u32 i;

	for (i = 0; i < sim->load->nr_rings; i++) {
		struct ring *ring = &sim->rings[i];

		if (ring->active || ring->at > sim->now || sim->now - ring->at < sim->costs->irq)
			continue;
		sim->out->cpu += sim->costs->irq;
		ring_wake(sim, ring);
	}
}

static struct ring *first_ring(struct sim *sim)
{
	struct ring *first = &sim->rings[0];
	u32 i;

	for (i = 1; i < sim->load->nr_rings; i++)
		if (sim->rings[i].at < first->at)
			first = &sim->rings[i];
	return first;
}

/* Until the first event. Its interrupt is part of the wake-up. */
static void doze(struct sim *sim)
{
	struct ring *first = first_ring(sim);

	if (first->at + sim->costs->wake > sim->now)
		sim->now = first->at + sim->costs->wake;
	sim->slice_used = 0;
	sim->out->sleeps++;
	sim->out->cpu += sim->costs->wake_cpu;
	ring_wake(sim, first);
}

/* Who looks for ever learns nothing from looks in vain: make them at once, but
 * for the last.
 */
static void skip_turns(struct sim *sim)
{
	u64 next = first_ring(sim)->at, cost = sim->costs->look * sim->load->nr_rings;

	if (sim->policy->tireless && !sim->load->busy_ns && next > sim->now)
		run(sim, (next - sim->now - 1) / cost * cost);
}

static void turn(struct sim *sim)
{
	u64 now;
	u32 i;

	skip_turns(sim);
	now = sim->now;
	for (i = 0; i < sim->load->nr_rings; i++)
		if (sim->rings[i].active)
			ring_visit(sim, &sim->rings[i], now);
	if (sim->out->requests == sim->total)
		return;
	if (!sim->nr_active)
		doze(sim);
	join(sim);
}

/* ---- a run ---- */

static void sim_init(struct sim *sim)
{
	u32 i;

	for (i = 0; i < sim->load->nr_rings; i++) {
		struct ring *ring = &sim->rings[i];

		ring->source = &sim->load->sources[i];
		ring_schedule(ring, 0);
		ring->active = true;
		sim->policy->init(sim->policy, &ring->state, 0);
		sim->total += ring->source->n;
	}
	sim->nr_active = sim->load->nr_rings;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/**
 * sim_run() - serve a load under a policy
 * @load: the load, with at least one request
 * @costs: what things take; a look takes some time
 * @policy: the policy
 * @out: what came of it
 *
 * Return: 0 or -ENOMEM.
 */
int sim_run(const struct load *load, const struct costs *costs,
	    const struct policy *policy, struct outcome *out)
{
	struct sim sim = { .load = load, .costs = costs, .policy = policy, .out = out };

	memset(out, 0, sizeof(*out));
	sim_init(&sim);
	sim.samples = calloc(sim.total, sizeof(*sim.samples));
	if (!sim.samples)
		return -ENOMEM;
	while (out->requests < sim.total)
		turn(&sim);
	out->elapsed = sim.now;
	qsort(sim.samples, sim.total, sizeof(*sim.samples), compare);
	out->p50 = sim.samples[sim.total / 2];
	out->p99 = sim.samples[(u64)sim.total * 99 / 100];
	free(sim.samples);
	return 0;
}
