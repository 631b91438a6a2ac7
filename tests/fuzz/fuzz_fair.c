/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows that come, want requests of any size, and go: an account stays within its
 * bounds, somebody can always be served, and of two flows that wanted something all
 * the time none got more than the other by more than its largest requests.
 */
#include "fuzz.h"

#include "core/fair.h"

#define FLOWS 6
#define LARGEST 256

struct flow {
	struct moat_fair fair;
	bool wants;
	u64 got;	/* since the others have been those that they are */
};

struct round {
	struct flow flow[FLOWS];
};

static u32 wanting(const struct round *r)
{
	u32 i, n = 0;

	for (i = 0; i < FLOWS; i++)
		n += r->flow[i].wants;
	return n;
}

/* Who is compared has wanted something for as long as the other. */
static void begin_anew(struct round *r)
{
	u32 i;

	for (i = 0; i < FLOWS; i++)
		r->flow[i].got = 0;
}

static void toggle(struct round *r, struct flow *flow)
{
	flow->wants = !flow->wants;
	if (flow->wants && flow->fair.credit >= 0)
		moat_fair_refill(&flow->fair, moat_fair_quantum(wanting(r)), 1);
	else if (!flow->wants)
		moat_fair_leave(&flow->fair);
	check(flow->wants || flow->fair.credit <= 0);
	begin_anew(r);
}

static void pass_rounds(struct round *r)
{
	s32 quantum = moat_fair_quantum(wanting(r)), least = INT32_MAX;
	u32 i, may = 0;

	for (i = 0; i < FLOWS; i++)
		if (r->flow[i].wants && moat_fair_rounds(&r->flow[i].fair, quantum) < least)
			least = moat_fair_rounds(&r->flow[i].fair, quantum);
	for (i = 0; i < FLOWS; i++) {
		if (!r->flow[i].wants)
			continue;
		moat_fair_refill(&r->flow[i].fair, quantum, least);
		check(r->flow[i].fair.credit <= quantum);
		may += moat_fair_may(&r->flow[i].fair);
	}
	check(may);
}

/* The first with credit has one request carried out. */
static void serve(struct round *r, u32 size, u32 first)
{
	u32 i;

	for (i = 0; i < FLOWS; i++) {
		struct flow *flow = &r->flow[(first + i) % FLOWS];

		if (!flow->wants || !moat_fair_may(&flow->fair))
			continue;
		moat_fair_charge(&flow->fair, size);
		check(flow->fair.credit >= -LARGEST);
		flow->got += size;
		return;
	}
	pass_rounds(r);
}

/* Each may be ahead by a quantum of credit and a request beyond it, or behind by a
 * debt of one.
 */
static void is_fair(const struct round *r)
{
	u64 most = 0, least = UINT64_MAX;
	u32 i;

	for (i = 0; i < FLOWS; i++) {
		if (!r->flow[i].wants)
			continue;
		if (r->flow[i].got > most)
			most = r->flow[i].got;
		if (r->flow[i].got < least)
			least = r->flow[i].got;
	}
	check(least == UINT64_MAX || most - least <= 2 * (LARGEST + MOAT_FAIR_TURN));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	struct round r = { 0 };
	u32 sizes[FLOWS], i;

	for (i = 0; i < FLOWS; i++)
		sizes[i] = 1 + fuzz_u8(&f);
	toggle(&r, &r.flow[0]);
	while (f.left) {
		u8 what = fuzz_u8(&f);

		if (what < 8) {
			toggle(&r, &r.flow[what % FLOWS]);
		} else {
			/* Each flow has requests of its own size. */
			u32 at = what % FLOWS;

			for (i = 0; i < FLOWS; i++, at = (at + 1) % FLOWS)
				if (r.flow[at].wants && moat_fair_may(&r.flow[at].fair))
					break;
			if (wanting(&r))
				serve(&r, sizes[at], at);
		}
		is_fair(&r);
	}
	return 0;
}
