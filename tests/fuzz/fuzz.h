/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets share: bytes to take decisions from, and a check that
 * holds in every build.
 */
#ifndef MOAT_FUZZ_H
#define MOAT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/env.h"

#define check(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: does not hold: %s\n", \
			__FILE__, __LINE__, #x); \
		abort(); \
	} \
} while (0)

struct fuzz {
	const u8 *data;
	size_t left;
};

/* The next @size bytes as they come; zeroes once there are no more. */
static inline void fuzz_bytes(struct fuzz *f, void *to, size_t size)
{
	size_t n = size < f->left ? size : f->left;

	memset(to, 0, size);
	if (!n)
		return;
	memcpy(to, f->data, n);
	f->data += n;
	f->left -= n;
}

static inline u8 fuzz_u8(struct fuzz *f)
{
	u8 v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

static inline u32 fuzz_u32(struct fuzz *f)
{
	u32 v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

static inline u64 fuzz_u64(struct fuzz *f)
{
	u64 v;

	fuzz_bytes(f, &v, sizeof(v));
	return v;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif
