/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Back ends that die in front of any of their stores, one after the other, behind a
 * ring whose front end may mean harm.
 *
 * The ring is of its exact size on the heap and ASan watches its ends. Of an honest
 * front end this must hold: each request is found, whole, until it is answered, and
 * answered once. Of one that writes where it likes: nobody reads or writes beyond the
 * ring, a record that cannot have been ends the connection with nothing written, and
 * no more responses come than there were requests.
 */
#include "tests/unit/death.h"

#include "fuzz.h"

#include "core/journal.h"

#define SLOTS_MOST 512

static struct {
	struct moat_sring *shared;
	size_t bytes;
	struct moat_ring front, back;
	struct moat_journal journal;
	u16 place[SLOTS_MOST], holder[SLOTS_MOST];
	u64 taken[SLOTS_MOST];		/* by tag: id of the request */
	bool busy[SLOTS_MOST];		/* by tag */
	bool asked[SLOTS_MOST];		/* by number below the ring's size: not answered */
	bool honest;
} w;

static struct moat_request request(u32 number)
{
	struct moat_request req = { .op = MOAT_OP_READ, .nr_segs = MOAT_WIRE_SEGS,
				    .id = number, .sector = ~(u64)number };
	u32 i;

	for (i = 0; i < MOAT_WIRE_SEGS; i++)
		req.seg[i] = (struct moat_seg){ number * 16 + i, (number + i) % 8, 7 };
	return req;
}

static void send(u32 n)
{
	u32 number = 0, room = moat_ring_front_room(&w.front), stores = death.stores;

	death.stores = DEATH_NEVER;	/* it is the back ends that die */
	for (n = n < room ? n : room; n; n--) {
		struct moat_request req;

		while (w.asked[number])
			number++;
		check(number < w.front.size);
		req = request(number);
		w.asked[number] = w.honest;
		moat_ring_put_request(&w.front, &req);
	}
	moat_ring_push_requests(&w.front);
	death.stores = stores;
}

static void receive(void)
{
	struct moat_response rsp;
	u32 n;

	if (moat_ring_responses(&w.front, &n)) {
		check(!w.honest);
		return;
	}
	while (n--) {
		moat_ring_take_response(&w.front, &rsp);
		if (!w.honest)
			continue;
		check(rsp.id < w.front.size && w.asked[rsp.id]);
		check(rsp.op == MOAT_OP_READ && rsp.status == MOAT_RSP_OKAY);
		w.asked[rsp.id] = false;
	}
}

static void scribble(struct fuzz *f)
{
	struct moat_journal_record *record = moat_journal_record(&w.front);
	u32 at = fuzz_u32(f) % w.bytes, n = fuzz_u8(f) % 64;

	switch (fuzz_u8(f) % 6) {
	case 0:
		fuzz_bytes(f, (u8 *)w.shared + at, n < w.bytes - at ? n : w.bytes - at);
		break;
	case 1:
		record->at = w.shared->rsp_prod + (s32)(s16)fuzz_u32(f) % 3;
		break;
	case 2:
		record->move = fuzz_u32(f) % (2 * w.front.size);
		break;
	case 3:
		record->magic = n & 1 ? MOAT_JOURNAL_MAGIC : at;
		break;
	case 4:
		w.shared->rsp_prod += (s32)(s16)fuzz_u32(f) % (s32)w.front.size;
		break;
	default:
		w.shared->req_prod += (s32)(s16)fuzz_u32(f) % (s32)w.front.size;
	}
}

/* Return: whether the connection goes on. */
static bool begin(void)
{
	u32 responses = w.shared->rsp_prod;
	u8 before[16 * 4096];
	int err;

	memset(w.busy, 0, sizeof(w.busy));
	memset(w.place, 0xee, sizeof(w.place));
	memset(w.holder, 0xee, sizeof(w.holder));
	w.journal = (struct moat_journal){ w.place, w.holder };
	moat_ring_serve(&w.back, w.shared, w.front.layout, w.bytes / 4096);
	memcpy(before, w.shared, w.bytes);
	err = moat_journal_resume(&w.back);
	if (err == -ENOENT) {
		moat_journal_start(&w.back);
	} else if (err) {
		check(!w.honest);
		check(!memcmp(before, w.shared, w.bytes));
		return false;
	}
	check(w.back.prod - responses <= 1);
	check(w.back.pushed == w.back.prod && w.back.cons == w.back.prod);
	return true;
}

static void take(u32 most)
{
	struct moat_request req, want;
	u32 n, tag = 0;

	if (moat_ring_requests(&w.back, &n)) {
		check(!w.honest);
		return;
	}
	check(n <= w.back.size - (w.back.cons - w.back.prod));
	for (n = n < most ? n : most; n; n--) {
		while (w.busy[tag])
			tag++;
		check(tag < w.back.size);
		moat_journal_take(&w.journal, &w.back, tag);
		moat_ring_take_request(&w.back, &req);
		w.busy[tag] = true;
		w.taken[tag] = req.id;
		if (!w.honest)
			continue;
		check(req.id < w.front.size && w.asked[req.id]);
		want = request(req.id);
		check(!memcmp(&req, &want, sizeof(want)));
	}
}

static void answer(u32 nth)
{
	struct moat_response rsp = { .op = MOAT_OP_READ };
	u32 tag, left = w.back.cons - w.back.prod;

	if (!left)
		return;
	for (nth %= left, tag = 0; !w.busy[tag] || nth--; tag++)
		check(tag < w.back.size);
	w.busy[tag] = false;
	rsp.id = w.taken[tag];
	moat_journal_answer(&w.journal, &w.back, tag, &rsp);
	check(w.back.cons - w.back.prod == left - 1);
}

static void step(struct fuzz *f)
{
	u8 what = fuzz_u8(f), n = fuzz_u8(f);

	switch (what % 8) {
	case 0:
		send(n);
		break;
	case 1:
		receive();
		break;
	case 2:
		take(n);
		break;
	case 3:
		if (!w.honest)
			scribble(f);
		break;
	case 4:
		death.stores = n % 48;
		break;
	case 5:
		moat_ring_push_responses(&w.back);
		break;
	default:
		answer(n);
	}
}

/* What an honest front end has asked is answered in the end. */
static void finish(void)
{
	u32 i;

	death.stores = DEATH_NEVER;
	if (!w.honest || !begin())
		return;
	take(SLOTS_MOST);
	for (i = w.back.cons - w.back.prod; i; i--)
		answer(i);
	receive();
	for (i = 0; i < w.front.size; i++)
		check(!w.asked[i]);
}

/* One back end lives until it dies or the input ends. */
static bool live(struct fuzz *f)
{
	if (setjmp(death.back))
		return true;
	if (!begin())
		return false;
	while (f->left)
		step(f);
	return false;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	u8 kind = fuzz_u8(&f);
	u32 start = fuzz_u32(&f), pages = 1u << ((kind >> 2) % 5);
	enum moat_layout layout = kind & 1 ? MOAT_LAYOUT_32 : MOAT_LAYOUT_64;

	memset(&w, 0, sizeof(w));
	w.honest = kind & 2;
	w.bytes = pages * 4096;
	w.shared = malloc(w.bytes);
	check(w.shared);
	death_watch(w.shared, w.bytes);
	moat_ring_create(&w.front, w.shared, layout, pages);
	moat_ring_attach(&w.front, w.shared, layout, pages, start, start);
	w.shared->req_prod = start;
	w.shared->rsp_prod = start;
	while (live(&f))
		;
	finish();
	free(w.shared);
	return 0;
}
