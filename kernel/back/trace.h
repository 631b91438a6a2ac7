/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Static tracepoints, for perf and bpftrace: the way of each request, and why
 * a ring is awake.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM moat_back

#if !defined(MOAT_BACK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MOAT_BACK_TRACE_H

#include <linux/tracepoint.h>

#include "core/ring.h"
#include "core/spin.h"

#include "job.h"

/* A request was taken from the ring. */
TRACE_EVENT(moat_back_take,
	TP_PROTO(const struct moat_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__field(u16, domid)
		__field(u16, ring)
		__field(u64, id)
		__field(u64, sector)
		__field(u16, segs)
		__field(u8, op)
		__field(u8, path)
	),
	TP_fast_assign(
		__entry->domid = job->source->peer.domid;
		__entry->ring = job->source->nr;
		__entry->id = job->req.id;
		__entry->sector = job->req.sector;
		__entry->segs = job->req.nr_segs;
		__entry->op = job->req.op;
		__entry->path = job->way.path;
	),
	TP_printk("dom=%u ring=%u id=%#llx op=%u sector=%llu segs=%u path=%u",
		  __entry->domid, __entry->ring, __entry->id, __entry->op,
		  __entry->sector, __entry->segs, __entry->path)
);

/* A response was put into the ring. */
TRACE_EVENT(moat_back_answer,
	TP_PROTO(const struct moat_job *job),
	TP_ARGS(job),
	TP_STRUCT__entry(
		__field(u16, domid)
		__field(u16, ring)
		__field(u64, id)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->domid = job->source->peer.domid;
		__entry->ring = job->source->nr;
		__entry->id = job->req.id;
		__entry->error = job->error;
	),
	TP_printk("dom=%u ring=%u id=%#llx error=%d", __entry->domid, __entry->ring,
		  __entry->id, __entry->error)
);

/* The front end was shown the responses, and sent an event or not; or the
 * ring became active, by an event or without.
 */
DECLARE_EVENT_CLASS(moat_back_ring,
	TP_PROTO(const struct moat_source *source, const struct moat_ring *ring, bool event),
	TP_ARGS(source, ring, event),
	TP_STRUCT__entry(
		__field(u16, domid)
		__field(u16, ring)
		__field(u32, prod)
		__field(u32, cons)
		__field(bool, event)
	),
	TP_fast_assign(
		__entry->domid = source->peer.domid;
		__entry->ring = source->nr;
		__entry->prod = ring->prod;
		__entry->cons = ring->cons;
		__entry->event = event;
	),
	TP_printk("dom=%u ring=%u prod=%u cons=%u event=%d", __entry->domid,
		  __entry->ring, __entry->prod, __entry->cons, __entry->event)
);

DEFINE_EVENT(moat_back_ring, moat_back_push,
	TP_PROTO(const struct moat_source *source, const struct moat_ring *ring, bool event),
	TP_ARGS(source, ring, event)
);

DEFINE_EVENT(moat_back_ring, moat_back_wake,
	TP_PROTO(const struct moat_source *source, const struct moat_ring *ring, bool event),
	TP_ARGS(source, ring, event)
);

/* The ring was left armed. */
TRACE_EVENT(moat_back_sleep,
	TP_PROTO(const struct moat_source *source, u32 in_flight, const struct moat_spin *spin),
	TP_ARGS(source, in_flight, spin),
	TP_STRUCT__entry(
		__field(u16, domid)
		__field(u16, ring)
		__field(u32, in_flight)
		__field(u32, window_ns)
	),
	TP_fast_assign(
		__entry->domid = source->peer.domid;
		__entry->ring = source->nr;
		__entry->in_flight = in_flight;
		__entry->window_ns = spin->window_ns;
	),
	TP_printk("dom=%u ring=%u in_flight=%u window=%uns", __entry->domid,
		  __entry->ring, __entry->in_flight, __entry->window_ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kernel/back
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
