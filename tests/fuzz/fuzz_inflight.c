/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random requests and responses against a plain list of what is in flight:
 * the table believes a response if and only if the list has its id and its
 * operation, and takes it once.
 */
#include "fuzz.h"

#include "core/inflight.h"

#define TAGS 8u

struct entry {
	bool there;
	u64 id;
	u8 op;
};

struct world {
	struct moat_inflight_slot slots[TAGS];
	struct moat_inflight t;
	struct entry list[TAGS];
	u64 seen[64];		/* ids issued, for plausible lies */
	u32 issued;
};

static u32 count(const struct world *w)
{
	u32 i, n = 0;

	for (i = 0; i < TAGS; i++)
		n += w->list[i].there;
	return n;
}

static void issue(struct world *w, struct fuzz *f)
{
	u8 op = fuzz_u8(f) % 6;
	u64 id = 0x55;
	u32 i, tag = 0x77;
	int err = moat_inflight_issue(&w->t, op, &tag, &id);

	check((err == 0) == (count(w) < TAGS));
	if (err) {
		check(id == 0x55 && tag == 0x77);
		return;
	}
	check(tag < TAGS && !w->list[tag].there);
	for (i = 0; i < TAGS; i++)
		check(!w->list[i].there || w->list[i].id != id);
	w->list[tag] = (struct entry){ true, id, op };
	w->seen[w->issued++ % MOAT_ARRAY_SIZE(w->seen)] = id;
}

static void respond(struct world *w, struct fuzz *f)
{
	u8 kind = fuzz_u8(f);
	struct moat_response rsp = {
		.op = fuzz_u8(f) % 8,
		.id = kind & 1 ? fuzz_u64(f) :
		      w->seen[fuzz_u8(f) % MOAT_ARRAY_SIZE(w->seen)],
	};
	u32 i, tag = 0x77;
	bool good = false;
	int err;

	if (kind & 2)
		rsp.id ^= 1ull << (fuzz_u8(f) % 64);
	for (i = 0; i < TAGS; i++) {
		const struct entry *e = &w->list[i];

		if (e->there && e->id == rsp.id)
			break;
	}
	if (kind & 4)
		rsp.status = (s16)(fuzz_u8(f) % 8) - 4;
	if (i < TAGS && rsp.status <= 0 && rsp.status >= -2)
		good = rsp.op == w->list[i].op || rsp.op == MOAT_OP_INDIRECT;
	err = moat_inflight_match(&w->t, &rsp, &tag);
	check(err == (good ? 0 : -EPROTO));
	check(tag == (good ? i : 0x77));
	if (good)
		w->list[i].there = false;
}

static void withdraw(struct world *w, struct fuzz *f)
{
	u32 tag = fuzz_u8(f) % (TAGS + 2);
	bool want = tag < TAGS && w->list[tag].there;

	check(moat_inflight_withdraw(&w->t, tag) == want);
	if (want)
		w->list[tag].there = false;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	struct world w = { 0 };
	u32 i;

	moat_inflight_init(&w.t, w.slots, TAGS);
	for (i = 0; i < TAGS; i++)
		w.slots[i].use = UINT32_MAX - fuzz_u8(&f) % 4;
	while (f.left) {
		switch (fuzz_u8(&f) % 8) {
		case 0:
			withdraw(&w, &f);
			break;
		case 1:
		case 2:
		case 3:
			issue(&w, &f);
			break;
		default:
			respond(&w, &f);
		}
		check(w.t.count == count(&w));
		check(w.t.issued == w.issued);
	}
	return 0;
}
