/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what happens to each request, and who is told.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM moat_front

#if !defined(MOAT_FRONT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MOAT_FRONT_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "core/vdev.h"

#include "io.h"
#include "queue.h"

/* A request was put into its ring. */
TRACE_EVENT(moat_front_issue,
	TP_PROTO(struct moat_queue *q, u32 slot, struct moat_io *io),
	TP_ARGS(q, slot, io),
	TP_STRUCT__entry(
		__array(char, disk, MOAT_VDEV_NAME)
		__field(u32, ring)
		__field(u32, slot)
		__field(u32, op)
		__field(u32, bytes)
		__field(u64, sector)
		__field(u32, inflight)
	),
	TP_fast_assign(
		strscpy(__entry->disk, q->name, sizeof(__entry->disk));
		__entry->ring = q->nr;
		__entry->slot = slot;
		__entry->op = io->op;
		__entry->bytes = moat_io_bytes(io);
		__entry->sector = io->sector;
		__entry->inflight = q->inflight.count;
	),
	TP_printk("%s ring=%u slot=%u op=%u sector=%llu bytes=%u inflight=%u",
		  __entry->disk, __entry->ring, __entry->slot, __entry->op,
		  __entry->sector, __entry->bytes, __entry->inflight)
);

/* What was put was shown to the back end. */
TRACE_EVENT(moat_front_push,
	TP_PROTO(struct moat_queue *q, bool notify, bool spin),
	TP_ARGS(q, notify, spin),
	TP_STRUCT__entry(
		__array(char, disk, MOAT_VDEV_NAME)
		__field(u32, ring)
		__field(bool, notify)
		__field(bool, spin)
		__field(bool, armed)
		__field(bool, watched)
	),
	TP_fast_assign(
		strscpy(__entry->disk, q->name, sizeof(__entry->disk));
		__entry->ring = q->nr;
		__entry->notify = notify;
		__entry->spin = spin;
		__entry->armed = q->armed;
		__entry->watched = q->watched;
	),
	TP_printk("%s ring=%u notify=%d spin=%d armed=%d watched=%d",
		  __entry->disk, __entry->ring, __entry->notify,
		  __entry->spin, __entry->armed, __entry->watched)
);

/* A response was taken. */
TRACE_EVENT(moat_front_answer,
	TP_PROTO(struct moat_queue *q, u32 slot, struct moat_io *io, u64 ns),
	TP_ARGS(q, slot, io, ns),
	TP_STRUCT__entry(
		__array(char, disk, MOAT_VDEV_NAME)
		__field(u32, ring)
		__field(u32, slot)
		__field(u32, op)
		__field(s16, status)
		__field(u64, ns)
	),
	TP_fast_assign(
		strscpy(__entry->disk, q->name, sizeof(__entry->disk));
		__entry->ring = q->nr;
		__entry->slot = slot;
		__entry->op = io->op;
		__entry->status = io->answer;
		__entry->ns = ns;
	),
	TP_printk("%s ring=%u slot=%u op=%u status=%d ns=%llu",
		  __entry->disk, __entry->ring, __entry->slot, __entry->op,
		  __entry->status, __entry->ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
