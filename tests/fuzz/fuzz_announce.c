/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A back end that announces anything: what is taken for a disk makes sense to
 * a block layer, and device numbers have names that fit.
 */
#include "fuzz.h"

#include "core/announce.h"
#include "core/vdev.h"

static void sensible(const struct moat_announce *a, const struct moat_traits *t,
		     u32 max_segs)
{
	u32 most = max_segs > MOAT_WIRE_SEGS ? max_segs : MOAT_WIRE_SEGS;

	check(t->block_size == 512 || t->block_size == 1024 ||
	      t->block_size == 2048 || t->block_size == 4096);
	check(t->capacity == a->sectors && t->capacity);
	check(t->capacity <= (u64)INT64_MAX / 512 + 1);
	check(t->capacity * 512 % t->block_size == 0);
	check(t->physical_size >= t->block_size);
	check((t->physical_size & (t->physical_size - 1)) == 0);
	check(t->max_segs >= MOAT_WIRE_SEGS && t->max_segs <= most);
	check(t->max_segs == MOAT_WIRE_SEGS || t->max_segs <= a->max_indirect);
	check(!t->secure_discard || t->discard);
	check(t->readonly == !!(a->info & 4));
	if (t->discard) {
		check(t->granularity && t->granularity % t->block_size == 0);
		check(t->alignment % t->block_size == 0);
		check(t->granularity <= 1u << 31 && t->alignment <= 1u << 31);
	}
}

static void name(u32 number)
{
	struct moat_vdev v;
	char *text;

	if (moat_vdev_parse(number, &v))
		return;
	text = malloc(MOAT_VDEV_NAME);
	check(text);
	memset(text, '#', MOAT_VDEV_NAME);
	moat_vdev_name(&v, text);
	check(memchr(text, '\0', MOAT_VDEV_NAME));
	check(!strncmp(text, "xvd", 3) && text[3] >= 'a' && text[3] <= 'z');
	free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	u32 max_segs = fuzz_u32(&f), number = fuzz_u32(&f);
	struct moat_announce a;
	struct moat_traits t;

	fuzz_bytes(&f, &a, sizeof(a));
	memset(&t, 0x5a, sizeof(t));
	if (!moat_announce_check(&a, max_segs, &t))
		sensible(&a, &t, max_segs);
	name(number);
	return 0;
}
