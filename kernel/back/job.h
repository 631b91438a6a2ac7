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
#include "peer.h"
#include "persistent.h"
#include "piece.h"
#include "poller.h"

struct moat_disk;
struct moat_job;
struct moat_source;

/**
 * struct moat_source_ops - where a job goes when it is through; the poller calls
 * @answer: with @error of the job; the job is unused afterwards
 * @drop: it is left to the next connection, or back end; unused afterwards
 * @look: the disk may have changed
 * @stopping: is the connection to end? In any context
 */
struct moat_source_ops {
	void (*answer)(struct moat_source *source, struct moat_job *job);
	void (*drop)(struct moat_source *source, struct moat_job *job);
	void (*look)(struct moat_source *source);
	bool (*stopping)(const struct moat_source *source);
};

/**
 * struct moat_source - where jobs come from: what of a ring they know
 * @client: it is its poller's client
 * @ops: where jobs go back to
 * @nr: number of the ring
 * @disk: the disk
 * @peer: whose pages they use
 * @persistent: those of them that stay mapped
 * @persistent_ro: MOAT_KEY_PERSISTENT_RO was negotiated
 */
struct moat_source {
	struct moat_client client;
	const struct moat_source_ops *ops;
	unsigned int nr;
	struct moat_disk *disk;
	struct moat_peer peer;
	struct moat_persistent persistent;
	bool persistent_ro;
};

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
 * @errand: in its source's list of unused jobs, or in a list of the poller's
 * @source: where it came from
 * @req: our copy of the request
 * @taken_ns: when it was taken from the ring
 * @sent_ns: when it was sent to the device; 0: it is not there. Its poller may look
 *	all the time
 * @failed_ns: when the device failed it as if it were lost, as long as that is in
 *	doubt; 0: it is not
 * @sectors: amount of data, in units of 512 bytes; of a discard, what has been done
 * @error: 0 or the first error, a negative errno: see job_fail()
 * @way: how its pieces come by their pages
 * @through: a write that is to be on the medium when it is answered
 * @blocking: submitted where it may block
 * @restart: deferred before it reached the disk
 * @tries: times that the disk had no memory for it
 * @nr_pieces: pieces that are in use
 * @segs: @req.nr_segs segments
 * @pieces: the pages for them
 * @vecs: for @bio
 * @table: persistent page that holds an indirect request's segments
 * @room: space for an indirect request, while it is carried out
 * @bio: does the I/O
 * @work: submits @bio where that may block
 * @own_pieces: @pieces of a direct request
 * @own_vecs: @vecs of a direct request
 *
 * The poller of @source owns it, except from submission until it has been handed
 * back: then it is the block layer's, or @work's.
 */
struct moat_job {
	struct moat_errand errand;
	struct moat_source *source;
	struct moat_request req;
	u64 taken_ns;
	u64 sent_ns;
	u64 failed_ns;
	u64 sectors;
	int error;
	struct moat_piece_way way;
	bool through;
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

u64 moat_job_owed_ns(const struct moat_job *job);
int moat_jobs_init(void);
void moat_jobs_deinit(void);
void moat_job_init(struct moat_job *job, struct moat_source *source);
void moat_jobs_start(struct moat_poller *poller, struct list_head *errands);
void moat_jobs_done(struct moat_poller *poller, struct list_head *errands);
void moat_jobs_retry(struct moat_poller *poller, struct list_head *errands);

#endif
