// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that are wrong in one way each, and what a back end has to say to them.
 *
 * It connects as any front end does, sends them one by one, and says for each in the kernel
 * log which status came back and which was expected. Then it floods the back end with events,
 * and at last claims to have sent more requests than the ring holds, which must end the
 * connection.
 */
#include "shots.h"

#include <linux/mm.h>

#define STORM 20000
#define ANSWER_TIMEOUT (10 * HZ)
#define STATE_TIMEOUT (60 * HZ)

/* Which grant a shot names. */
enum grant { WRITABLE, READABLE, TABLE, NOBODYS };

/**
 * struct shot - one request
 * @what: for the log
 * @op: operation, of an indirect request the wrapped one
 * @indirect: its segments are in a page of their own
 * @nr: number of segments it claims, or the flag of a discard
 * @at_end: @sector counts from the end of the disk
 * @sector: where
 * @count: length of a discard
 * @table: grant of the page of segments
 * @data: grant of all its pages
 * @first: first sector in each page
 * @last: last sector in each page
 * @want: the status it should get
 */
struct shot {
	const char *what;
	u8 op;
	bool indirect;
	u16 nr;
	bool at_end;
	u64 sector;
	u64 count;
	enum grant table;
	enum grant data;
	u8 first;
	u8 last;
	s16 want;
};

#define WHOLE .first = 0, .last = 7
#define OK BLKIF_RSP_OKAY
#define BAD BLKIF_RSP_ERROR
#define UNKNOWN BLKIF_RSP_EOPNOTSUPP
#define READ_OP BLKIF_OP_READ
#define WRITE_OP BLKIF_OP_WRITE
#define INDIRECT .indirect = true, .table = TABLE

static const struct shot shots[] = {
	{ "a good write", WRITE_OP, .nr = 11, .data = READABLE, WHOLE, .want = OK },
	{ "a good read", READ_OP, .nr = 11, .data = WRITABLE, WHOLE, .want = OK },
	{ "an unknown operation", 77, .nr = 1, .data = WRITABLE, WHOLE, .want = UNKNOWN },
	{ "a read into a read-only page", READ_OP, .nr = 1, .data = READABLE, WHOLE, .want = BAD },
	{ "too many segments", WRITE_OP, .nr = 200, .data = WRITABLE, WHOLE, .want = BAD },
	{ "no segment", READ_OP, .nr = 0, WHOLE, .want = BAD },
	{ "a read to nobody's page", READ_OP, .nr = 3, .data = NOBODYS, WHOLE, .want = BAD },
	{ "a write of nobody's page", WRITE_OP, .nr = 3, .data = NOBODYS, WHOLE, .want = BAD },
	{ "first behind last", WRITE_OP, .nr = 1, .data = WRITABLE, .first = 5, .last = 4,
	  .want = BAD },
	{ "last outside its page", READ_OP, .nr = 1, .data = WRITABLE, .last = 8, .want = BAD },
	{ "last far outside", WRITE_OP, .nr = 1, .data = WRITABLE, .last = 255, .want = BAD },
	{ "beyond the end", READ_OP, .nr = 1, .at_end = true, .data = WRITABLE, WHOLE,
	  .want = BAD },
	{ "across the end", READ_OP, .nr = 1, .at_end = true, .sector = -1, .data = WRITABLE,
	  WHOLE, .want = BAD },
	{ "a sum that wraps", READ_OP, .nr = 2, .sector = -4, .data = WRITABLE, WHOLE,
	  .want = BAD },
	{ "a good indirect read", READ_OP, INDIRECT, .nr = 20, .data = WRITABLE, WHOLE,
	  .want = OK },
	{ "nobody's table", READ_OP, .indirect = true, .table = NOBODYS, .nr = 20,
	  .data = WRITABLE, WHOLE, .want = BAD },
	{ "a table of nobody's pages", READ_OP, INDIRECT, .nr = 20, .data = NOBODYS, WHOLE,
	  .want = BAD },
	{ "a table too long", READ_OP, INDIRECT, .nr = 65535, .data = WRITABLE, WHOLE,
	  .want = BAD },
	{ "an empty table", READ_OP, INDIRECT, .nr = 0, .data = WRITABLE, WHOLE, .want = BAD },
	{ "an indirect flush", BLKIF_OP_FLUSH_DISKCACHE, INDIRECT, .nr = 5, .data = WRITABLE,
	  WHOLE, .want = BAD },
	{ "an indirect indirect", BLKIF_OP_INDIRECT, INDIRECT, .nr = 5, .data = WRITABLE, WHOLE,
	  .want = UNKNOWN },
	{ "a discard without end", BLKIF_OP_DISCARD, .sector = 8, .count = -1, .want = BAD },
	{ "a discard of unknown kind", BLKIF_OP_DISCARD, .nr = 0xfe, .sector = 8, .count = 8,
	  .want = BAD },
};

static const struct shot last_good = {
	"a good read behind it all", READ_OP, .nr = 11, .data = WRITABLE, WHOLE, .want = OK
};

/* ---- shooting ---- */

static grant_ref_t shot_gref(const struct bait *bait, enum grant grant)
{
	switch (grant) {
	case WRITABLE:
		return bait->gref[BAIT_TABLES];
	case READABLE:
		return bait->gref[BAIT_TABLES + 1];
	case TABLE:
		return bait->gref[0];
	default:
		return BAIT_NOBODYS;
	}
}

static void fill_segs(const struct shot *shot, grant_ref_t gref,
		      struct blkif_request_segment *seg, unsigned int n)
{
	for (; n--; seg++) {
		seg->gref = gref;
		seg->first_sect = shot->first;
		seg->last_sect = shot->last;
	}
}

static void fill_indirect(const struct bait *bait, struct blkif_request *req,
			  const struct shot *shot, u64 sector)
{
	struct blkif_request_segment *table = bait_table(bait, 0);
	unsigned int i;

	fill_segs(shot, shot_gref(bait, shot->data), table, PAGE_SIZE / sizeof(*table));
	req->operation = BLKIF_OP_INDIRECT;
	req->u.indirect.indirect_op = shot->op;
	req->u.indirect.nr_segments = shot->nr;
	req->u.indirect.sector_number = sector;
	for (i = 0; i < BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST; i++)
		req->u.indirect.indirect_grefs[i] = shot_gref(bait, shot->table);
}

static void fill_direct(const struct bait *bait, struct blkif_request *req,
			const struct shot *shot, u64 sector)
{
	req->operation = shot->op;
	req->u.rw.nr_segments = shot->nr;
	req->u.rw.sector_number = sector;
	if (shot->op == BLKIF_OP_DISCARD)
		req->u.discard.nr_sectors = shot->count;
	else
		fill_segs(shot, shot_gref(bait, shot->data), req->u.rw.seg,
			  BLKIF_MAX_SEGMENTS_PER_REQUEST);
}

static bool wait_for_answer(struct link *link, struct pipe *pipe)
{
	int more;

	RING_FINAL_CHECK_FOR_RESPONSES(&pipe->ring, more);
	return more || wait_event_timeout(link->half.woken,
					  RING_HAS_UNCONSUMED_RESPONSES(&pipe->ring),
					  ANSWER_TIMEOUT);
}

/* Return: whether it got what it should. */
static bool shoot(struct link *link, const struct shot *shot, u64 id, u64 capacity)
{
	struct pipe *pipe = &link->pipe[0];
	struct blkif_request *req = pipe_slot(pipe, pipe->ring.req_prod_pvt);
	u64 sector = shot->sector + (shot->at_end ? capacity : 0);
	struct blkif_response rsp;
	bool good;

	memset(req, 0, sizeof(*req));
	if (shot->indirect)
		fill_indirect(&link->bait, req, shot, sector);
	else
		fill_direct(&link->bait, req, shot, sector);
	/* In the 64-bit layout the id is at one place in all kinds. */
	req->u.rw.id = id;
	pipe->ring.req_prod_pvt++;
	count_inc(link->half.counts, COUNT_slots);
	pipe_show(pipe, link->half.counts);
	if (!wait_for_answer(link, pipe)) {
		pr_info("hostile: %s: no answer\n", shot->what);
		return false;
	}
	RING_COPY_RESPONSE(&pipe->ring, pipe->ring.rsp_cons, &rsp);
	pipe->ring.rsp_cons++;
	good = rsp.id == id && rsp.status == shot->want;
	pr_info("hostile: %s: %s (status %d, expected %d)\n", shot->what,
		good ? "right" : "WRONG ANSWER", rsp.status, shot->want);
	return good;
}

static void attack(struct link *link)
{
	u64 id = 0x1234567800000000ULL, capacity = 0;
	struct pipe *pipe = &link->pipe[0];
	unsigned int i, wrong = 0;

	half_say(&link->half, XenbusStateConnected);
	xenbus_scanf(XBT_NIL, link->half.dev->otherend, "sectors", "%llu", &capacity);
	for (i = 0; i < ARRAY_SIZE(shots); i++)
		wrong += !shoot(link, &shots[i], ++id, capacity);
	pipe_ring(pipe, link->half.counts, STORM);
	wrong += !shoot(link, &last_good, ++id, capacity);
	pr_info("hostile: %zu shots, %u surprises\n", ARRAY_SIZE(shots) + 1, wrong);
	WRITE_ONCE(pipe->ring.sring->req_prod, pipe->ring.req_prod_pvt + 1000);
	pipe_ring(pipe, link->half.counts, 1);
	pr_info("hostile: overran the ring\n");
}

/**
 * shots_run() - send them all, and break the connection
 * @link: the connection, closed; the back end waits for it
 */
void shots_run(struct link *link)
{
	struct chance none = { };
	int err = link_open(link, &none);

	if (err) {
		pr_info("hostile: no ring (error %d)\n", err);
		return;
	}
	link_publish(link, &none, 0);
	half_say(&link->half, XenbusStateInitialised);
	if (half_await(&link->half, BIT(XenbusStateConnected), STATE_TIMEOUT))
		attack(link);
	if (half_await(&link->half, BIT(XenbusStateClosing) | BIT(XenbusStateClosed),
		       STATE_TIMEOUT))
		pr_info("hostile: the back end has closed the connection\n");
	half_say(&link->half, XenbusStateClosed);
}
