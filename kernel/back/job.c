// SPDX-License-Identifier: GPL-2.0
/*
 * A request that is being carried out.
 *
 * Jobs go through their steps side by side: each step is done for all the
 * requests that one look at a ring brought, or that the disks finished since
 * the last turn. So grant operations become one hypercall for all, and bios
 * reach the disk as one batch.
 *
 *   start:  check, fetch indirect segments, check them, get pages (flush the
 *           batches), submit
 *   end:    copy back what was read (flush), give pages back (flush), answer
 *
 * A job that fails on the way is ended with an error like any other. One that
 * lacks memory, or room in a table of Xen's, is put off and started again; so is
 * the end of one whose pages somebody still holds (moat_mapping_held()).
 *
 * An error may be what the disk says, or the first that is seen of a driver that
 * loses its device. What the latter fails is nobody's to answer but the next
 * driver's: the front end issues it again there. So such an error waits until it is
 * known which (core/doubt.h); who has nobody to replace the driver then gets it.
 *
 * A request is one bio, embedded in its job. What the block layer and the driver
 * allocate on the way to the disk (the integrity data of a disk that has it), they
 * allocate as for memory reclaim: without waiting, from the kernel's reserves where it
 * must be. A stacked device waits for one of its own requests to end where its own
 * reserve is used up; that needs nothing of the poller.
 */
#include "job.h"

#include <linux/blkdev.h>
#include <linux/mempool.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/discard.h"
#include "core/doubt.h"
#include "core/request.h"
#include "core/ring.h"
#include "crowd.h"
#include "disk.h"
#include "kernel/common/stat.h"

/* How often a job for which the disk has no memory is tried again. */
#define DISK_TRIES 1000

/* Rooms that there are without memory: one at a time is enough to go on. */
#define RESERVE_ROOMS 2

static struct kmem_cache *room_cache;
static mempool_t *rooms;

/* Within one page, see struct moat_room. */
static_assert(PAGE_SIZE % sizeof_field(struct moat_room, table) == 0);
static_assert(MOAT_MAX_SEGS <= BIO_MAX_VECS);
static_assert(MOAT_MAX_SEGS <= MOAT_WIRE_SEGS_PER_PAGE);

/**
 * moat_jobs_init() - what all jobs share
 *
 * Return: 0 or -ENOMEM.
 */
int moat_jobs_init(void)
{
	room_cache = kmem_cache_create("moat_room", sizeof(struct moat_room),
				       sizeof_field(struct moat_room, table), 0, NULL);
	if (!room_cache)
		return -ENOMEM;
	rooms = mempool_create_slab_pool(RESERVE_ROOMS, room_cache);
	if (!rooms)
		kmem_cache_destroy(room_cache);
	return rooms ? 0 : -ENOMEM;
}

/* Counterpart of moat_jobs_init(). */
void moat_jobs_deinit(void)
{
	mempool_destroy(rooms);
	kmem_cache_destroy(room_cache);
}

static void job_submit_blocking(struct work_struct *work);

/**
 * moat_job_init() - make a job ready for use
 * @job: zeroed
 * @source: where it belongs
 */
void moat_job_init(struct moat_job *job, struct moat_source *source)
{
	job->source = source;
	job->errand.client = &source->client;
	job->way = (struct moat_piece_way){
		.transfer = &source->client.poller->transfer,
		.peer = &source->peer,
		.persistent = &source->persistent,
		.persistent_ro = source->persistent_ro,
		.error = &job->error,
	};
	INIT_WORK(&job->work, job_submit_blocking);
}

/* The first error is the one that counts. */
static void job_fail(struct moat_job *job, int err)
{
	if (!job->error)
		job->error = err;
}

static bool job_stopping(const struct moat_job *job)
{
	return job->source->ops->stopping(job->source);
}

static void job_sent(struct moat_job *job)
{
	WRITE_ONCE(job->sent_ns, ktime_get_ns());
}

/**
 * moat_job_owed_ns() - since when does the device owe an answer to it?
 * @job: any job
 *
 * An answer that is in doubt is none.
 *
 * Context: the poller.
 * Return: time in nanoseconds; 0: it owes none.
 */
u64 moat_job_owed_ns(const struct moat_job *job)
{
	return READ_ONCE(job->sent_ns) ?: job->failed_ns;
}

/* ---- getting the segments ---- */

static int job_make_room(struct moat_job *job)
{
	job->room = mempool_alloc(rooms, GFP_NOWAIT | __GFP_NOWARN);
	if (!job->room)
		return -ENOMEM;
	job->segs = job->room->segs;
	job->pieces = job->room->pieces;
	job->vecs = job->room->vecs;
	return 0;
}

static void job_free_room(struct moat_job *job)
{
	if (job->room)
		mempool_free(job->room, rooms);
	job->room = NULL;
}

/* Where the front end keeps its pages mapped here, the segments are read from
 * the page itself; else Xen copies as many as there are.
 */
static int job_fetch_table(struct moat_job *job)
{
	struct moat_source *source = job->source;
	struct moat_transfer *transfer = job->way.transfer;
	/* The table is a page like the request's others: of a read's, the next
	 * request may be data.
	 */
	bool readonly = source->persistent_ro && !job->way.reads_disk;
	struct moat_copy_span span = {
		.gref = job->req.indirect_gref[0],
		.len = job->req.nr_segs * MOAT_WIRE_SEG_SIZE,
	};
	int err;

	err = job_make_room(job);
	if (err)
		return err;
	if (job->way.path == MOAT_PATH_PERSISTENT) {
		err = moat_persistent_get(&source->persistent, &source->peer,
					  &transfer->maps, span.gref, readonly,
					  &job->table.grant);
		if (!err)
			job->table.kind = MOAT_PIECE_PERSISTENT;
		if (err != -ENOSPC)
			return err;
	}
	span.local = job->room->table;
	moat_copy_from(&transfer->copies, &source->peer, &span, &job->error);
	return 0;
}

static int job_decode_table(struct moat_job *job)
{
	u8 *raw = job->room->table;
	struct page *page;
	int err = 0;
	u32 i;

	if (job->table.kind == MOAT_PIECE_PERSISTENT) {
		err = moat_piece_page(&job->table, true, &page);
		if (!err)
			moat_ring_copy(raw, page_address(page),
				       job->req.nr_segs * MOAT_WIRE_SEG_SIZE);
		moat_piece_release(&job->table, &job->way);
	}
	for (i = 0; !err && i < job->req.nr_segs; i++)
		moat_wire_get_seg(raw + i * MOAT_WIRE_SEG_SIZE, &job->segs[i]);
	return err;
}

static void jobs_fetch(struct moat_transfer *transfer, struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, errand.link) {
		job->segs = job->req.seg;
		job->pieces = job->own_pieces;
		job->vecs = job->own_vecs;
		if (!job->error && job->req.indirect)
			job_fail(job, job_fetch_table(job));
	}
	moat_copy_flush(&transfer->copies);
	moat_map_flush(&transfer->maps);
	list_for_each_entry(job, jobs, errand.link)
		if (!job->error && job->req.indirect)
			job_fail(job, job_decode_table(job));
}

/* ---- checking ---- */

static bool job_has_data(const struct moat_job *job)
{
	return job->req.op != MOAT_OP_FLUSH && job->req.op != MOAT_OP_DISCARD;
}

static void jobs_check(struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, errand.link) {
		job->error = moat_request_check(&job->source->disk->offer, &job->req);
		job->way.reads_disk = job->req.op == MOAT_OP_READ;
		job->sectors = 0;
		job->nr_pieces = 0;
		job->blocking = false;
		job->failed_ns = 0;
	}
}

/* A barrier may come without data, wherever its sector number points. */
static int job_check_segs(struct moat_job *job)
{
	if (!job_has_data(job) || !job->req.nr_segs)
		return 0;
	return moat_request_check_segs(&job->source->disk->offer, &job->req, job->segs,
				       &job->sectors);
}

/* ---- getting the pages ---- */

static int job_acquire(struct moat_job *job)
{
	int err;
	u32 i;

	if (!job_has_data(job))
		return 0;
	for (i = 0; i < job->req.nr_segs; i++) {
		err = moat_piece_acquire(&job->pieces[i], &job->way, &job->segs[i]);
		if (err)
			return err;
		job->nr_pieces++;
	}
	return 0;
}

static void jobs_acquire(struct moat_transfer *transfer, struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, errand.link) {
		if (!job->error)
			job_fail(job, job_check_segs(job));
		if (!job->error)
			job_fail(job, job_acquire(job));
	}
	moat_map_flush(&transfer->maps);
	moat_copy_flush(&transfer->copies);
}

/* ---- ending ---- */

static bool job_held(const struct moat_job *job)
{
	u32 i;

	for (i = 0; i < job->nr_pieces; i++)
		if (moat_piece_held(&job->pieces[i]))
			return true;
	return false;
}

static void job_defer(struct moat_poller *poller, struct moat_job *job, bool restart)
{
	job->restart = restart;
	moat_poller_defer(poller, &job->errand);
}

static void jobs_defer_held(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;

	list_for_each_entry_safe(job, next, jobs, errand.link) {
		if (!job_held(job))
			continue;
		/* The device has the page yet: that shows as a request it has. */
		if (!job->sent_ns)
			job_sent(job);
		list_del(&job->errand.link);
		job_defer(poller, job, false);
	}
}

static void jobs_copy_back(struct moat_transfer *transfer, struct list_head *jobs)
{
	struct moat_job *job;
	u32 i;

	list_for_each_entry(job, jobs, errand.link)
		for (i = 0; !job->error && job->way.reads_disk && i < job->nr_pieces; i++)
			moat_piece_copy_back(&job->pieces[i], &job->way, &job->segs[i]);
	moat_copy_flush(&transfer->copies);
}

static void jobs_release(struct moat_transfer *transfer, struct list_head *jobs)
{
	struct moat_job *job;
	u32 i;

	list_for_each_entry(job, jobs, errand.link) {
		for (i = 0; i < job->nr_pieces; i++)
			moat_piece_release(&job->pieces[i], &job->way);
		job->nr_pieces = 0;
		job->sent_ns = 0;
		job_free_room(job);
	}
	moat_unmap_flush(&transfer->unmaps);
}

/* Errors of a device that does not answer; the others are about medium or request. */
static bool error_of_lost(int error)
{
	return error == -EIO || error == -ENODEV || error == -ENOLINK || error == -ETIMEDOUT;
}

/* What is to become of a job that is through. */
enum job_end {
	JOB_ANSWER,
	JOB_RESTART,	/* it lacked memory, or room in a table of Xen's */
	JOB_DOUBT,	/* what failed may yet be for the next driver to answer */
	JOB_DROP,	/* it is, or it was never begun */
};

static enum job_end job_judge(const struct moat_job *job, u64 now)
{
	const struct moat_disk *disk = job->source->disk;

	if (job->error == -ENOMEM)
		return JOB_RESTART;
	if (job->error == -ECANCELED)
		return JOB_DROP;
	if (!job->failed_ns)
		return JOB_ANSWER;
	/* The connection ends, and with it what this driver has to say. */
	if (job_stopping(job))
		return moat_disk_gone(disk) ? JOB_DROP : JOB_ANSWER;
	return moat_doubt_is_over(moat_disk_gone(disk), job->failed_ns,
				  READ_ONCE(disk->well_ns), now) ? JOB_ANSWER : JOB_DOUBT;
}

static void job_end(struct moat_poller *poller, struct moat_job *job)
{
	struct moat_source *source = job->source;
	enum job_end end = job_judge(job, poller->now);

	if (end != JOB_DOUBT)
		job->failed_ns = 0;
	switch (end) {
	case JOB_ANSWER:
		source->ops->answer(source, job);
		return;
	case JOB_RESTART:
		moat_stat_inc(source->peer.stat, MOAT_STAT_deferrals);
		job_defer(poller, job, true);
		return;
	case JOB_DOUBT:
		/* Meanwhile the front end is told if it was the disk. */
		if (moat_disk_changed(source->disk))
			source->ops->look(source);
		job_defer(poller, job, false);
		return;
	case JOB_DROP:
		source->ops->drop(source, job);
		return;
	}
}

/* Empties the list. */
static void jobs_end(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;

	jobs_defer_held(poller, jobs);
	jobs_copy_back(&poller->transfer, jobs);
	jobs_release(&poller->transfer, jobs);
	list_for_each_entry_safe(job, next, jobs, errand.link) {
		list_del(&job->errand.link);
		job_end(poller, job);
	}
}

/* ---- submitting ---- */

static blk_opf_t job_opf(const struct moat_job *job)
{
	/* As direct I/O has it: somebody waits, so writeback throttling, which
	 * would block us, does not apply.
	 */
	const blk_opf_t write = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;

	switch (job->req.op) {
	case MOAT_OP_WRITE:
		return job->through ? write | REQ_FUA : write;
	case MOAT_OP_BARRIER:
		return job->req.nr_segs ? write | REQ_PREFLUSH | REQ_FUA :
					  write | REQ_PREFLUSH;
	case MOAT_OP_FLUSH:
		return write | REQ_PREFLUSH;
	default:
		return REQ_OP_READ;
	}
}

static void job_hand_back(struct moat_job *job)
{
	moat_poller_done(job->source->client.poller, &job->errand);
}

/* The block layer is through with it. In any context. */
static void job_end_io(struct bio *bio)
{
	struct moat_job *job = bio->bi_private;

	job->error = blk_status_to_errno(bio->bi_status);
	job_hand_back(job);
}

static int job_build(struct moat_job *job)
{
	bool readonly = !job->way.reads_disk;
	struct bio *bio = &job->bio;
	struct page *page;
	int err;
	u32 i;

	bio_init(bio, job->source->disk->bdev, job->vecs, job->nr_pieces, job_opf(job));
	bio->bi_end_io = job_end_io;
	bio->bi_private = job;
	if (job->nr_pieces)
		bio->bi_iter.bi_sector = job->req.sector;
	for (i = 0; i < job->nr_pieces; i++) {
		u32 offset = job->segs[i].first * MOAT_SECTOR_SIZE;
		u32 len = (job->segs[i].last + 1) * MOAT_SECTOR_SIZE - offset;

		err = moat_piece_page(&job->pieces[i], readonly, &page);
		if (!err && bio_add_page(bio, page, len, offset) != len)
			err = -EIO;
		if (err) {
			bio_uninit(bio);
			return err;
		}
	}
	return 0;
}

/* The device has done something: it lives. */
static void disk_moved(struct moat_disk *disk, u64 now)
{
	WRITE_ONCE(disk->done_ns, now);
}

static int job_discard_piece(struct moat_job *job)
{
	struct moat_disk *disk = job->source->disk;
	const struct moat_request *req = &job->req;
	u64 sector = req->sector + job->sectors;
	u64 count = moat_discard_piece(sector, req->nr_sectors - job->sectors,
				       disk->discard_granularity / MOAT_SECTOR_SIZE,
				       disk->discard_alignment / MOAT_SECTOR_SIZE);
	int err;

	if (req->flag & MOAT_DISCARD_SECURE)
		err = blkdev_issue_secure_erase(disk->bdev, sector, count, GFP_NOIO);
	else
		err = blkdev_issue_discard(disk->bdev, sector, count, GFP_NOIO);
	if (!err)
		job->sectors += count;
	return err;
}

/* A piece at a time: what else waits for a worker has its turn in between. */
static void job_discard(struct moat_job *job)
{
	job_sent(job);
	job->error = job_discard_piece(job);
	if (job->error || job->sectors == job->req.nr_sectors) {
		job_hand_back(job);
		return;
	}
	WRITE_ONCE(job->sent_ns, 0);
	disk_moved(job->source->disk, ktime_get_ns());
	queue_work(job->source->disk->blocking, &job->work);
}

/* The device has it from here on, though it may make its submitter wait first. */
static void job_submit_blocking(struct work_struct *work)
{
	struct moat_job *job = container_of(work, struct moat_job, work);

	/* What has not begun never will. */
	if (job_stopping(job)) {
		job->error = -ECANCELED;
		job_hand_back(job);
		return;
	}
	if (job->req.op == MOAT_OP_DISCARD) {
		job_discard(job);
		return;
	}
	job->error = job_build(job);
	if (job->error) {
		job_hand_back(job);
		return;
	}
	job_sent(job);
	submit_bio(&job->bio);
}

static void job_send_blocking(struct moat_job *job)
{
	job->blocking = true;
	queue_work(job->source->disk->blocking, &job->work);
}

static bool job_must_block(const struct moat_job *job)
{
	const struct moat_disk *disk = job->source->disk;

	switch (job->req.op) {
	case MOAT_OP_DISCARD:
		return true;
	case MOAT_OP_FLUSH:
	case MOAT_OP_BARRIER:
		return !disk->nowait_flush;
	case MOAT_OP_WRITE:
		/* A flush may come of it. */
		return job->through ? !disk->nowait_flush : !disk->nowait;
	default:
		return !disk->nowait;
	}
}

static int job_submit(struct moat_job *job)
{
	int err;

	if (job_must_block(job)) {
		job_send_blocking(job);
		return 0;
	}
	err = job_build(job);
	if (err)
		return err;
	job->bio.bi_opf |= REQ_NOWAIT;
	job->sent_ns = job->source->client.poller->now;
	submit_bio(&job->bio);
	return 0;
}

/* What cannot be submitted stays in the list. */
static void jobs_submit(struct list_head *jobs)
{
	struct moat_job *job, *next;
	struct blk_plug plug;
	unsigned int scope = memalloc_noreclaim_save();
	int err;

	blk_start_plug(&plug);
	list_for_each_entry_safe(job, next, jobs, errand.link) {
		if (job->error)
			continue;
		list_del(&job->errand.link);
		err = job_submit(job);
		if (!err)
			continue;	/* the disk has it: hands off */
		job_fail(job, err);
		list_add_tail(&job->errand.link, &next->errand.link);
	}
	blk_finish_plug(&plug);
	memalloc_noreclaim_restore(scope);
}

/**
 * moat_jobs_start() - carry out requests
 * @poller: the caller
 * @errands: of jobs with @req and @way.path set; empty afterwards
 *
 * Context: the poller; waits for nothing.
 */
void moat_jobs_start(struct moat_poller *poller, struct list_head *errands)
{
	jobs_check(errands);
	jobs_fetch(&poller->transfer, errands);
	jobs_acquire(&poller->transfer, errands);
	jobs_submit(errands);
	jobs_end(poller, errands);
}

/* What the disk could not do without blocking is sent again, where that may block.
 * "Not supported" says so too: a stacked device may lose REQ_NOWAIT while it runs.
 */
static bool job_must_resend(const struct moat_job *job)
{
	return !job->blocking && (job->error == -EAGAIN || job->error == -EOPNOTSUPP);
}

/* The error that is told where the disk's own would say something else. */
static void job_translate(struct moat_job *job)
{
	/* Reads and writes cannot but be supported. */
	if ((job->error == -EAGAIN || job->error == -EOPNOTSUPP) &&
	    job->req.op <= MOAT_OP_WRITE)
		job->error = -EIO;
	if (job->error == -ENOMEM && ++job->tries >= DISK_TRIES)
		job->error = -EIO;
}

static void job_take_error(struct moat_poller *poller, struct moat_job *job)
{
	if (error_of_lost(job->error))
		job->failed_ns = poller->now;
	job_translate(job);
}

/* The device lives; and what it takes says how much it should be given. */
static void job_came_back(const struct moat_job *job, u64 now)
{
	u64 sent = job->sent_ns;

	disk_moved(job->source->disk, now);
	if (job->error)
		return;
	WRITE_ONCE(job->source->disk->well_ns, now);
	if (job->req.op <= MOAT_OP_WRITE)
		moat_crowd_took(&job->source->peer.tenant->member, job->errand.cost,
				now > sent ? now - sent : 0, now);
}

/**
 * moat_jobs_done() - take jobs back from the disk
 * @poller: the caller
 * @errands: of jobs that the disk has done; empty afterwards
 *
 * Context: the poller; waits for nothing.
 */
void moat_jobs_done(struct moat_poller *poller, struct list_head *errands)
{
	struct moat_job *job, *next;

	list_for_each_entry_safe(job, next, errands, errand.link) {
		if (job->error && job_must_resend(job)) {
			list_del(&job->errand.link);
			job->sent_ns = 0;
			job_send_blocking(job);
			continue;
		}
		/* An error is an answer, too; but not one of ours. */
		if (job->sent_ns)
			job_came_back(job, poller->now);
		job->sent_ns = 0;
		if (job->error)
			job_take_error(poller, job);
	}
	jobs_end(poller, errands);
}

/**
 * moat_jobs_retry() - go on with jobs that had to wait
 * @poller: the caller
 * @errands: of jobs that were put off; empty afterwards
 *
 * What has not begun when its connection is to end, never will.
 *
 * Context: the poller; waits for nothing.
 */
void moat_jobs_retry(struct moat_poller *poller, struct list_head *errands)
{
	struct moat_job *job, *next;
	LIST_HEAD(restart);

	list_for_each_entry_safe(job, next, errands, errand.link) {
		if (!job->restart)
			continue;
		if (job_stopping(job)) {
			list_del(&job->errand.link);
			job->source->ops->drop(job->source, job);
		} else {
			list_move_tail(&job->errand.link, &restart);
		}
	}
	if (!list_empty(&restart))
		moat_jobs_start(poller, &restart);
	jobs_end(poller, errands);
}
