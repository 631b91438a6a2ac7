/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any settings, changed at any time, and any clock: the window stays within
 * the maximum and is worth its minimum, what is remembered stays within its
 * bounds, and in mode adaptive a spin that finds nothing comes to an end once
 * the clock has moved by the longest window.
 */
#include "fuzz.h"

#include "core/spin.h"

static struct moat_spin_params params(struct fuzz *f)
{
	u8 shape = fuzz_u8(f);
	struct moat_spin_params p = {
		.mode = shape & 3,
		.window_min_ns = fuzz_u32(f),
		.window_max_ns = fuzz_u32(f),
	};

	if (shape & 4)
		p.window_min_ns &= 0xffff;
	if (shape & 8)
		p.window_max_ns &= 0xfffff;
	return p;
}

static u64 clock_step(struct fuzz *f, u64 now)
{
	switch (fuzz_u8(f) % 4) {
	case 0:
		return now + fuzz_u8(f);
	case 1:
		return now + (fuzz_u32(f) & 0xfffff);
	case 2:
		return now - fuzz_u8(f);
	default:
		return fuzz_u64(f);
	}
}

/* However it got here, a fruitless spin ends. */
static void spin_ends(struct moat_spin s, const struct moat_spin_params *p,
		      u64 now)
{
	if (p->mode == MOAT_MODE_SPIN || now > UINT64_MAX - p->window_max_ns)
		return;
	moat_spin_look(&s, p, now, false, false);
	check(moat_spin_look(&s, p, now + p->window_max_ns, false, false) ==
	      MOAT_SPIN_ARM);
}

static void look(struct moat_spin *s, const struct moat_spin_params *p,
		 u64 now, u8 how)
{
	bool found = how & 1, busy = how & 2;
	u32 window = s->window_ns;
	enum moat_spin_verdict v = moat_spin_look(s, p, now, found, busy);

	check(v == MOAT_SPIN_AGAIN || v == MOAT_SPIN_ARM);
	check(s->window_ns == window);
	if (found || p->mode == MOAT_MODE_SPIN)
		check(v == MOAT_SPIN_AGAIN);
	else if (p->mode == MOAT_MODE_EVENT || busy)
		check(v == MOAT_SPIN_ARM);
	if (found)
		check(s->last_work_ns == now);
}

static void event(struct moat_spin *s, const struct moat_spin_params *p, u64 now)
{
	moat_spin_event(s, p, now);
	check(s->window_ns <= p->window_max_ns);
	check(!s->window_ns || s->window_ns >= p->window_min_ns ||
	      s->window_ns == p->window_max_ns);
	check(s->wake_ns <= p->window_max_ns / 8);
	check(s->last_work_ns == now);
	check(s->gaps.total);
}

/* No more gaps than there may be, and none that is in no bucket but "longer". */
static void remembers(const struct moat_spin *s)
{
	u32 i, sum = 0;

	for (i = 0; i < MOAT_GAPS_BUCKETS; i++)
		sum += s->gaps.count[i];
	check(s->gaps.total < MOAT_GAPS_FULL);
	check(sum <= s->gaps.total);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	struct moat_spin_params p = params(&f);
	u64 now = fuzz_u64(&f);
	struct moat_spin s;

	moat_spin_init(&s, &p, now);
	check(s.window_ns <= p.window_max_ns);
	while (f.left) {
		u8 what = fuzz_u8(&f);

		now = clock_step(&f, now);
		if (what % 8 == 0)
			p = params(&f);
		else if (what % 8 < 4)
			look(&s, &p, now, what >> 4);
		else if (what % 8 == 4)
			moat_spin_start(&s, now);
		else
			event(&s, &p, now);
		remembers(&s);
		spin_ends(s, &p, now);
	}
	return 0;
}
