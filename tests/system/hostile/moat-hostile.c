// SPDX-License-Identifier: GPL-2.0
/*
 * A front end that means harm, to see what a back end makes of it.
 *
 * It connects as any front end does and then sends requests that are wrong in
 * one way each, and says for each in the kernel log which status came back and
 * which was expected. Then it floods the back end with events, and at last
 * claims to have sent more requests than the ring holds, which must end the
 * connection. It speaks Xen's public headers and shares nothing with Moat.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/io/blkif.h>
#include <xen/interface/io/protocols.h>
#include <xen/page.h>
#include <xen/xenbus.h>

#define STORM 20000
#define ANSWER_TIMEOUT (10 * HZ)

/* Which grant a shot names. */
enum grant { WRITABLE, READABLE, TABLE, NOBODYS, GRANTS };

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

/* One disk is attacked at a time. */
static struct xenbus_device *xdev;
static struct blkif_front_ring ring;
static void *shared;
static grant_ref_t ring_ref;
static evtchn_port_t port;
static int irq;
static struct page *data_page, *table_page;
static grant_ref_t gref[GRANTS];
static DECLARE_COMPLETION(answered);
static bool attacking;

static irqreturn_t hostile_event(int unused, void *data)
{
	complete(&answered);
	return IRQ_HANDLED;
}

/* ---- shooting ---- */

static void fill_table(const struct shot *shot)
{
	struct blkif_request_segment *seg = page_address(table_page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*seg); i++) {
		seg[i].gref = gref[shot->data];
		seg[i].first_sect = shot->first;
		seg[i].last_sect = shot->last;
	}
}

static void fill_indirect(struct blkif_request *req, const struct shot *shot, u64 sector)
{
	unsigned int i;

	fill_table(shot);
	req->operation = BLKIF_OP_INDIRECT;
	req->u.indirect.indirect_op = shot->op;
	req->u.indirect.nr_segments = shot->nr;
	req->u.indirect.sector_number = sector;
	for (i = 0; i < BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST; i++)
		req->u.indirect.indirect_grefs[i] = gref[shot->table];
}

static void fill_direct(struct blkif_request *req, const struct shot *shot, u64 sector)
{
	unsigned int i;

	req->operation = shot->op;
	req->u.rw.nr_segments = shot->nr;
	req->u.rw.sector_number = sector;
	if (shot->op == BLKIF_OP_DISCARD) {
		req->u.discard.nr_sectors = shot->count;
		return;
	}
	for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
		req->u.rw.seg[i].gref = gref[shot->data];
		req->u.rw.seg[i].first_sect = shot->first;
		req->u.rw.seg[i].last_sect = shot->last;
	}
}

static void push(void)
{
	int notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&ring, notify);
	if (notify)
		notify_remote_via_irq(irq);
}

static bool wait_for_answer(void)
{
	int more;

	for (;;) {
		RING_FINAL_CHECK_FOR_RESPONSES(&ring, more);
		if (more)
			return true;
		if (!wait_for_completion_timeout(&answered, ANSWER_TIMEOUT))
			return false;
	}
}

/* Return: whether it got what it should. */
static bool shoot(const struct shot *shot, u64 id, u64 capacity)
{
	struct blkif_request *req = RING_GET_REQUEST(&ring, ring.req_prod_pvt);
	u64 sector = shot->sector + (shot->at_end ? capacity : 0);
	struct blkif_response rsp;
	bool good;

	memset(req, 0, sizeof(*req));
	if (shot->indirect)
		fill_indirect(req, shot, sector);
	else
		fill_direct(req, shot, sector);
	/* In the 64-bit layout the id is at one place in all kinds. */
	req->u.rw.id = id;
	ring.req_prod_pvt++;
	push();
	if (!wait_for_answer()) {
		pr_info("hostile: %s: no answer\n", shot->what);
		return false;
	}
	RING_COPY_RESPONSE(&ring, ring.rsp_cons, &rsp);
	ring.rsp_cons++;
	good = rsp.id == id && rsp.status == shot->want;
	pr_info("hostile: %s: %s (status %d, expected %d)\n", shot->what,
		good ? "right" : "WRONG ANSWER", rsp.status, shot->want);
	return good;
}

static void attack(struct work_struct *work)
{
	unsigned int i, wrong = 0;
	u64 id = 0x1234567800000000ULL, capacity = 0;

	xenbus_scanf(XBT_NIL, xdev->otherend, "sectors", "%llu", &capacity);
	for (i = 0; i < ARRAY_SIZE(shots); i++)
		wrong += !shoot(&shots[i], ++id, capacity);
	for (i = 0; i < STORM; i++)
		notify_remote_via_irq(irq);
	wrong += !shoot(&last_good, ++id, capacity);
	pr_info("hostile: %zu shots, %u surprises\n", ARRAY_SIZE(shots) + 1, wrong);
	WRITE_ONCE(ring.sring->req_prod, ring.req_prod_pvt + 1000);
	notify_remote_via_irq(irq);
	pr_info("hostile: overran the ring\n");
}

static DECLARE_WORK(attack_work, attack);

/* ---- connecting ---- */

static int grant_pages(void)
{
	domid_t peer = xdev->otherend_id;
	int i;

	data_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	table_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!data_page || !table_page)
		return -ENOMEM;
	gref[WRITABLE] = gnttab_grant_foreign_access(peer, xen_page_to_gfn(data_page), 0);
	gref[READABLE] = gnttab_grant_foreign_access(peer, xen_page_to_gfn(data_page), 1);
	gref[TABLE] = gnttab_grant_foreign_access(peer, xen_page_to_gfn(table_page), 1);
	gref[NOBODYS] = 0xfff0000;
	for (i = 0; i < GRANTS; i++)
		if ((int)gref[i] < 0)
			return (int)gref[i];
	return 0;
}

static int connect(void)
{
	int err;

	err = xenbus_setup_ring(xdev, GFP_KERNEL, &shared, 1, &ring_ref);
	if (err)
		return err;
	XEN_FRONT_RING_INIT(&ring, (struct blkif_sring *)shared, PAGE_SIZE);
	err = grant_pages();
	if (!err)
		err = xenbus_alloc_evtchn(xdev, &port);
	if (err)
		return err;
	irq = bind_evtchn_to_irqhandler(port, hostile_event, 0, "hostile", xdev);
	if (irq < 0)
		return irq;
	xenbus_printf(XBT_NIL, xdev->nodename, "ring-ref", "%u", ring_ref);
	xenbus_printf(XBT_NIL, xdev->nodename, "event-channel", "%u", port);
	xenbus_printf(XBT_NIL, xdev->nodename, "protocol", "%s", XEN_IO_PROTO_ABI_X86_64);
	return xenbus_switch_state(xdev, XenbusStateInitialised);
}

static int hostile_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	if (xdev)
		return -EBUSY;
	xdev = dev;
	return xenbus_switch_state(dev, XenbusStateInitialising);
}

static void hostile_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	int err;

	switch (state) {
	case XenbusStateInitWait:
		err = shared ? 0 : connect();
		if (err)
			xenbus_dev_fatal(dev, err, "connecting");
		break;
	case XenbusStateConnected:
		if (attacking)
			break;
		attacking = true;
		xenbus_switch_state(dev, XenbusStateConnected);
		schedule_work(&attack_work);
		break;
	case XenbusStateClosing:
	case XenbusStateClosed:
		pr_info("hostile: the back end has closed the connection\n");
		xenbus_switch_state(dev, XenbusStateClosed);
		break;
	default:
		break;
	}
}

static const struct xenbus_device_id hostile_ids[] = { { "vbd" }, { "" } };

static struct xenbus_driver hostile_driver = {
	.ids = hostile_ids,
	.name = "moat-hostile",
	.probe = hostile_probe,
	.otherend_changed = hostile_changed,
};

/* It stays until its domain is destroyed, so there is no way out. */
static int __init hostile_init(void)
{
	return xenbus_register_frontend(&hostile_driver);
}
module_init(hostile_init);

MODULE_DESCRIPTION("Moat: a front end that means harm, for tests");
MODULE_LICENSE("GPL");
