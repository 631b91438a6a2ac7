// SPDX-License-Identifier: GPL-2.0
/*
 * The policies; see policy.h.
 *
 * moat      core/spin.h, with the kernel modules' default limits
 * always    looks for ever
 * never     arms at once
 * fixed     looks for a fixed time behind the last work; tapdisk does, too,
 *           though only while the host has idle CPUs
 * qemu      an AioContext's adaptive polling (aio_context_set_poll_params(),
 *           poll-max-ns 32768, the default of an iothread): it compares the
 *           whole time that it waited, polling and blocking, with the polling
 *           time. Within it: stays. Beyond the maximum: shrinks, by default to
 *           zero. Between: grows, by default by 2, from 4 us
 * kvm       halt polling (Documentation/virt/kvm/halt-polling.rst: max 200 us,
 *           start 10 us, grow 2, shrink 2): the same comparison, but it halves,
 *           to zero where that is less than the start; not with other tasks
 *           runnable
 */
#include "policy.h"

#define WINDOW_MIN_NS 10000u
#define WINDOW_MAX_NS 200000u
#define QEMU_START_NS 4000u
#define QEMU_MAX_NS 32768u
#define KVM_START_NS 10000u
#define KVM_MAX_NS 200000u

/* ---- Moat's ---- */

static struct moat_spin_params moat_params(const struct policy *policy)
{
	return (struct moat_spin_params){
		.mode = MOAT_MODE_ADAPTIVE,
		.window_min_ns = WINDOW_MIN_NS,
		.window_max_ns = policy->window_ns,
	};
}

static void moat_init(const struct policy *policy, union policy_state *state, u64 now)
{
	struct moat_spin_params p = moat_params(policy);

	moat_spin_init(&state->moat, &p, now);
}

static bool moat_look(const struct policy *policy, union policy_state *state, u64 now,
		      bool found, bool busy)
{
	struct moat_spin_params p = moat_params(policy);

	return moat_spin_look(&state->moat, &p, now, found, busy) == MOAT_SPIN_AGAIN;
}

static void moat_event(const struct policy *policy, union policy_state *state, u64 now)
{
	struct moat_spin_params p = moat_params(policy);

	moat_spin_event(&state->moat, &p, now);
}

/* ---- those without a memory ---- */

static void window_init(const struct policy *policy, union policy_state *state, u64 now)
{
	state->grown = (struct grown){ .window_ns = policy->window_ns, .since_ns = now };
}

/* Look for the window behind the last work. */
static bool window_look(const struct policy *policy, union policy_state *state, u64 now,
			bool found, bool busy)
{
	struct grown *g = &state->grown;

	(void)policy;
	(void)busy;
	if (found)
		g->since_ns = now;
	return found || now - g->since_ns < g->window_ns;
}

static void window_event(const struct policy *policy, union policy_state *state, u64 now)
{
	(void)policy;
	state->grown.since_ns = now;
}

static bool always_look(const struct policy *policy, union policy_state *state, u64 now,
			bool found, bool busy)
{
	(void)policy;
	(void)state;
	(void)now;
	(void)found;
	(void)busy;
	return true;
}

/* ---- those that grow and shrink ---- */

static void grown_init(const struct policy *policy, union policy_state *state, u64 now)
{
	(void)policy;
	state->grown = (struct grown){ .since_ns = now };
}

static u64 grow(u64 window, u64 start, u64 max)
{
	window = window ? window * 2 : start;
	return window < max ? window : max;
}

static void qemu_event(const struct policy *policy, union policy_state *state, u64 now)
{
	struct grown *g = &state->grown;
	u64 waited = now - g->since_ns;

	if (waited > policy->window_ns)
		g->window_ns = 0;
	else if (waited > g->window_ns)
		g->window_ns = grow(g->window_ns, QEMU_START_NS, policy->window_ns);
	g->since_ns = now;
}

static void kvm_event(const struct policy *policy, union policy_state *state, u64 now)
{
	struct grown *g = &state->grown;
	u64 waited = now - g->since_ns;

	if (waited > policy->window_ns)
		g->window_ns = g->window_ns / 2 < KVM_START_NS ? 0 : g->window_ns / 2;
	else if (waited > g->window_ns)
		g->window_ns = grow(g->window_ns, KVM_START_NS, policy->window_ns);
	g->since_ns = now;
}

static bool kvm_look(const struct policy *policy, union policy_state *state, u64 now,
		     bool found, bool busy)
{
	return window_look(policy, state, now, found, busy) && (found || !busy);
}

const struct policy policies[] = {
	{ .name = "moat", .window_ns = WINDOW_MAX_NS, .shipping = true,
	  .init = moat_init, .look = moat_look, .event = moat_event },
	{ .name = "always", .window_ns = 0, .tireless = true,
	  .init = window_init, .look = always_look, .event = window_event },
	{ .name = "never", .window_ns = 0,
	  .init = window_init, .look = window_look, .event = window_event },
	{ .name = "fixed-20", .window_ns = 20000,
	  .init = window_init, .look = window_look, .event = window_event },
	{ .name = "fixed-50", .window_ns = 50000,
	  .init = window_init, .look = window_look, .event = window_event },
	{ .name = "fixed-200", .window_ns = 200000,
	  .init = window_init, .look = window_look, .event = window_event },
	{ .name = "qemu", .window_ns = QEMU_MAX_NS,
	  .init = grown_init, .look = window_look, .event = qemu_event },
	{ .name = "kvm", .window_ns = KVM_MAX_NS,
	  .init = grown_init, .look = kvm_look, .event = kvm_event },
};

const u32 nr_policies = MOAT_ARRAY_SIZE(policies);
