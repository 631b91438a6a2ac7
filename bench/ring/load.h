/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The load, the same for every ring.
 *
 * The front end issues reads of one segment and looks up each answer in its
 * own table of what is in flight; the back end sees to it that they come in
 * order. What a ring does is given as a constant structure of functions, which
 * the compiler puts in line: no ring pays for the comparison.
 *
 * Closed: there are always as many in flight as the depth says, and the clock
 * is read once for a chunk of requests. Open: arrivals at random moments (exponential
 * gaps), each of as many requests as the depth says, timed from when it was
 * due until the last of its answers; an arrival that is due before the last
 * one is answered waits, and its latency says so.
 */
#ifndef MOAT_BENCH_LOAD_H
#define MOAT_BENCH_LOAD_H

#include "pair.h"

#define always_inline inline __attribute__((always_inline))

/**
 * struct front_ops - a ring, from the front end
 * @put: write a request; there is room
 * @push: show what was put, notify if asked; 0 or a negative errno
 * @take: take one response: 1, or 0 if there is none, or a negative errno
 * @idle: there was none though some are due; 0 or a negative errno
 * @begin: the first request after a while without any is about to go out
 */
struct front_ops {
	void (*put)(struct pair *pair, const struct moat_request *req);
	int (*push)(struct pair *pair);
	int (*take)(struct pair *pair, struct moat_response *rsp);
	int (*idle)(struct pair *pair);
	void (*begin)(struct pair *pair);
};

/**
 * struct back_ops - a ring, from the back end; as struct front_ops
 */
struct back_ops {
	int (*take)(struct pair *pair, struct moat_request *req);
	void (*put)(struct pair *pair, const struct moat_response *rsp);
	int (*push)(struct pair *pair);
	int (*idle)(struct pair *pair);
};

void load_mark(struct pair *pair, struct outcome *out);
void load_samples(struct pair *pair, struct outcome *out);
void load_measure(struct pair *pair, struct outcome *out);
void load_sample(struct pair *pair, u64 ns);
u64 load_chunk(struct pair *pair, u64 begun, u64 requests);
void load_await(struct pair *pair, u64 due);
u64 load_gap(struct pair *pair);
u64 load_length(const struct pair *pair);

/* ---- the front end ---- */

static always_inline int load_issue(struct pair *pair, const struct front_ops *ops, u32 n)
{
	struct tags *tags = &pair->tags;
	struct moat_request req;
	u32 tag;

	if (!n)
		return 0;
	while (n--) {
		if (moat_inflight_issue(&tags->table, MOAT_OP_READ, &tag, &req.id))
			return -EBUSY;
		req.op = MOAT_OP_READ;
		req.indirect = false;
		req.handle = 0;
		req.nr_segs = 1;
		req.sector = tags->issued++;
		req.seg[0] = (struct moat_seg){ .gref = tag, .first = 0, .last = 7 };
		ops->put(pair, &req);
	}
	return ops->push(pair);
}

/* Take what has come. Return: how many, or a negative errno. */
static always_inline int load_collect(struct pair *pair, const struct front_ops *ops)
{
	struct tags *tags = &pair->tags;
	struct moat_response rsp;
	int got, n = 0;
	u32 tag;

	while ((got = ops->take(pair, &rsp)) > 0) {
		if (rsp.status != MOAT_RSP_OKAY ||
		    moat_inflight_match(&tags->table, &rsp, &tag))
			return -EPROTO;
		tags->answered++;
		n++;
	}
	return got ? got : n;
}

/* Look for answers; with none, do what the mode says. */
static always_inline int load_look(struct pair *pair, const struct front_ops *ops)
{
	int n = load_collect(pair, ops);

	if (n)
		return n;
	return pair_failed(pair) ? -EPROTO : ops->idle(pair);
}

static always_inline int load_drain(struct pair *pair, const struct front_ops *ops)
{
	int ret;

	while (pair->tags.table.count) {
		ret = load_look(pair, ops);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Times are taken a chunk of requests at a time, see load_chunk(). */
static always_inline int load_closed(struct pair *pair, const struct front_ops *ops, u64 ns)
{
	u64 begun = now_ns(), end = begun + ns;
	struct tags *tags = &pair->tags;
	u64 next = tags->answered + RING_CHUNK;
	int ret;

	for (;;) {
		if (tags->answered >= next) {
			begun = load_chunk(pair, begun, RING_CHUNK + tags->answered - next);
			if (begun >= end)
				return 0;
			next = tags->answered + RING_CHUNK;
		}
		ret = load_issue(pair, ops, pair->cell->depth - tags->table.count);
		if (!ret)
			ret = load_look(pair, ops);
		if (ret < 0)
			return ret;
	}
}

static always_inline int load_open(struct pair *pair, const struct front_ops *ops, u64 ns)
{
	u64 now = now_ns(), end = now + ns, due = now;
	int ret;

	/* The one that is due behind the end is not waited for. */
	while (now < end && pair->nr_samples < RING_SAMPLES_MAX) {
		due = pair->cell->rate ? due + load_gap(pair) : now;
		load_await(pair, due < end ? due : end);
		if (due >= end)
			return 0;
		ops->begin(pair);
		ret = load_issue(pair, ops, pair->cell->depth);
		if (!ret)
			ret = load_drain(pair, ops);
		if (ret)
			return ret;
		now = now_ns();
		load_sample(pair, now - due);
	}
	return 0;
}

/* Each cell begins with an eighth of its length that does not count. */
static always_inline int load_front(struct pair *pair, struct outcome *out,
				    const struct front_ops *ops)
{
	u64 ns = load_length(pair);
	int err;

	err = pair->cell->open ? load_open(pair, ops, ns / 8) :
				 load_closed(pair, ops, ns / 8);
	if (err)
		return err;
	load_mark(pair, out);
	err = pair->cell->open ? load_open(pair, ops, ns) : load_closed(pair, ops, ns);
	if (err)
		return err;
	load_measure(pair, out);
	return load_drain(pair, ops);
}

/* ---- the back end ---- */

/* Answer what waits. Return: how many, or a negative errno. */
static always_inline int load_serve(struct pair *pair, const struct back_ops *ops)
{
	struct moat_request req;
	struct moat_response rsp = { .status = MOAT_RSP_OKAY };
	u32 n = 0;
	int got = 0;

	while (n < pair->cell->depth && (got = ops->take(pair, &req)) > 0) {
		if (req.op != MOAT_OP_READ || req.nr_segs != 1 ||
		    req.sector != pair->back.counts.requests)
			return -EPROTO;
		pair->back.counts.requests++;
		rsp.id = req.id;
		rsp.op = req.op;
		ops->put(pair, &rsp);
		n++;
	}
	if (got < 0)
		return got;
	if (n)
		got = ops->push(pair);
	return got < 0 ? got : (int)n;
}

static always_inline int load_back(struct pair *pair, const struct back_ops *ops)
{
	int ret = 0;

	for (;;) {
		ret = load_serve(pair, ops);
		if (!ret) {
			if (pair_stopped(pair))
				break;
			ret = ops->idle(pair);
		}
		if (ret < 0)
			break;
	}
	pair->served = pair->back.counts.requests;
	return ret;
}

#endif
