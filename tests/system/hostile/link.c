// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of a hostile front end: rings, pages, and what xenstore says of them.
 *
 * What is published is first what an honest front end would say, and then, with a chance,
 * one or more keys are written over with a trick.
 */
#include "link.h"

#include <linux/slab.h>
#include <linux/string.h>
#include <xen/interface/io/protocols.h>

#include "words.h"

#define LONG_KEY 1500

/* Keys that a back end reads of its front end, or may some day. */
static const char *const keys[] = {
	"ring-ref", "ring-ref0", "ring-ref1", "event-channel", "ring-page-order", "num-ring-pages",
	"protocol", "multi-queue-num-queues", "feature-persistent", "feature-moat-readonly-grants",
	"feature-moat-recovery", "feature-max-indirect-segments", "moat-state", "moat-trouble",
	"moat-hold", "moat-ask", "moat-set-mode", "device-type", "virtual-device",
	HALF_KEY_CONNECTION,
	"queue-0/ring-ref", "queue-0/event-channel", "queue-1/ring-ref", "queue-1/event-channel",
	"queue-1/ring-ref0", "hostile"
};

/**
 * link_open() - make rings, and lay out pages
 * @link: the connection, closed
 * @chance: how many, how large
 *
 * Return: 0 or a negative errno; link_close() is due in either case.
 */
int link_open(struct link *link, struct chance *chance)
{
	unsigned int pages = 1u << chance_below(chance, 5);
	unsigned int i;
	int err;

	link->nr_pipes = min_t(u32, chance_below(chance, LINK_PIPES) + 1,
			       xenbus_read_unsigned(link->half.dev->otherend,
						    "multi-queue-max-queues", 1));
	err = bait_lay(&link->bait, link->half.dev->otherend_id);
	for (i = 0; !err && i < link->nr_pipes; i++)
		err = pipe_open(&link->pipe[i], link->half.dev, &link->half.woken, pages,
				chance_one_in(chance, 2) ? 0 : -chance_below(chance, 2000));
	link->bait.ring = BAIT_NOBODYS;
	link->odd = false;
	return err;
}

/**
 * link_close() - take it all back
 * @link: the connection
 */
void link_close(struct link *link)
{
	unsigned int i;

	for (i = 0; i < LINK_PIPES; i++)
		pipe_close(&link->pipe[i]);
	bait_take_up(&link->bait);
}

/* ---- keys ---- */

/**
 * link_write() - write a key below our directory
 * @link: the connection
 * @dir: below the device's own; "" for it
 * @key: its name
 * @value: its value
 */
void link_write(struct link *link, const char *dir, const char *key, const char *value)
{
	char *path = kasprintf(GFP_KERNEL, "%s%s", link->half.dev->nodename, dir);

	if (!path || xenbus_write(XBT_NIL, path, key, value))
		count_inc(link->half.counts, COUNT_failed);
	kfree(path);
}

static void write_number(struct link *link, const char *dir, const char *key, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", value);
	link_write(link, dir, key, text);
}

static void publish_pipe(struct link *link, unsigned int nr)
{
	struct pipe *pipe = &link->pipe[nr];
	char dir[16] = "", key[16];
	unsigned int i;

	if (link->nr_pipes > 1)
		snprintf(dir, sizeof(dir), "/queue-%u", nr);
	if (pipe->pages == 1)
		write_number(link, dir, "ring-ref", pipe->gref[0]);
	/* One of before may have left them there. */
	for (i = 0; i < pipe->pages; i++) {
		snprintf(key, sizeof(key), "ring-ref%u", i);
		write_number(link, dir, key, pipe->gref[i]);
	}
	write_number(link, dir, "event-channel", pipe->port);
}

/* Which connection our keys belong to. Where it is another, or none, those that only Moat
 * knows are not to be believed, and all the rest is as good as ever.
 */
static void publish_connection(struct link *link, struct chance *chance, u32 odds)
{
	struct xenbus_device *dev = link->half.dev;
	u32 offered = xenbus_read_unsigned(dev->otherend, HALF_KEY_CONNECTION, 0);

	if (!odds || !chance_one_in(chance, odds)) {
		write_number(link, "", HALF_KEY_CONNECTION, offered);
		return;
	}
	count_inc(link->half.counts, COUNT_keys);
	switch (chance_below(chance, 4)) {
	case 0:
		xenbus_rm(XBT_NIL, dev->nodename, HALF_KEY_CONNECTION);
		break;
	case 1:
		write_number(link, "", HALF_KEY_CONNECTION,
			     offered ^ BIT(chance_below(chance, 32)));
		break;
	case 2:
		/* The same, in 32 bits. */
		write_number(link, "", HALF_KEY_CONNECTION, offered + (1ULL << 32));
		break;
	default:
		link_write(link, "", HALF_KEY_CONNECTION, chance_of(chance, hostile_words));
	}
}

static void publish_trick(struct link *link, struct chance *chance)
{
	const char *key = chance_of(chance, keys);
	char *text;

	link->odd = true;
	count_inc(link->half.counts, COUNT_keys);
	switch (chance_below(chance, 5)) {
	case 0:
		write_number(link, "", key, chance_any(chance));
		break;
	case 1:
		/* References and channels that are something else. */
		write_number(link, "", key, bait_any(&link->bait, chance));
		break;
	case 2:
		xenbus_rm(XBT_NIL, link->half.dev->nodename, key);
		break;
	case 3:
		text = kmalloc(LONG_KEY, GFP_KERNEL);
		if (!text)
			break;
		memset(text, '0' + chance_below(chance, 75), LONG_KEY - 1);
		text[LONG_KEY - 1] = '\0';
		link_write(link, "", key, text);
		kfree(text);
		break;
	default:
		link_write(link, "", key, chance_of(chance, hostile_words));
	}
}

/**
 * link_publish() - write the keys that the back end reads
 * @link: the connection, open
 * @chance: what becomes of it
 * @odds: one in so many is published with tricks; 0: none
 */
void link_publish(struct link *link, struct chance *chance, u32 odds)
{
	static const char *const layouts[] = {
		XEN_IO_PROTO_ABI_X86_64, XEN_IO_PROTO_ABI_X86_32
	};
	unsigned int i;

	for (i = 0; i < link->nr_pipes; i++)
		publish_pipe(link, i);
	write_number(link, "", "multi-queue-num-queues", link->nr_pipes);
	write_number(link, "", "ring-page-order", ilog2(link->pipe[0].pages));
	write_number(link, "", "feature-persistent", odds && chance_one_in(chance, 2));
	write_number(link, "", "feature-moat-readonly-grants", chance_below(chance, 2));
	write_number(link, "", "feature-moat-recovery", chance_below(chance, 2));
	publish_connection(link, chance, odds);
	/* Read in the other layout, requests are quite other ones. */
	link->odd = odds && chance_one_in(chance, 8);
	link_write(link, "", "protocol", layouts[link->odd]);
	if (!odds || !chance_one_in(chance, odds))
		return;
	for (i = chance_below(chance, 3); i < 3; i++)
		publish_trick(link, chance);
}
