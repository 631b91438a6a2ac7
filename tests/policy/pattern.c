// SPDX-License-Identifier: GPL-2.0
/*
 * The arrival patterns; see pattern.h.
 */
#include "pattern.h"

#include <math.h>
#include <stdlib.h>

#define SECOND 1000000000.0
/* Rare arrivals: a second for so many is enough to see what is made of them. */
#define PER_SECOND 5000
#define LEAST 200u

/* ---- chance ---- */

/* splitmix64 */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* From 0, included, to 1, excluded. */
static double uniform(u64 *state)
{
	return (next_random(state) >> 11) * 0x1p-53;
}

static u64 exponential(u64 *state, double mean)
{
	return -mean * log(1 - uniform(state));
}

/* ---- sources ---- */

static int source_init(struct load *load, u32 n, struct source **source)
{
	struct source *s = &load->sources[load->nr_rings];

	s->gaps = calloc(n, sizeof(*s->gaps));
	if (!s->gaps)
		return -ENOMEM;
	s->n = n;
	load->nr_rings++;
	*source = s;
	return 0;
}

static u32 limited(double rate, u32 requests)
{
	double n = rate * requests / PER_SECOND;

	if (n > requests)
		n = requests;
	return n < LEAST ? LEAST : n;
}

static int add_poisson(struct load *load, u64 *state, double rate, u32 n)
{
	struct source *source;
	int err = source_init(load, n, &source);
	u32 i;

	for (i = 0; !err && i < n; i++)
		source->gaps[i] = exponential(state, SECOND / rate);
	return err;
}

/* ---- patterns ---- */

/* @a: arrivals a second; @b: busy for so long, @c: and then not; ns. */
static int make_poisson(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	load->busy_ns = p->b;
	load->idle_ns = p->c;
	return add_poisson(load, &seed, p->a, limited(p->a, requests));
}

/* @a of them, @b apart, then nothing for @c on average. */
static int make_bursts(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	struct source *source;
	int err = source_init(load, requests, &source);
	u32 i;

	for (i = 0; !err && i < requests; i++)
		source->gaps[i] = i % p->a ? p->b : exponential(&seed, p->c);
	return err;
}

/* For @a arrivals at random, @b apart, then for @c nothing; on average. */
static int make_on_off(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	struct source *source;
	int err = source_init(load, requests, &source);
	u64 left = 0;
	u32 i;

	for (i = 0; !err && i < requests; i++) {
		u64 gap = exponential(&seed, p->b);

		if (gap > left) {
			gap += exponential(&seed, p->c);
			left = exponential(&seed, p->a);
		} else {
			left -= gap;
		}
		source->gaps[i] = gap;
	}
	return err;
}

/* @a apart, give or take a fifth; every @c-th one, if any, @b. */
static int make_regular(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	u32 i, n = limited(SECOND / p->a, requests);
	struct source *source;
	int err = source_init(load, n, &source);

	for (i = 0; !err && i < n; i++) {
		u64 mean = p->c && next_random(&seed) % p->c == 0 ? p->b : p->a;

		source->gaps[i] = mean * (0.8 + 0.4 * uniform(&seed));
	}
	return err;
}

/* One request at a time; @a for the device and the program, give or take. */
static int make_closed(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	int err = make_regular(p, seed, requests, load);

	load->sources[0].closed = true;
	return err;
}

/* At least @a apart, mostly little more, sometimes up to @b; the mean 3 x @a. */
static int make_tail(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	struct source *source;
	int err = source_init(load, requests, &source);
	u32 i;

	for (i = 0; !err && i < requests; i++) {
		/* Pareto's distribution, with the exponent that has this mean. */
		double gap = p->a * pow(1 - uniform(&seed), -1 / 1.5);

		source->gaps[i] = gap < p->b ? gap : p->b;
	}
	return err;
}

/* Rates of @a, @b and @c, half a second each, over and over. */
static int make_phases(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	double rates[] = { p->a, p->b, p->c }, time = 0;
	struct source *source;
	int err = source_init(load, 3 * requests, &source);
	u32 i;

	for (i = 0; !err && i < source->n; i++) {
		u32 phase = (u32)(time / (SECOND / 2)) % 3;

		source->gaps[i] = exponential(&seed, SECOND / rates[phase]);
		time += source->gaps[i];
	}
	return err;
}

/* One ring with @a arrivals a second beside @c of @b each. */
static int make_rings(const struct pattern *p, u64 seed, u32 requests, struct load *load)
{
	double seconds = (double)limited(p->a + p->b * p->c, requests) / (p->a + p->b * p->c);
	int err = add_poisson(load, &seed, p->a, p->a * seconds + 1);
	u32 i;

	for (i = 0; !err && i < p->c; i++)
		err = add_poisson(load, &seed, p->b, p->b * seconds + 1);
	return err;
}

#define US 1000ull
#define MS 1000000ull

const struct pattern patterns[] = {
	{ "poisson-100", "at random, 100/s", make_poisson, 100, 0, 0 },
	{ "poisson-1000", "at random, 1000/s", make_poisson, 1000, 0, 0 },
	{ "poisson-3000", "at random, 3000/s", make_poisson, 3000, 0, 0 },
	{ "poisson-10000", "at random, 10000/s", make_poisson, 10000, 0, 0 },
	{ "poisson-30000", "at random, 30000/s", make_poisson, 30000, 0, 0 },
	{ "poisson-100000", "at random, 100000/s", make_poisson, 100000, 0, 0 },
	{ "poisson-300000", "at random, 300000/s", make_poisson, 300000, 0, 0 },
	{ "bursts", "32, 5 us apart, then 5 ms nothing",
	  make_bursts, 32, 5 * US, 5 * MS },
	{ "pairs", "2, 15 us apart, then 500 us nothing",
	  make_bursts, 2, 15 * US, 500 * US },
	{ "on-off", "for 10 ms every 20 us, then 10 ms nothing",
	  make_on_off, 10 * MS, 20 * US, 10 * MS },
	{ "mixed", "40 us apart, every 4th 2 ms", make_regular, 40 * US, 2 * MS, 4 },
	{ "tail", "10 us apart or more, up to 20 ms", make_tail, 10 * US, 20 * MS, 0 },
	{ "regular-175", "175 us apart", make_regular, 175 * US, 0, 0 },
	{ "regular-250", "250 us apart", make_regular, 250 * US, 0, 0 },
	{ "closed-15", "one in flight, 15 us for all else", make_closed, 15 * US, 0, 0 },
	{ "cached", "one in flight, 15 us for all else, every 3rd 1 ms",
	  make_closed, 15 * US, 1 * MS, 3 },
	{ "closed-100", "one in flight, 100 us for all else", make_closed, 100 * US, 0, 0 },
	{ "phases", "100/s, 50000/s, 2000/s, half a second each",
	  make_phases, 100, 50000, 2000 },
	{ "rings-4", "4 rings of 5000/s each", make_rings, 5000, 5000, 3 },
	{ "rings-8", "a ring of 20000/s beside 7 of 100/s", make_rings, 20000, 100, 7 },
	{ "busy", "20000/s, other work every other millisecond",
	  make_poisson, 20000, 1 * MS, 1 * MS },
};

const u32 nr_patterns = MOAT_ARRAY_SIZE(patterns);

/**
 * pattern_make() - the load
 * @pattern: the pattern
 * @seed: of its chance
 * @requests: about how many; fewer where they are rare
 * @load: filled in; pattern_free() whatever this returns
 *
 * Return: 0 or -ENOMEM.
 */
int pattern_make(const struct pattern *pattern, u64 seed, u32 requests, struct load *load)
{
	memset(load, 0, sizeof(*load));
	return pattern->make(pattern, seed, requests, load);
}

void pattern_free(struct load *load)
{
	u32 i;

	for (i = 0; i < load->nr_rings; i++)
		free(load->sources[i].gaps);
	load->nr_rings = 0;
}
