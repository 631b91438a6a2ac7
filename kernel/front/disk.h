/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk: what stays while back ends come and go.
 */
#ifndef MOAT_FRONT_DISK_H
#define MOAT_FRONT_DISK_H

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include <moat/keys.h>

#include "core/announce.h"
#include "core/fit.h"
#include "core/vdev.h"
#include "kernel/common/sysfs.h"

#include "limits.h"
#include "link.h"
#include "plan.h"
#include "queue.h"
#include "retain.h"
#include "share.h"
#include "told.h"

struct moat_own;

/* How old a request becomes before blk-mq has us look after it, where no
 * stall is to be reported.
 */
#define MOAT_DISK_TIMEOUT (30 * HZ)

/* Values of moat_tune.data_path. */
enum moat_data_path {
	MOAT_PATH_PERSISTENT,
	MOAT_PATH_GRANT,
};

/* Bits of moat_disk.flags, which are set from any context. */
enum moat_disk_flag {
	MOAT_DISK_BROKEN,	/* nothing is to be had from this connection any more */
	MOAT_DISK_REFUSED,	/* what this connection offers is another disk */
	MOAT_DISK_SHORT,	/* there is not enough memory, or grants, to connect */
	MOAT_DISK_STALLED,	/* the ring stands still, which is to be told */
	MOAT_DISK_LOST,		/* the ring stands still, or the back end has gone */
	MOAT_DISK_ASKED,	/* the toolstack may want something, which could not be read */
	MOAT_DISK_HOLDING,	/* the toolstack wants no new requests issued */
	MOAT_DISK_DEAD,		/* I/O fails, there will be no back end */
	MOAT_DISK_CLOSING,	/* the back end asked to close */
	MOAT_DISK_GONE,		/* there are no more openers, the gendisk goes */
};

/**
 * struct moat_disk - a disk
 * @xdev: its xenbus device
 * @vdev: which disk it is
 * @name: what it is called
 * @handle: the number the wire knows it by
 * @tune: settings
 * @sysfs: their files
 * @flags: enum moat_disk_flag
 * @quiesce_lock: guards @quiesced; nests inside the queues' locks
 * @quiesced: we have quiesced the request queue
 * @conn: what drives the connection
 * @lock: guards the connection: everything from here to @split. Nests inside the
 *	device's lock and outside the queues' locks. I/O, replay and giving up
 *	need it, so it is not held over anything that waits for xenstored or for
 *	I/O. What only the connection's work changes it may read without
 * @link: how far the connection is
 * @peer: path of the back end it is with, NULL for none; xenbus's own copy may
 *	go at any time
 * @connection: the back end's MOAT_KEY_CONNECTION, 0 if it has none
 * @offered: this side has offered persistent grants
 * @persistent: and the back end keeps them mapped
 * @readonly: grants that it keeps of pages it only reads are read-only
 * @traits: the disk as the back end announced it
 * @sure: the size that a later back end must have at least: the one that the last
 *	which kept the protocol left behind, in units of 512 bytes
 * @identity: which hardware it is, "" if that is not known
 * @drained: held as the toolstack asked, with nothing in flight or retained
 * @parted: closed as was asked: nothing more is told of it
 * @trouble: why it is broken; written before MOAT_DISK_BROKEN is set
 * @told: what xenstore has been told
 * @limits: what the block layer has been told
 * @limits_due: it has yet to be told of this connection
 * @max_segs: most pieces of a request, now
 * @nr_rings: rings of the connection
 * @layout: layout of their slots
 * @ring_pages: pages of each
 * @waiting: requests to be issued again, in order
 * @split: bios of requests too large for the connection, to be cut anew
 * @fit: what it takes of the domain's pages and grants at most; like all below, set
 *	up once, when the first back end connects
 * @nr_queues: queues there are, as many as hardware contexts
 * @nr_polled: how many of them, the last ones, are for polling
 * @depth: tags of each
 * @room: pieces there is room for in a request
 * @queue: the queues
 * @tags: the tag set
 * @gd: the disk as the block layer sees it
 * @shown: others can have it open: it is added, or about to be
 * @added: device_add_disk() has succeeded; only the life work writes it, and @shown
 * @life: work that adds and deletes the gendisk, and so waits for I/O
 * @replay: work that issues waiting requests; waits for nobody
 * @give_up: work that fails all I/O if no back end has come within the limit;
 *	waits for nobody
 * @named: place in the list of all disks, which no two of the same name are in
 * @directory: watch of our directory
 * @plan: what is issued when, on this connection; has a lock of its own
 * @retained: writes that are acknowledged but not flushed; likewise
 * @own: requests of the driver's own, NULL before there are any
 * @share: of the domain's pages and grants
 * @purse: what its queues may have of that, for each kind of pool
 * @short_told: that the share is less than the settings ask for has been said
 */
struct moat_disk {
	struct xenbus_device *xdev;
	struct moat_vdev vdev;
	char name[MOAT_VDEV_NAME];
	u16 handle;
	struct moat_tune tune;
	struct moat_sysfs *sysfs;
	unsigned long flags;
	spinlock_t quiesce_lock;
	bool quiesced;
	struct moat_conn conn;

	struct mutex lock;
	enum moat_link link;
	char *peer;
	u32 connection;
	bool offered;
	bool persistent;
	bool readonly;
	struct moat_traits traits;
	u64 sure;
	char identity[MOAT_IDENTITY_MAX];
	bool drained;
	bool parted;
	struct moat_trouble trouble;
	struct moat_told told;
	struct moat_limits limits;
	bool limits_due;
	u32 max_segs;
	unsigned int nr_rings;
	enum moat_layout layout;
	unsigned int ring_pages;
	struct list_head waiting;
	struct bio_list split;

	struct moat_fit fit;
	unsigned int nr_queues;
	unsigned int nr_polled;
	unsigned int depth;
	u32 room;
	struct moat_queue *queue;
	struct blk_mq_tag_set tags;
	struct gendisk *gd;
	bool shown;
	bool added;
	struct work_struct life;
	struct delayed_work replay;
	struct delayed_work give_up;
	struct list_head named;
	struct xenbus_watch directory;
	struct moat_plan plan;
	struct moat_retained retained;
	struct moat_own *own;
	struct moat_share share;
	struct moat_purse purse[MOAT_POOL_COUNT];
	bool short_told;
};

static inline struct moat_disk *moat_disk_of(struct request *rq)
{
	return rq->q->queuedata;
}

/* The ring that serves a hardware context: fewer rings than contexts share. */
static inline struct moat_queue *moat_disk_queue(struct moat_disk *disk,
						 unsigned int context)
{
	return &disk->queue[context % disk->nr_rings];
}

/* Is a ring for polled requests alone? The contexts that it serves are those
 * congruent to it: the first of them is polled only if all are.
 */
static inline bool moat_disk_ring_polled(const struct moat_disk *disk, unsigned int ring)
{
	return ring >= disk->nr_queues - disk->nr_polled;
}

/**
 * moat_disk_answered() - is there anybody who may answer?
 * @disk: the disk
 *
 * Context: any.
 */
static inline bool moat_disk_answered(const struct moat_disk *disk)
{
	return !(READ_ONCE(disk->flags) & (BIT(MOAT_DISK_LOST) | BIT(MOAT_DISK_BROKEN)));
}

extern const struct moat_queue_ops moat_disk_queue_ops;
extern const struct moat_sysfs_ops moat_disk_sysfs_ops;

/* Replay and giving up, which wait for nobody; what waits for xenstored; what
 * waits for I/O. Each has a thread of its own where none can be made: a disk can
 * be what memory is swapped to.
 */
extern struct workqueue_struct *moat_front_wq;
extern struct workqueue_struct *moat_front_conn_wq;
extern struct workqueue_struct *moat_front_life_wq;

void moat_disk_limit_age(struct moat_disk *disk);
u64 moat_disk_stall_ns(const struct moat_disk *disk);
void moat_disk_divide(struct moat_disk *disk);
void moat_disk_quiesce(struct moat_disk *disk);
void moat_disk_unquiesce(struct moat_disk *disk);
void moat_disk_wake(struct moat_disk *disk);
void moat_disk_break(struct moat_disk *disk, const char *trouble, const char *why);
void moat_disk_stall(struct moat_disk *disk);
bool moat_disk_busy(struct moat_disk *disk);
void moat_disk_reap(struct moat_disk *disk);
void moat_disk_lose(struct moat_disk *disk);
void moat_disk_vanish(struct moat_disk *disk);
bool moat_disk_lost(struct moat_disk *disk);
void moat_disk_find(struct moat_disk *disk);
void moat_disk_appear(struct moat_disk *disk);

#endif
