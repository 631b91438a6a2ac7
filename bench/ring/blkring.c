// SPDX-License-Identifier: GPL-2.0
/*
 * Moat's ring: the shipping core/ring.h and core/spin.h at both ends.
 *
 * Used as the kernel modules use them. A front end that will not spin arms
 * before it shows its requests; one that spins leaves its event index behind,
 * and arms when the policy says so. The back end pushes once for all that it
 * found. An eventfd stands for the event channel: writing to it is the send,
 * reading it the sleep.
 *
 * One thing differs, and the kernel could do it too: the clock is read behind
 * fruitless looks only, and then once in a few, not on the way of a request.
 */
#include <unistd.h>

#include "load.h"

/* Fruitless looks for one reading of the clock; a few ns each. */
#define CLOCK_EVERY 32u

void blkring_init(struct pair *pair)
{
	moat_ring_create(&pair->front.ring, pair->shared, MOAT_LAYOUT_64, 1);
	moat_ring_disarm_responses(&pair->front.ring);
	moat_ring_serve(&pair->back.ring, pair->shared, MOAT_LAYOUT_64, 1);
	moat_ring_disarm_requests(&pair->back.ring);
}

/* ---- the policy ---- */

static always_inline void watch_found(struct watch *w)
{
	w->fresh = true;
	w->looks = 0;
}

/* Would it not spin at all? */
static always_inline bool watch_impatient(const struct watch *w)
{
	return w->params.mode == MOAT_MODE_EVENT ||
	       (w->params.mode == MOAT_MODE_ADAPTIVE && !w->spin.window_ns);
}

static always_inline enum moat_spin_verdict watch_look(struct side *side)
{
	struct watch *w = &side->watch;

	side->counts.misses++;
	if (w->params.mode == MOAT_MODE_ADAPTIVE && w->looks % CLOCK_EVERY == 0)
		w->now = now_ns();
	if (w->begun)
		moat_spin_start(&w->spin, w->now);
	if (w->fresh)
		moat_spin_look(&w->spin, &w->params, w->now, true, false);
	w->begun = false;
	w->fresh = false;
	watch_relax(w);
	return moat_spin_look(&w->spin, &w->params, w->now, false, false);
}

/* An event has ended a sleep. */
static void watch_woken(struct side *side, bool found)
{
	struct watch *w = &side->watch;

	w->now = now_ns();
	if (found)
		moat_spin_event(&w->spin, &w->params, w->now);
	else
		side->counts.spurious++;
}

/* ---- events ---- */

static int event_send(struct side *from, const struct side *to)
{
	u64 one = 1;

	from->counts.sends++;
	return write(to->event, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

static int event_sleep(struct side *side)
{
	u64 count;

	side->counts.sleeps++;
	return read(side->event, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;
}

/* ---- the front end ---- */

static always_inline void front_put(struct pair *pair, const struct moat_request *req)
{
	moat_ring_put_request(&pair->front.ring, req);
}

static always_inline int front_push(struct pair *pair)
{
	struct side *front = &pair->front;
	u32 count;

	if (!front->watch.armed && watch_impatient(&front->watch)) {
		if (moat_ring_arm_responses(&front->ring, &count))
			return -EPROTO;
		front->watch.armed = !count;
	}
	if (!moat_ring_push_requests(&front->ring))
		return 0;
	return event_send(front, &pair->back);
}

static always_inline int front_take(struct pair *pair, struct moat_response *rsp)
{
	struct side *front = &pair->front;

	if (!front->waiting) {
		if (moat_ring_responses(&front->ring, &front->waiting))
			return -EPROTO;
		if (!front->waiting)
			return 0;
	}
	moat_ring_take_response(&front->ring, rsp);
	front->waiting--;
	/* What it armed for has been taken. */
	front->watch.armed = false;
	watch_found(&front->watch);
	return 1;
}

static int front_sleep(struct pair *pair)
{
	struct side *front = &pair->front;
	u32 count;
	int err;

	if (!front->watch.armed) {
		if (moat_ring_arm_responses(&front->ring, &count))
			return -EPROTO;
		if (count)
			return 0;
		front->watch.armed = true;
	}
	err = event_sleep(front);
	if (err || moat_ring_responses(&front->ring, &count))
		return err ? err : -EPROTO;
	watch_woken(front, count);
	return 0;
}

static always_inline int front_idle(struct pair *pair)
{
	if (watch_look(&pair->front) == MOAT_SPIN_AGAIN)
		return 0;
	return front_sleep(pair);
}

/* Its gap runs from when the first of the requests goes out. What ended the one
 * before was found soon behind the last look in vain.
 */
static always_inline void front_begin(struct pair *pair)
{
	struct watch *w = &pair->front.watch;

	if (w->fresh)
		moat_spin_look(&w->spin, &w->params, w->now, true, false);
	w->fresh = false;
	w->begun = true;
	w->looks = 0;
}

static const struct front_ops front_ops = {
	.put = front_put,
	.push = front_push,
	.take = front_take,
	.idle = front_idle,
	.begin = front_begin,
};

int blkring_front(struct pair *pair, struct outcome *out)
{
	return load_front(pair, out, &front_ops);
}

/* ---- the back end ---- */

static always_inline int back_take(struct pair *pair, struct moat_request *req)
{
	struct side *back = &pair->back;

	if (!back->waiting) {
		if (moat_ring_requests(&back->ring, &back->waiting))
			return -EPROTO;
		if (!back->waiting)
			return 0;
	}
	moat_ring_take_request(&back->ring, req);
	back->waiting--;
	watch_found(&back->watch);
	return 1;
}

static always_inline void back_put(struct pair *pair, const struct moat_response *rsp)
{
	moat_ring_put_response(&pair->back.ring, rsp);
}

static always_inline int back_push(struct pair *pair)
{
	if (!moat_ring_push_responses(&pair->back.ring))
		return 0;
	return event_send(&pair->back, &pair->front);
}

static int back_sleep(struct pair *pair)
{
	struct side *back = &pair->back;
	u32 count;
	int err;

	if (moat_ring_arm_requests(&back->ring, &count))
		return -EPROTO;
	if (!count) {
		err = event_sleep(back);
		if (err || moat_ring_requests(&back->ring, &count))
			return err ? err : -EPROTO;
		watch_woken(back, count);
	}
	moat_ring_disarm_requests(&back->ring);
	return 0;
}

static always_inline int back_idle(struct pair *pair)
{
	if (watch_look(&pair->back) == MOAT_SPIN_AGAIN)
		return 0;
	return back_sleep(pair);
}

static const struct back_ops back_ops = {
	.take = back_take,
	.put = back_put,
	.push = back_push,
	.idle = back_idle,
};

int blkring_back(struct pair *pair)
{
	return load_back(pair, &back_ops);
}
