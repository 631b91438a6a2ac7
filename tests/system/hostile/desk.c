// SPDX-License-Identifier: GPL-2.0
/*
 * A ring as a hostile back end has it: requests that wait for their answers.
 *
 * It moves no data: an answer is all that a request gets. Answers are honest, or lies (an
 * error that there was not, an operation by its other name, out of turn: the protocol allows
 * all of these), or break the protocol, as often as the caller says.
 */
#include "desk.h"

#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <xen/events.h>

static bool flushless;
module_param(flushless, bool, 0644);
MODULE_PARM_DESC(flushless, "flushes are not supported after all; an honest back end may say so");

static irqreturn_t desk_event(int irq, void *data)
{
	struct desk *desk = data;

	wake_up(&desk->half->woken);
	xen_irq_lateeoi(irq, 0);
	return IRQ_HANDLED;
}

static int desk_read_refs(struct desk *desk, const char *dir, grant_ref_t *gref)
{
	const char *front = desk->half->dev->otherend;
	unsigned int order = xenbus_read_unsigned(front, "ring-page-order", 0), i;
	char key[16];

	if (order > ilog2(DESK_PAGES_MAX))
		return -EINVAL;
	if (!order)
		return xenbus_scanf(XBT_NIL, dir, "ring-ref", "%u", gref) == 1 ? 1 : -EINVAL;
	for (i = 0; i < 1u << order; i++) {
		snprintf(key, sizeof(key), "ring-ref%u", i);
		if (xenbus_scanf(XBT_NIL, dir, key, "%u", &gref[i]) != 1)
			return -EINVAL;
	}
	return 1 << order;
}

/**
 * desk_open() - take up a ring of the front end's
 * @desk: closed
 * @half: whose it is
 * @dir: where the front end describes it
 *
 * Return: 0 or a negative errno; desk_close() is due in either case.
 */
int desk_open(struct desk *desk, struct half *half, const char *dir)
{
	grant_ref_t gref[DESK_PAGES_MAX];
	struct blkif_sring *sring;
	unsigned int port;
	int pages, err;

	desk->half = half;
	pages = desk_read_refs(desk, dir, gref);
	if (pages < 0 || xenbus_scanf(XBT_NIL, dir, "event-channel", "%u", &port) != 1)
		return -EINVAL;
	err = xenbus_map_ring_valloc(desk->half->dev, gref, pages, &desk->shared);
	if (err) {
		desk->shared = NULL;
		return err;
	}
	sring = desk->shared;
	BACK_RING_ATTACH(&desk->ring, sring, sring->rsp_prod, pages * PAGE_SIZE);
	desk->nr_waiting = 0;
	err = bind_interdomain_evtchn_to_irqhandler_lateeoi(desk->half->dev, port, desk_event, 0,
							    "hostile", desk);
	if (err < 0)
		return err;
	desk->irq = err;
	return 0;
}

/* Give the ring back; one that is closed will do. */
void desk_close(struct desk *desk)
{
	if (desk->irq)
		unbind_from_irqhandler(desk->irq, desk);
	desk->irq = 0;
	if (desk->shared)
		xenbus_unmap_ring_vfree(desk->half->dev, desk->shared);
	desk->shared = NULL;
}

/* Keep a page of a request mapped. */
static void desk_keep(struct desk *desk, const struct blkif_request *req, struct keep *keep,
		      struct chance *chance)
{
	bool indirect = req->operation == BLKIF_OP_INDIRECT;

	if (!indirect && (!req->u.rw.nr_segments || req->operation == BLKIF_OP_DISCARD))
		return;
	keep_map(keep, chance_below(chance, KEEP_PAGES),
		 indirect ? req->u.indirect.indirect_grefs[0] : req->u.rw.seg[0].gref,
		 indirect || req->operation != BLKIF_OP_READ);
	count_inc(desk->half->counts, COUNT_grants);
}

/**
 * desk_take() - take the requests that are there
 * @desk: the ring
 * @keep: pages to keep mapped; NULL: none
 * @chance: which
 *
 * Arms the ring, so that an event comes with a quarter of it, or by chance does not: who asks
 * looks again anyway, and each event costs more than many requests do.
 *
 * Return: how many.
 */
u32 desk_take(struct desk *desk, struct keep *keep, struct chance *chance)
{
	u32 n = READ_ONCE(desk->ring.sring->req_prod) - desk->ring.req_cons, i;

	virt_rmb();
	if (n > RING_SIZE(&desk->ring) - desk->nr_waiting) {
		count_inc(desk->half->counts, COUNT_strange);
		return 0;
	}
	for (i = 0; i < n; i++) {
		struct blkif_request req;

		RING_COPY_REQUEST(&desk->ring, desk->ring.req_cons, &req);
		desk->ring.req_cons++;
		if (keep && chance_one_in(chance, 8))
			desk_keep(desk, &req, keep, chance);
		desk->waiting[desk->nr_waiting++] = (struct desk_request) {
			.id = req.u.rw.id,
			.op = req.operation == BLKIF_OP_INDIRECT ?
			      req.u.indirect.indirect_op : req.operation,
		};
	}
	WRITE_ONCE(desk->ring.sring->req_event, desk->ring.req_cons + RING_SIZE(&desk->ring) / 4);
	if (n && chance_one_in(chance, 4)) {
		WRITE_ONCE(desk->ring.sring->req_event, chance_any(chance));
		count_inc(desk->half->counts, COUNT_indices);
	}
	return n;
}

static void lie(struct blkif_response *rsp, struct chance *chance)
{
	switch (chance_below(chance, 4)) {
	case 0:
		rsp->status = BLKIF_RSP_EOPNOTSUPP;
		break;
	case 1:
		rsp->operation = BLKIF_OP_INDIRECT;
		break;
	default:
		rsp->status = BLKIF_RSP_ERROR;
	}
}

static void break_it(const struct desk *desk, struct blkif_response *rsp, struct chance *chance)
{
	static const s16 statuses[] = { 1, 2, -3, -22, S16_MAX, S16_MIN };

	switch (chance_below(chance, 8)) {
	case 0:
		rsp->id = chance_any(chance);
		break;
	case 1:
		rsp->id = desk->last.id;
		break;
	case 2:
		rsp->id += 1 << 16;
		break;
	case 3:
		rsp->id ^= 1ULL << chance_below(chance, 64);
		break;
	case 4:
		rsp->operation = chance_any(chance);
		break;
	case 5:
		rsp->status = chance_of(chance, statuses);
		break;
	case 6:
		rsp->status = chance_any(chance);
		break;
	default:
		rsp->id = chance_below(chance, 65536);
	}
}

static void answer_one(struct desk *desk, struct chance *chance, u32 lies, u32 breaks)
{
	u32 which = lies ? chance_below(chance, desk->nr_waiting) : 0;
	struct blkif_response rsp = {
		.id = desk->waiting[which].id,
		.operation = desk->waiting[which].op,
		.status = BLKIF_RSP_OKAY,
	};
	bool hostile = which, twice = false;

	if (READ_ONCE(flushless) && rsp.operation == BLKIF_OP_FLUSH_DISKCACHE)
		rsp.status = BLKIF_RSP_EOPNOTSUPP;
	if (lies && chance_one_in(chance, lies)) {
		hostile = true;
		lie(&rsp, chance);
	}
	if (breaks && chance_one_in(chance, breaks)) {
		hostile = true;
		twice = chance_one_in(chance, 8);
		break_it(desk, &rsp, chance);
	}
	desk->last = desk->waiting[which];
	if (!twice)
		desk->waiting[which] = desk->waiting[--desk->nr_waiting];
	memcpy(RING_GET_RESPONSE(&desk->ring, desk->ring.rsp_prod_pvt), &rsp, sizeof(rsp));
	desk->ring.rsp_prod_pvt++;
	if (hostile)
		count_inc(desk->half->counts, COUNT_responses);
	count_inc(desk->half->counts, rsp.status == BLKIF_RSP_OKAY ? COUNT_good : COUNT_bad);
}

/**
 * desk_answer() - answer what waits, or some of it
 * @desk: the ring
 * @chance: which, how
 * @lies: one answer in so many is a lie, and all are out of turn; 0: none
 * @breaks: one in so many breaks the protocol; 0: none
 *
 * The front end does not see them before desk_show().
 */
void desk_answer(struct desk *desk, struct chance *chance, u32 lies, u32 breaks)
{
	u32 n = desk->nr_waiting;

	if (lies && n > 1 && chance_one_in(chance, 4))
		n = chance_below(chance, n);
	while (n-- && desk->nr_waiting)
		answer_one(desk, chance, lies, breaks);
}

/* Show the answers. */
void desk_show(struct desk *desk)
{
	int notify;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&desk->ring, notify);
	if (notify)
		desk_events(desk, 1);
}

/**
 * desk_flip() - overwrite something that the front end may just be reading
 * @desk: the ring
 * @chance: what, and with what
 *
 * Answers, those that are shown and those that are not yet, and the event index; not the
 * producer index, which ends everything at once: see desk_overrun().
 */
void desk_flip(struct desk *desk, struct chance *chance)
{
	u32 index = READ_ONCE(desk->ring.rsp_prod_pvt) + chance_below(chance, 16) - 4;
	struct blkif_response *rsp = RING_GET_RESPONSE(&desk->ring, index);

	switch (chance_below(chance, 5)) {
	case 0:
		WRITE_ONCE(desk->ring.sring->req_event, chance_any(chance));
		break;
	case 1:
		WRITE_ONCE(rsp->id, chance_any(chance));
		break;
	case 2:
		WRITE_ONCE(rsp->operation, chance_any(chance));
		break;
	case 3:
		WRITE_ONCE(rsp->status, chance_any(chance));
		break;
	default:
		((u8 *)rsp)[chance_below(chance, sizeof(*rsp))] = chance_any(chance);
	}
	count_inc(desk->half->counts, COUNT_flips);
}

/**
 * desk_overrun() - a producer index that cannot be
 * @desk: the ring
 * @chance: which
 */
void desk_overrun(struct desk *desk, struct chance *chance)
{
	u32 prod = desk->ring.rsp_prod_pvt, size = RING_SIZE(&desk->ring);
	const u32 tricks[] = { prod + size + 1, prod + 1000, prod + (1u << 31), prod - size,
			       prod - 1, (u32)chance_any(chance) };

	WRITE_ONCE(desk->ring.sring->rsp_prod, chance_of(chance, tricks));
	count_inc(desk->half->counts, COUNT_indices);
	desk_events(desk, 1);
}

/* Send events. */
void desk_events(struct desk *desk, u32 times)
{
	count_add(desk->half->counts, COUNT_events, times);
	while (times--)
		notify_remote_via_irq(desk->irq);
}
