/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has been counted: the hostile messages by kind, and what came of them.
 *
 * A message is one slot, response, key or index written hostilely. Flips, events and
 * grants are counted beside them and are none.
 */
#ifndef MOAT_HOSTILE_COUNT_H
#define MOAT_HOSTILE_COUNT_H

#include <linux/atomic.h>
#include <linux/kernel.h>

/* X(name): the messages first. */
#define HOSTILE_MESSAGES(X) \
	X(slots)	/* requests */ \
	X(responses)	/* answers */ \
	X(keys)		/* keys of xenstore, other than states */ \
	X(states)	/* values of "state" */ \
	X(indices)	/* producer and event indices */

#define HOSTILE_COUNTS(X) HOSTILE_MESSAGES(X) \
	X(rounds)	/* connections begun */ \
	X(connected)	/* of them came about */ \
	X(broken)	/* of them were ended by the peer */ \
	X(flips)	/* fields overwritten while they may be read */ \
	X(events)	/* events sent */ \
	X(grants)	/* grants revoked, given anew or kept */ \
	X(good)		/* requests answered with success */ \
	X(bad)		/* with an error */ \
	X(unknown)	/* as not supported */ \
	X(strange)	/* answers that nobody asked for */ \
	X(silent)	/* requests that were not answered, on a connection that stood */ \
	X(unnoticed)	/* breaches that the peer did not tell of */ \
	X(stuck)	/* connections that could not be ended */ \
	X(failed)	/* things that we could not do ourselves */

enum hostile_count {
#define HOSTILE_ENUM(name) COUNT_##name,
	HOSTILE_COUNTS(HOSTILE_ENUM)
#undef HOSTILE_ENUM
	COUNT_END,
};

/**
 * struct counts - the counters of a module
 * @n: by enum hostile_count
 */
struct counts {
	atomic64_t n[COUNT_END];
};

static inline void count_add(struct counts *counts, enum hostile_count what, u64 n)
{
	atomic64_add(n, &counts->n[what]);
}

static inline void count_inc(struct counts *counts, enum hostile_count what)
{
	atomic64_inc(&counts->n[what]);
}

static inline u64 count_messages(const struct counts *counts)
{
	u64 sum = 0;

#define HOSTILE_SUM(name) sum += atomic64_read(&counts->n[COUNT_##name]);
	HOSTILE_MESSAGES(HOSTILE_SUM)
#undef HOSTILE_SUM
	return sum;
}

/* One line of NAME=NUMBER into a page. Return: its length. */
static inline int count_print(const struct counts *counts, char *page)
{
	int at = 0;

#define HOSTILE_PRINT(name) \
	at += scnprintf(page + at, PAGE_SIZE - at, #name "=%lld ", \
			(long long)atomic64_read(&counts->n[COUNT_##name]));
	HOSTILE_COUNTS(HOSTILE_PRINT)
#undef HOSTILE_PRINT
	return at + scnprintf(page + at, PAGE_SIZE - at, "\n");
}

#endif
