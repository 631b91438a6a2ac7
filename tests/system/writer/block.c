// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that say what they are. Every word depends on number and generation, so a
 * block made of two halves is as wrong as one in another's place.
 */
#include "block.h"

enum { WORDS = BLOCK_BYTES / sizeof(uint64_t), SUM = WORDS - 1, BODY = 3 };

static const uint64_t magic = 0x4d6f617457726974;	/* "MoatWrit" */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

static uint64_t sum_of(const uint64_t *word)
{
	uint64_t sum = magic;

	for (int i = 0; i < SUM; i++)
		sum = mix(sum ^ word[i]);
	return sum;
}

void block_fill(void *data, uint64_t number, uint64_t generation)
{
	uint64_t seed = mix(mix(number) ^ generation);
	uint64_t *word = data;

	word[0] = magic;
	word[1] = number;
	word[2] = generation;
	for (int i = BODY; i < SUM; i++)
		word[i] = seed + i * magic;
	word[SUM] = sum_of(word);
}

bool block_check(const void *data, uint64_t number, uint64_t *generation)
{
	const uint64_t *word = data;

	if (word[0] != magic || word[1] != number || word[SUM] != sum_of(word))
		return false;
	*generation = word[2];
	return true;
}
