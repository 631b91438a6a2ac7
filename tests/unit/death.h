/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A back end that dies in front of one of its stores to a ring.
 *
 * To be included before anything of core/, whose stores ask here first:
 *
 *	if (setjmp(death.back)) {
 *		... it has died ...
 *	}
 *	death.stores = so many, in front of its end;
 *
 * Who must not die sets DEATH_NEVER meanwhile.
 */
#ifndef MOAT_TEST_DEATH_H
#define MOAT_TEST_DEATH_H

static void death_before_store(const volatile void *to);
#define moat_env_store(p) death_before_store(p)

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#define DEATH_NEVER 0xffffffffu

static struct {
	const void *ring;
	size_t bytes;
	uint32_t stores;	/* left */
	jmp_buf back;
} death = { .stores = DEATH_NEVER };

static void death_before_store(const volatile void *to)
{
	uintptr_t at = (uintptr_t)to - (uintptr_t)death.ring;

	if (at >= death.bytes || death.stores == DEATH_NEVER)
		return;
	if (!death.stores--) {
		death.stores = DEATH_NEVER;
		longjmp(death.back, 1);
	}
}

/* Only stores to this ring count. */
static inline void death_watch(const void *ring, size_t bytes)
{
	death.ring = ring;
	death.bytes = bytes;
	death.stores = DEATH_NEVER;
}

#endif
