/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arrival patterns that policies are compared on.
 *
 * Each is made from a seed: the same seed gives the same arrivals, and every
 * policy meets the same ones.
 */
#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H

#include "sim.h"

/**
 * struct pattern - a kind of load
 * @name: as the reports call it
 * @about: one line for people
 * @make: fill in an empty load, for so many requests
 * @a, @b, @c: what @make makes of it
 */
struct pattern {
	const char *name;
	const char *about;
	int (*make)(const struct pattern *pattern, u64 seed, u32 requests, struct load *load);
	u64 a, b, c;
};

extern const struct pattern patterns[];
extern const u32 nr_patterns;

int pattern_make(const struct pattern *pattern, u64 seed, u32 requests, struct load *load);
void pattern_free(struct load *load);

#endif
