/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request that is being carried out.
 */
#ifndef MOAT_BACK_JOB_H
#define MOAT_BACK_JOB_H

#include <linux/bio.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "core/wire.h"
#include "params.h"
#include "piece.h"

struct moat_queue;

/**
 * struct moat_room - space for an indirect request
 * @table: its segments as the front end wrote them; within one page, for Xen
 *	copies to it
 * @segs: decoded
 * @pieces: one per segment
 * @vecs: of its bio
 */
struct moat_room {
	u8 table[MOAT_MAX_SEGS * MOAT_WIRE_SEG_SIZE];
	struct moat_seg segs[MOAT_MAX_SEGS];
	struct moat_piece pieces[MOAT_MAX_SEGS];
	struct bio_vec vecs[MOAT_MAX_SEGS];
};

/**
 * struct moat_job - a request that is being carried out
 * @queue: where it came from
 * @link: in the queue's list of unused jobs, or in a list of the poller's
 * @done: in the poller's list of jobs that the disk has done
 * @req: our copy of the request
 * @taken_ns: when it was taken from the ring
 * @sent_ns: when it was sent to the device; 0: it is not there. The poller's own
 *	all the time
 * @failed_ns: when the device failed it as if it were lost; 0: it did not
 * @sectors: amount of data, in units of 512 bytes
 * @error: 0 or a negative errno
 * @path: enum moat_data_path, settled
 * @blocking: submitted where it may block
 * @restart: deferred before it reached the disk
 * @tries: times it was started
 * @nr_pieces: pieces that are in use
 * @segs: @req.nr_segs segments
 * @pieces: the pages for them
 * @vecs: for @bio
 * @table: persistent page that holds an indirect request's segments
 * @room: space for an indirect request; NULL until there is one
 * @bio: does the I/O
 * @work: submits @bio where that may block
 * @own_pieces: @pieces of a direct request
 * @own_vecs: @vecs of a direct request
 *
 * The poller of @queue owns it, except from submission to @done: then it is
 * the block layer's, or @work's.
 */
struct moat_job {
	struct moat_queue *queue;
	struct list_head link;
	struct llist_node done;
	struct moat_request req;
	u64 taken_ns;
	u64 sent_ns;
	u64 failed_ns;
	u64 sectors;
	int error;
	u8 path;
	bool blocking;
	bool restart;
	u16 tries;
	u16 nr_pieces;
	struct moat_seg *segs;
	struct moat_piece *pieces;
	struct bio_vec *vecs;
	struct moat_piece table;
	struct moat_room *room;
	struct bio bio;
	struct work_struct work;
	struct moat_piece own_pieces[MOAT_WIRE_SEGS];
	struct bio_vec own_vecs[MOAT_WIRE_SEGS];
};

/* Does its data go from the disk to the front end? */
static inline bool moat_job_reads_disk(const struct moat_job *job)
{
	return job->req.op == MOAT_OP_READ;
}

int moat_jobs_module_init(void);
void moat_jobs_module_deinit(void);
void moat_job_init(struct moat_job *job, struct moat_queue *queue);
void moat_job_deinit(struct moat_job *job);
void moat_jobs_start(struct moat_poller *poller, struct list_head *jobs);
void moat_jobs_done(struct moat_poller *poller, struct list_head *jobs);
void moat_jobs_retry(struct moat_poller *poller, struct list_head *jobs);

#endif
