/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks that say what they are.
 */
#ifndef WRITER_BLOCK_H
#define WRITER_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_BYTES 4096

/* Fills a block with what belongs there: its number, the generation, a checksum. */
void block_fill(void *data, uint64_t number, uint64_t generation);

/* Tells whether a block is whole and belongs there; then @generation is its own. */
bool block_check(const void *data, uint64_t number, uint64_t *generation);

#endif
