/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes that are acknowledged but not flushed, and what is issued again.
 */
#ifndef MOAT_FRONT_RETAIN_H
#define MOAT_FRONT_RETAIN_H

#include <linux/blk-mq.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "core/replay.h"
#include "core/retain.h"

struct moat_disk;
struct moat_io;
struct moat_keep;

/* Tags for requests of our own: retained writes, and flushes. */
#define MOAT_RESERVED_TAGS 16

/**
 * struct moat_retained - what a disk retains, and the plan of its replay
 * @lock: guards the rest; nests inside the queues' locks
 * @retain: what is retained
 * @plan: what is issued when, on this connection
 * @mark: what our own flush covers
 * @life: number of the connection: tells an answer of an old one
 * @dropped: entries no longer needed, to be freed outside the locks
 */
struct moat_retained {
	spinlock_t lock;
	struct moat_retain retain;
	struct moat_replay plan;
	struct moat_retain_mark mark;
	u32 life;
	struct moat_retain_entry *dropped;
};

void moat_retained_init(struct moat_retained *r);
void moat_retained_exit(void);
int moat_retained_setup(void);
void moat_retained_budget(struct moat_disk *disk);

int moat_retained_prepare(struct moat_disk *disk, struct request *rq, gfp_t gfp);
void moat_retained_cancel(struct moat_disk *disk, struct moat_io *io);
void moat_retained_answer(struct moat_disk *disk, struct request *rq);
void moat_retained_reap(struct moat_disk *disk);

void moat_retained_abandon(struct request *rq);
void moat_retained_unanswered(struct moat_disk *disk);
void moat_retained_begin(struct moat_disk *disk);
int moat_retained_issue(struct moat_disk *disk, struct moat_replay_item *item);
bool moat_retained_upkeep(struct moat_disk *disk);
void moat_retained_drop(struct moat_disk *disk);

enum moat_replay_phase moat_retained_phase(struct moat_disk *disk);
struct moat_replay_item *moat_retained_next(struct moat_disk *disk);
void moat_retained_issued(struct moat_disk *disk, struct moat_replay_item *item);
void moat_retained_skipped(struct moat_disk *disk, struct moat_replay_item *item);
bool moat_retained_empty(struct moat_disk *disk);

#endif
