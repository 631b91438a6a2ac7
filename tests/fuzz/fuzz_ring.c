/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hostile peer: between any two steps of ours it writes anything anywhere
 * into the shared pages. Both ends are driven so, one at a time.
 *
 * The ring is of its exact size on the heap and ASan watches its ends. What
 * must hold: a count never exceeds what the ring can hold or what was asked;
 * the private indices move only by what we did; once the peer has been caught
 * (-EPROTO) nothing was written to the count.
 */
#include "fuzz.h"

#include "core/ring.h"

struct victim {
	struct moat_ring ring;
	bool back;
	u32 taken, put;		/* our own account */
};

static void scribble(struct fuzz *f, u8 *shared, u32 bytes)
{
	u32 at = fuzz_u32(f) % bytes;
	u32 n = fuzz_u8(f) % 64;

	if (n > bytes - at)
		n = bytes - at;
	fuzz_bytes(f, shared + at, n);
}

/* Move an index by a little: random 32 bits are hardly ever plausible. */
static void nudge(struct fuzz *f, struct victim *v)
{
	struct moat_sring *s = v->ring.shared;
	u32 n = fuzz_u8(f) % (2 * v->ring.size + 2);
	u8 which = fuzz_u8(f);

	if (which & 4)
		n = -n;
	switch (which & 3) {
	case 0:
		s->req_prod = v->ring.cons + n;
		break;
	case 1:
		s->rsp_prod = v->ring.cons + n;
		break;
	case 2:
		s->req_event = v->ring.prod + n;
		break;
	default:
		s->rsp_event = v->ring.prod + n;
	}
}

/* Room to produce, by our own account. */
static u32 room(const struct victim *v)
{
	u32 open = v->back ? v->taken - v->put : v->put - v->taken;

	return v->back ? open : v->ring.size - open;
}

static void put(struct victim *v, struct fuzz *f)
{
	struct moat_request req = { .op = MOAT_OP_WRITE, .nr_segs = 1 };
	struct moat_response rsp = { .op = MOAT_OP_WRITE };

	if (!v->back)
		check(moat_ring_front_room(&v->ring) == room(v));
	if (!room(v))
		return;
	req.nr_segs = fuzz_u8(f) % (MOAT_WIRE_SEGS + 1);
	if (v->back)
		moat_ring_put_response(&v->ring, &rsp);
	else
		moat_ring_put_request(&v->ring, &req);
	v->put++;
}

static void push(struct victim *v)
{
	struct moat_sring *s = v->ring.shared;
	u32 event = v->back ? s->rsp_event : s->req_event;
	u32 old = v->ring.pushed, new = v->ring.prod, i;
	bool want = false, notify;

	for (i = old; i != new; i++)
		want |= i + 1 == event;
	notify = v->back ? moat_ring_push_responses(&v->ring) :
			   moat_ring_push_requests(&v->ring);
	check(notify == want);
	check(v->ring.pushed == new);
	if (old != new)
		check((v->back ? s->rsp_prod : s->req_prod) == new);
}

static void take(struct victim *v, struct fuzz *f, bool arm)
{
	u32 most = v->back ? v->ring.size - (v->taken - v->put) :
			     v->ring.pushed - v->ring.cons;
	u32 count = 0xdead, n = fuzz_u8(f);
	struct moat_response rsp;
	struct moat_request req;
	int err;

	if (v->back)
		err = arm ? moat_ring_arm_requests(&v->ring, &count) :
			    moat_ring_requests(&v->ring, &count);
	else
		err = arm ? moat_ring_arm_responses(&v->ring, &count) :
			    moat_ring_responses(&v->ring, &count);
	check(err == 0 || err == -EPROTO);
	if (err) {
		check(count == 0xdead);
		return;
	}
	check(count <= most && count <= v->ring.size);
	for (; n && count; n--, count--) {
		if (v->back)
			moat_ring_take_request(&v->ring, &req);
		else
			moat_ring_take_response(&v->ring, &rsp);
		v->taken++;
		/* The next slot may change behind the count's back. */
		if (n & 1)
			nudge(f, v);
	}
}

static void step(struct victim *v, struct fuzz *f, u8 *shared, u32 bytes)
{
	switch (fuzz_u8(f) % 8) {
	case 0:
		scribble(f, shared, bytes);
		break;
	case 1:
		nudge(f, v);
		break;
	case 2:
	case 3:
		put(v, f);
		break;
	case 4:
		push(v);
		break;
	case 5:
		take(v, f, true);
		break;
	case 6:
		take(v, f, false);
		break;
	default:
		if (v->back)
			moat_ring_disarm_requests(&v->ring);
		else
			moat_ring_disarm_responses(&v->ring);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz f = { data, size };
	u8 kind = fuzz_u8(&f);
	u32 start = fuzz_u32(&f);
	u32 pages = 1u << ((kind >> 2) % 5);
	enum moat_layout layout = kind & 1 ? MOAT_LAYOUT_32 : MOAT_LAYOUT_64;
	struct victim v = { .back = kind & 2, .taken = start, .put = start };
	u8 *shared = malloc(pages * 4096);

	check(shared);
	moat_ring_create(&v.ring, shared, layout, pages);
	moat_ring_attach(&v.ring, shared, layout, pages, start, start);
	while (f.left) {
		step(&v, &f, shared, pages * 4096);
		check(v.ring.prod == v.put);
		check(v.ring.cons == v.taken);
		check(v.ring.pushed - start <= v.put - start);
		check(room(&v) <= v.ring.size);
	}
	free(shared);
	return 0;
}
