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
 * lacks memory waits and is started again; so does one whose pages somebody
 * still holds (moat_mapping_held()) with its end.
 *
 * An error may be what the disk says, or the first that is seen of a driver that
 * loses its device. What the latter fails is nobody's to answer but the next
 * driver's: the front end issues it again there. So such an error waits, for
 * DOUBT_NS to see whether the disk goes, and for LOST_NS to be replaced where it
 * does; who has nobody to replace it then gets the error.
 *
 * A request is one bio, embedded in its job: nothing is allocated on the way
 * to the disk, so nothing there can wait for memory that only I/O would free.
 */
#include "job.h"

#include <linux/blkdev.h>
#include <linux/slab.h>

#include "backend.h"
#include "copy.h"
#include "core/request.h"
#include "core/ring.h"
#include "disk.h"
#include "persistent.h"
#include "poller.h"
#include "queue.h"
#include "trace.h"

/* How often a job without memory is started again (MOAT_RETRY_JIFFIES apart)
 * before it fails.
 */
#define START_TRIES 1000

/* Between a driver's first failed request and its giving up the disk: the driver
 * marks the disk before it lets requests fail, or soon after.
 */
#define DOUBT_NS NSEC_PER_SEC
/* As long as Linux waits for a command by default. */
#define LOST_NS (30ull * NSEC_PER_SEC)

static struct kmem_cache *room_cache;

/* Within one page, see struct moat_room. */
static_assert(PAGE_SIZE % sizeof_field(struct moat_room, table) == 0);
static_assert(MOAT_MAX_SEGS <= BIO_MAX_VECS);
static_assert(MOAT_MAX_SEGS <= MOAT_WIRE_SEGS_PER_PAGE);

/**
 * moat_jobs_module_init() - what all jobs share
 *
 * Return: 0 or -ENOMEM.
 */
int moat_jobs_module_init(void)
{
	room_cache = kmem_cache_create("moat_room", sizeof(struct moat_room),
				       sizeof_field(struct moat_room, table), 0, NULL);
	return room_cache ? 0 : -ENOMEM;
}

/* Counterpart of moat_jobs_module_init(). */
void moat_jobs_module_deinit(void)
{
	kmem_cache_destroy(room_cache);
}

static void job_submit_blocking(struct work_struct *work);

/**
 * moat_job_init() - make a job ready for use
 * @job: zeroed
 * @queue: where it belongs
 */
void moat_job_init(struct moat_job *job, struct moat_queue *queue)
{
	job->queue = queue;
	INIT_WORK(&job->work, job_submit_blocking);
}

/**
 * moat_job_deinit() - free what a job keeps
 * @job: an unused job
 */
void moat_job_deinit(struct moat_job *job)
{
	if (job->room)
		kmem_cache_free(room_cache, job->room);
	job->room = NULL;
}

/* ---- getting the segments ---- */

static int job_make_room(struct moat_job *job)
{
	if (!job->room)
		job->room = kmem_cache_alloc(room_cache, GFP_NOIO | __GFP_NOWARN);
	if (!job->room)
		return -ENOMEM;
	job->segs = job->room->segs;
	job->pieces = job->room->pieces;
	job->vecs = job->room->vecs;
	return 0;
}

/* Where the front end keeps its pages mapped here, the segments are read from
 * the page itself; else Xen copies as many as there are.
 */
static int job_fetch_table(struct moat_poller *poller, struct moat_job *job)
{
	struct moat_queue *queue = job->queue;
	/* The table is a page like the request's others: of a read's, the next
	 * request may be data.
	 */
	bool readonly = queue->persistent_ro && !moat_job_reads_disk(job);
	struct moat_copy_span span = {
		.gref = job->req.indirect_gref[0],
		.len = job->req.nr_segs * MOAT_WIRE_SEG_SIZE,
	};
	int err;

	err = job_make_room(job);
	if (err)
		return err;
	if (job->path == MOAT_PATH_PERSISTENT) {
		err = moat_persistent_get(&queue->persistent, queue, &poller->maps,
					  span.gref, readonly, &job->table.grant);
		if (!err)
			job->table.kind = MOAT_PIECE_PERSISTENT;
		if (err != -ENOSPC)
			return err;
	}
	span.local = job->room->table;
	moat_copy_from(&poller->copies, job, &span);
	return 0;
}

static int job_decode_table(struct moat_poller *poller, struct moat_job *job)
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
		moat_piece_release(&job->table, poller, job->queue);
	}
	for (i = 0; !err && i < job->req.nr_segs; i++)
		moat_wire_get_seg(raw + i * MOAT_WIRE_SEG_SIZE, &job->segs[i]);
	return err;
}

static void jobs_fetch(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, link) {
		job->segs = job->req.seg;
		job->pieces = job->own_pieces;
		job->vecs = job->own_vecs;
		if (!job->error && job->req.indirect)
			job->error = job_fetch_table(poller, job);
	}
	moat_copy_flush(&poller->copies);
	moat_map_flush(&poller->maps);
	list_for_each_entry(job, jobs, link)
		if (!job->error && job->req.indirect)
			job->error = job_decode_table(poller, job);
}

/* ---- checking ---- */

static bool job_has_data(const struct moat_job *job)
{
	return job->req.op != MOAT_OP_FLUSH && job->req.op != MOAT_OP_DISCARD;
}

static void jobs_check(struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, link) {
		job->error = moat_request_check(&job->queue->disk->offer, &job->req);
		job->sectors = 0;
		job->nr_pieces = 0;
		job->blocking = false;
		job->failed_ns = 0;
		job->tries++;
	}
}

/* A barrier may come without data, wherever its sector number points. */
static int job_check_segs(struct moat_job *job)
{
	if (!job_has_data(job) || !job->req.nr_segs)
		return 0;
	return moat_request_check_segs(&job->queue->disk->offer, &job->req, job->segs,
				       &job->sectors);
}

/* ---- getting the pages ---- */

static int job_acquire(struct moat_poller *poller, struct moat_job *job)
{
	int err;
	u32 i;

	if (!job_has_data(job))
		return 0;
	for (i = 0; i < job->req.nr_segs; i++) {
		err = moat_piece_acquire(&job->pieces[i], poller, job, &job->segs[i]);
		if (err)
			return err;
		job->nr_pieces++;
	}
	return 0;
}

static void jobs_acquire(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job;

	list_for_each_entry(job, jobs, link) {
		if (!job->error)
			job->error = job_check_segs(job);
		if (!job->error)
			job->error = job_acquire(poller, job);
	}
	moat_map_flush(&poller->maps);
	moat_copy_flush(&poller->copies);
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

static void jobs_defer_held(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;

	list_for_each_entry_safe(job, next, jobs, link) {
		if (!job_held(job))
			continue;
		job->restart = false;
		list_del(&job->link);
		moat_poller_defer(poller, job);
	}
}

static void jobs_copy_back(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job;
	u32 i;

	list_for_each_entry(job, jobs, link)
		for (i = 0; !job->error && moat_job_reads_disk(job) && i < job->nr_pieces; i++)
			moat_piece_copy_back(&job->pieces[i], poller, job, &job->segs[i]);
	moat_copy_flush(&poller->copies);
}

static void jobs_release(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job;
	u32 i;

	list_for_each_entry(job, jobs, link) {
		for (i = 0; i < job->nr_pieces; i++)
			moat_piece_release(&job->pieces[i], poller, job->queue);
		job->nr_pieces = 0;
	}
	moat_unmap_flush(&poller->unmaps);
}

/* Errors of a device that does not answer; the others are about medium or request. */
static bool error_of_lost(int error)
{
	return error == -EIO || error == -ENODEV || error == -ENOLINK || error == -ETIMEDOUT;
}

/* May what failed yet turn out to be for the next driver to answer? */
static bool job_in_doubt(const struct moat_job *job, u64 now)
{
	const struct moat_queue *queue = job->queue;

	if (!job->failed_ns || moat_queue_stopping(queue))
		return false;
	return now - job->failed_ns < (moat_disk_gone(queue->disk) ? LOST_NS : DOUBT_NS);
}

/* It is looked at again; meanwhile the front end is told if it was the disk. */
static void job_hold(struct moat_poller *poller, struct moat_job *job)
{
	if (moat_disk_changed(job->queue->disk))
		moat_backend_attend(job->queue->backend);
	job->restart = false;
	moat_poller_defer(poller, job);
}

/* The connection ends, and with it what this driver has to say. */
static bool job_unanswerable(const struct moat_job *job)
{
	return job->failed_ns && moat_queue_stopping(job->queue) &&
	       moat_disk_gone(job->queue->disk);
}

/* Empties the list. */
static void jobs_end(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;

	jobs_defer_held(poller, jobs);
	jobs_copy_back(poller, jobs);
	jobs_release(poller, jobs);
	list_for_each_entry_safe(job, next, jobs, link) {
		list_del(&job->link);
		if (job->error == -ENOMEM && job->tries < START_TRIES) {
			job->restart = true;
			moat_poller_defer(poller, job);
		} else if (job_in_doubt(job, poller->now)) {
			job_hold(poller, job);
		} else if (job_unanswerable(job)) {
			moat_queue_drop(job->queue, job);
		} else {
			moat_queue_answer(job->queue, job);
		}
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
		return write;
	case MOAT_OP_BARRIER:
		return job->req.nr_segs ? write | REQ_PREFLUSH | REQ_FUA :
					  write | REQ_PREFLUSH;
	case MOAT_OP_FLUSH:
		return write | REQ_PREFLUSH;
	default:
		return REQ_OP_READ;
	}
}

/* The block layer is through with it. In any context. */
static void job_end_io(struct bio *bio)
{
	struct moat_job *job = bio->bi_private;

	job->error = blk_status_to_errno(bio->bi_status);
	moat_poller_done(job->queue->poller, job);
}

static int job_build(struct moat_job *job)
{
	bool readonly = !moat_job_reads_disk(job);
	struct bio *bio = &job->bio;
	struct page *page;
	int err;
	u32 i;

	bio_init(bio, job->queue->disk->bdev, job->vecs, job->nr_pieces, job_opf(job));
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

static int job_discard(struct moat_job *job)
{
	struct block_device *bdev = job->queue->disk->bdev;
	const struct moat_request *req = &job->req;

	if (req->flag & MOAT_DISCARD_SECURE)
		return blkdev_issue_secure_erase(bdev, req->sector, req->nr_sectors,
						 GFP_NOIO);
	return blkdev_issue_discard(bdev, req->sector, req->nr_sectors, GFP_NOIO);
}

static void job_submit_blocking(struct work_struct *work)
{
	struct moat_job *job = container_of(work, struct moat_job, work);

	if (job->req.op == MOAT_OP_DISCARD) {
		job->error = job_discard(job);
	} else {
		job->error = job_build(job);
		if (!job->error) {
			submit_bio(&job->bio);
			return;
		}
	}
	moat_poller_done(job->queue->poller, job);
}

static void job_send_blocking(struct moat_job *job)
{
	job->blocking = true;
	job->sent_ns = job->queue->poller->now;
	queue_work(job->queue->disk->blocking, &job->work);
}

static bool job_must_block(const struct moat_job *job)
{
	const struct moat_disk *disk = job->queue->disk;

	switch (job->req.op) {
	case MOAT_OP_DISCARD:
		return true;
	case MOAT_OP_FLUSH:
	case MOAT_OP_BARRIER:
		return !disk->nowait_flush;
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
	job->sent_ns = job->queue->poller->now;
	submit_bio(&job->bio);
	return 0;
}

/* What cannot be submitted stays in the list. */
static void jobs_submit(struct list_head *jobs)
{
	struct moat_job *job, *next;
	struct blk_plug plug;
	int err;

	blk_start_plug(&plug);
	list_for_each_entry_safe(job, next, jobs, link) {
		if (job->error)
			continue;
		list_del(&job->link);
		err = job_submit(job);
		if (!err)
			continue;	/* the disk has it: hands off */
		job->error = err;
		list_add_tail(&job->link, &next->link);
	}
	blk_finish_plug(&plug);
}

/**
 * moat_jobs_start() - carry out requests
 * @poller: the caller
 * @jobs: jobs with @req, @queue and @path set; empty afterwards
 *
 * Context: the poller, may sleep.
 */
void moat_jobs_start(struct moat_poller *poller, struct list_head *jobs)
{
	jobs_check(jobs);
	jobs_fetch(poller, jobs);
	jobs_acquire(poller, jobs);
	jobs_submit(jobs);
	jobs_end(poller, jobs);
}

/**
 * moat_jobs_done() - take jobs back from the disk
 * @poller: the caller
 * @jobs: jobs that the disk has done; empty afterwards
 *
 * What it could not do without blocking is sent again, where that may block.
 * "Not supported" says so too: a stacked device may lose REQ_NOWAIT while it
 * runs.
 *
 * Context: the poller, may sleep.
 */
void moat_jobs_done(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;

	list_for_each_entry_safe(job, next, jobs, link) {
		job->sent_ns = 0;
		if (error_of_lost(job->error))
			job->failed_ns = poller->now;
		if (job->error != -EAGAIN && job->error != -EOPNOTSUPP)
			continue;
		if (!job->blocking) {
			list_del(&job->link);
			job_send_blocking(job);
		} else if (job->req.op <= MOAT_OP_WRITE) {
			/* Reads and writes cannot but be supported. */
			job->error = -EIO;
		}
	}
	jobs_end(poller, jobs);
}

/**
 * moat_jobs_retry() - go on with jobs that had to wait
 * @poller: the caller
 * @jobs: jobs that were deferred; empty afterwards
 *
 * Context: the poller, may sleep.
 */
void moat_jobs_retry(struct moat_poller *poller, struct list_head *jobs)
{
	struct moat_job *job, *next;
	LIST_HEAD(restart);

	list_for_each_entry_safe(job, next, jobs, link)
		if (job->restart)
			list_move_tail(&job->link, &restart);
	if (!list_empty(&restart))
		moat_jobs_start(poller, &restart);
	jobs_end(poller, jobs);
}
