/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers that a seed repeats (splitmix64).
 */
#ifndef MOAT_HOSTILE_CHANCE_H
#define MOAT_HOSTILE_CHANCE_H

#include <linux/kernel.h>
#include <linux/types.h>

/**
 * struct chance - a source of random numbers; of one thread
 * @state: what comes next follows from it
 */
struct chance {
	u64 state;
};

/* Sources of one seed with different streams have nothing in common. */
static inline void chance_init(struct chance *chance, u64 seed, u64 stream)
{
	chance->state = seed * 0x2545f4914f6cdd1dULL ^ stream * 0x9e3779b97f4a7c15ULL;
}

/* Any 64 bits. */
static inline u64 chance_any(struct chance *chance)
{
	u64 z = chance->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 to @n - 1; @n is not 0. */
static inline u32 chance_below(struct chance *chance, u32 n)
{
	return (chance_any(chance) >> 32) * n >> 32;
}

/* True once in @n times. */
static inline bool chance_one_in(struct chance *chance, u32 n)
{
	return !chance_below(chance, n);
}

/* A member of an array. */
#define chance_of(chance, array) ((array)[chance_below(chance, ARRAY_SIZE(array))])

#endif
