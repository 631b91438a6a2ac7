/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of a ring, as sysfs shows them.
 *
 * Each is a file of its own, moat/ringN/NAME under the disk's xenbus device,
 * holding one decimal number that only grows while the ring lives. Both halves
 * have all of them; one that a half has no use for stays 0. "Events" are
 * event-channel notifications, "grant operations" single grant entries, not
 * hypercalls.
 */
#ifndef MOAT_STATS_H
#define MOAT_STATS_H

/* X(name, what it counts) */
#define MOAT_RING_STATS(X) \
	X(reads, "read requests answered") \
	X(writes, "write requests answered, barriers included") \
	X(flushes, "flush requests answered") \
	X(discards, "discard requests answered") \
	X(errors, "requests answered with an error") \
	X(bytes_read, "bytes read") \
	X(bytes_written, "bytes written") \
	X(notify_sent, "events sent to the peer") \
	X(notify_suppressed, "ring updates for which the peer wanted no event") \
	X(events, "events received") \
	X(events_spurious, "events received that found nothing to do") \
	X(spin_hits, "looks without an event that found work") \
	X(spin_misses, "looks without an event that found nothing") \
	X(arms, "times the ring was armed") \
	X(sleeps, "times the ring was left armed, to wait for an event") \
	X(grant_maps, "grants of the peer mapped") \
	X(grant_unmaps, "grants of the peer unmapped") \
	X(grant_copies, "grant copy operations") \
	X(grants_issued, "grants given to the peer") \
	X(grants_ended, "grants taken back from the peer") \
	X(bytes_copied, "bytes copied by the CPU or by Xen") \
	X(replays, "requests issued again on a new connection") \
	X(retained, "writes kept until a flush, since the ring exists") \
	X(protocol_errors, "violations of the protocol by the peer") \
	X(deferrals, "times a request was put off for want of memory or mappings") \
	X(bounded, "times requests were left in the ring, with as many in flight as may be") \
	X(taken_up, "requests found unanswered in a ring whose last back end had died") \
	X(moved, "requests moved within a ring, out of the way of another's answer") \
	X(written_through, "writes that were on the medium before they were answered")

enum moat_ring_stat {
#define MOAT_STAT_ENUM(name, text) MOAT_STAT_##name,
	MOAT_RING_STATS(MOAT_STAT_ENUM)
#undef MOAT_STAT_ENUM
	MOAT_STAT_COUNT,
};

/*
 * Beside them stands moat/ringN/latency: the histogram of core/hist.h, one
 * line of space-separated counts, shortest times first. It runs from the
 * request's arrival in this half to its completion there.
 */

#endif
