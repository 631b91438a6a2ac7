/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes that are acknowledged but not flushed.
 */
#ifndef MOAT_FRONT_RETAIN_H
#define MOAT_FRONT_RETAIN_H

#include <linux/list.h>
#include <linux/spinlock.h>

#include "core/retain.h"
#include "kernel/common/tune.h"

struct moat_io;
struct moat_pool;

/**
 * struct moat_keep - a change of the disk that is, or may have to be, retained
 * @entry: its place among those that are
 * @pages: its data, by page->lru, all full but the last
 * @pool: the pool they are from, NULL while there are none
 * @generation: and the connection, to that
 * @bytes: of data, 0 for a discard
 * @op: MOAT_OP_WRITE or MOAT_OP_DISCARD
 * @flag: MOAT_DISCARD_* of a discard
 * @at: bytes that have been issued again on this connection; like @pending
 *	guarded by the plan's lock
 * @pending: requests for it that are unanswered
 */
struct moat_keep {
	struct moat_retain_entry entry;
	struct list_head pages;
	struct moat_pool *pool;
	u32 generation;
	u32 bytes;
	u8 op;
	u8 flag;
	u32 at;
	u32 pending;
};

static inline struct moat_keep *moat_keep_of(struct moat_replay_item *item)
{
	return container_of(item, struct moat_keep, entry.item);
}

/**
 * struct moat_retaining - a request in flight, as far as retention is concerned
 * @keep: room to retain it in once it is acknowledged, or NULL
 * @mark: what it covers, if it is a flush
 */
struct moat_retaining {
	struct moat_keep *keep;
	struct moat_retain_mark mark;
};

/**
 * struct moat_retained - what a disk retains
 * @tune: settings of the disk
 * @cached: this back end may lose what is not flushed
 * @most: bytes that may be retained, whatever the settings say
 * @lock: guards the rest; nests inside the queues' locks
 * @retain: what is retained
 * @mark: what our own flush covers
 * @dropped: entries no longer needed, to be freed outside the locks
 */
struct moat_retained {
	const struct moat_tune *tune;
	bool cached;
	u64 most;
	spinlock_t lock;
	struct moat_retain retain;
	struct moat_retain_mark mark;
	struct moat_retain_entry *dropped;
};

int __must_check moat_retained_setup(void);
void moat_retained_exit(void);
void moat_retained_init(struct moat_retained *r, const struct moat_tune *tune);
void moat_retained_budget(struct moat_retained *r);

int __must_check moat_retained_prepare(struct moat_retained *r, const struct moat_io *io,
				       struct moat_retaining *what, gfp_t gfp);
bool moat_retained_starve(struct moat_retained *r);
void moat_retained_cancel(struct moat_retained *r, struct moat_retaining *what);
bool moat_retained_keep(struct moat_retained *r, struct moat_io *io,
			struct moat_retaining *what);
bool moat_retained_flushed(struct moat_retained *r, struct moat_retaining *what);
bool moat_retained_reap(struct moat_retained *r);

bool moat_retained_want_flush(struct moat_retained *r, bool all);
void moat_retained_flush_begin(struct moat_retained *r);
void moat_retained_flush_end(struct moat_retained *r, bool ok);
void moat_retained_flush_lost(struct moat_retained *r);

struct moat_replay_item *moat_retained_first(struct moat_retained *r);
void moat_retained_failed(struct moat_retained *r);
void moat_retained_recall(struct moat_retained *r);
void moat_retained_drop(struct moat_retained *r);

#endif
