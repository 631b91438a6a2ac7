/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One vCPU that serves rings, in simulated time.
 *
 * It does what a poller of the storage domain does (kernel/back/poller.c): it
 * visits its active rings in turn, each visit being a look that may find work
 * and a question to the policy; a ring whose policy says "arm" leaves, and an
 * event brings it back; with no ring left the thread sleeps. Nothing in it is
 * random: the same load and costs give the same result.
 */
#ifndef POLICY_SIM_H
#define POLICY_SIM_H

#include "policy.h"

#define SIM_RINGS_MAX 16u
/* Requests taken in one visit, so that one ring cannot starve the others. */
#define SIM_VISIT_MAX 4u

/**
 * struct costs - what things take; nanoseconds
 * @send: CPU of the sender of an event
 * @irq: from there to the handler on a vCPU that runs, and the CPU this uses
 * @wake: from an event's sending to the first look of a thread that slept
 * @wake_cpu: CPU used by falling asleep and waking up
 * @look: a look, whatever it finds
 * @service: CPU used by serving a request
 * @slice: how long the thread and other work take turns where there is such
 */
struct costs {
	u64 send;
	u64 irq;
	u64 wake;
	u64 wake_cpu;
	u64 look;
	u64 service;
	u64 slice;
};

/**
 * struct source - what arrives at a ring
 * @gaps: nanoseconds in front of each request
 * @n: how many
 * @closed: a gap begins when the request before it is done, not when it came
 */
struct source {
	u64 *gaps;
	u32 n;
	bool closed;
};

/**
 * struct load - what one vCPU has to do
 * @sources: one for each ring
 * @nr_rings: how many
 * @busy_ns: it has other runnable work for so long,
 * @idle_ns: and then none for so long, in turn
 */
struct load {
	struct source sources[SIM_RINGS_MAX];
	u32 nr_rings;
	u64 busy_ns;
	u64 idle_ns;
};

/**
 * struct outcome - what came of it
 * @elapsed: from the beginning to the last request; ns
 * @cpu: of the vCPU and of whoever sent it events; ns
 * @stolen: part of @cpu: looks in vain while there was other work; ns
 * @latency: sum over all requests, from arrival to done; ns
 * @p50, @p99: of that latency; ns
 * @requests: served
 * @events: sent
 * @sleeps: of the thread
 */
struct outcome {
	u64 elapsed;
	u64 cpu;
	u64 stolen;
	u64 latency;
	u64 p50;
	u64 p99;
	u32 requests;
	u32 events;
	u32 sleeps;
};

int sim_run(const struct load *load, const struct costs *costs,
	    const struct policy *policy, struct outcome *out);

#endif
