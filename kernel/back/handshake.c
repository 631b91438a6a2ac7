// SPDX-License-Identifier: GPL-2.0
/*
 * What the two ends tell each other in xenstore.
 *
 * The keys and their meaning: Xen's public io/blkif.h, and include/moat/keys.h
 * for our own. What the front end writes is as little to be trusted as its
 * ring: each number is bounded here.
 */
#include "handshake.h"

#include <linux/kdev_t.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <moat/keys.h>
#include <xen/interface/io/protocols.h>

#include "kernel/common/transact.h"

#include "disk.h"
#include "params.h"
#include "queue.h"

/* One number that the back end tells. */
struct offer_key {
	const char *name;
	u64 value;
};

/* Keys of one device, to be written together. */
struct offer {
	struct xenbus_device *dev;
	const struct offer_key *keys;
	unsigned int count;
};

static int write_keys(struct xenbus_transaction t, void *data)
{
	const struct offer *offer = data;
	unsigned int i;
	int err;

	/* A directory that is gone must not come back by this. */
	if (!xenbus_exists(t, offer->dev->nodename, "state"))
		return -ENOENT;
	for (i = 0; i < offer->count; i++) {
		err = xenbus_printf(t, offer->dev->nodename, offer->keys[i].name, "%llu",
				    offer->keys[i].value);
		if (err)
			return err;
	}
	return 0;
}

static int write_keys_together(struct xenbus_device *dev, const struct offer_key *keys,
			       unsigned int count)
{
	struct offer offer = { dev, keys, count };

	return moat_transact(write_keys, &offer);
}

/**
 * moat_handshake_offer() - tell what a front end must know before it begins
 * @dev: the device
 * @persistent: pages may stay mapped
 * @offered: what was told, by the limits of now; written also where telling fails
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT if the directory is gone; or another negative errno.
 */
int moat_handshake_offer(struct xenbus_device *dev, bool persistent,
			 struct moat_offered *offered)
{
	const struct moat_offered now = {
		.queues = moat_params_queues(),
		.ring_order = moat_params_ring_order(),
		.persistent = persistent,
		/* By chance, as an earlier storage domain may have counted as far. */
		.connection = get_random_u32() | 1,
	};
	const struct offer_key keys[] = {
		{ "multi-queue-max-queues", now.queues },
		{ "max-ring-page-order", now.ring_order },
		{ "feature-persistent", now.persistent },
		{ MOAT_KEY_PERSISTENT_RO, now.persistent },
		{ MOAT_KEY_CONNECTION, now.connection },
	};

	*offered = now;
	return write_keys_together(dev, keys, ARRAY_SIZE(keys));
}

/**
 * moat_handshake_announce() - describe the disk, before state Connected
 * @dev: the device
 * @disk: the disk
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int moat_handshake_announce(struct xenbus_device *dev, const struct moat_disk *disk)
{
	const struct moat_offer *offer = &disk->offer;
	const struct offer_key keys[] = {
		{ "sectors", offer->capacity },
		{ "info", disk->info },
		{ "sector-size", offer->block_size },
		{ "physical-sector-size", disk->physical_block_size },
		{ "feature-max-indirect-segments", offer->max_indirect },
		{ "feature-flush-cache", offer->flush },
		{ "feature-barrier", offer->barrier },
		{ "feature-discard", offer->discard },
		{ "discard-secure", offer->secure_discard },
		{ "discard-granularity", disk->discard_granularity },
		{ "discard-alignment", disk->discard_alignment },
	};

	return write_keys_together(dev, keys, ARRAY_SIZE(keys));
}

/**
 * moat_handshake_announce_size() - tell a connected front end of a new size
 * @dev: the device, connected
 * @sectors: the size, in units of 512 bytes; 0: the device is lost
 *
 * Front ends look at "sectors" anew when the state is written, changed or not.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int moat_handshake_announce_size(struct xenbus_device *dev, u64 sectors)
{
	const struct offer_key keys[] = {
		{ "sectors", sectors },
		{ "state", XenbusStateConnected },
	};

	return write_keys_together(dev, keys, ARRAY_SIZE(keys));
}

static bool key_has(struct xenbus_device *dev, const char *name, const char *text)
{
	char *value = xenbus_read(XBT_NIL, dev->nodename, name, NULL);
	bool has;

	if (IS_ERR(value))
		return false;
	has = strstr(value, text);
	kfree(value);
	return has;
}

/**
 * moat_handshake_read_wish() - what does the toolstack ask for?
 * @dev: the device
 * @wish: the answer; worth something only on success
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT while the device is not named yet.
 */
int moat_handshake_read_wish(struct xenbus_device *dev, struct moat_disk_wish *wish)
{
	unsigned int major, minor;

	wish->cdrom = key_has(dev, "device-type", "cdrom");
	if (wish->cdrom)
		return 0;
	if (xenbus_scanf(XBT_NIL, dev->nodename, "physical-device", "%x:%x",
			 &major, &minor) != 2)
		return -ENOENT;
	wish->dev = MKDEV(major, minor);
	wish->readonly = !key_has(dev, "mode", "w");
	wish->shared = key_has(dev, "mode", "!") ||
		       xenbus_read_unsigned(dev->nodename, MOAT_KEY_SAME_VM, 0);
	wish->discard = xenbus_read_unsigned(dev->nodename, "discard-enable", 1);
	return 0;
}

static int read_layout(struct xenbus_device *dev, enum moat_layout *layout)
{
	char *name = xenbus_read(XBT_NIL, dev->otherend, "protocol", NULL);
	int err = 0;

	if (IS_ERR(name)) {
		*layout = MOAT_LAYOUT_64;
		return 0;
	}
	if (!strcmp(name, XEN_IO_PROTO_ABI_X86_64))
		*layout = MOAT_LAYOUT_64;
	else if (!strcmp(name, XEN_IO_PROTO_ABI_X86_32))
		*layout = MOAT_LAYOUT_32;
	else
		err = -EPROTONOSUPPORT;
	kfree(name);
	return err;
}

/* A flag of Moat's own: set, and set for this connection? */
static bool front_flag(struct xenbus_device *dev, const struct moat_offered *offered,
		       const char *key)
{
	return xenbus_read_unsigned(dev->otherend, key, 0) &&
	       xenbus_read_unsigned(dev->otherend, MOAT_KEY_CONNECTION, 0) ==
		       offered->connection;
}

/**
 * moat_handshake_recovers() - can the front end go on with another back end?
 * @dev: the device
 * @offered: what the front end was told before it began
 *
 * Context: process, may sleep.
 */
bool moat_handshake_recovers(struct xenbus_device *dev, const struct moat_offered *offered)
{
	return front_flag(dev, offered, MOAT_KEY_RECOVERY);
}

/* Whether "ring-page-order" is there says how the keys of the pages are named; they
 * themselves do not, as an earlier front end may have left more of them.
 */
static unsigned int read_ring_order(struct xenbus_device *dev, bool *numbered)
{
	unsigned int order = 0;

	*numbered = xenbus_scanf(XBT_NIL, dev->otherend, "ring-page-order", "%u", &order) == 1;
	return order;
}

/**
 * moat_handshake_read_front() - what does the front end ask for?
 * @dev: the device
 * @offered: what it was told before it began
 * @front: the answer
 *
 * Context: process, may sleep.
 * Return: 0; -EPROTONOSUPPORT for a layout that nobody knows; -ERANGE for more
 * rings or larger ones than were offered.
 */
int moat_handshake_read_front(struct xenbus_device *dev,
			      const struct moat_offered *offered,
			      struct moat_front *front)
{
	unsigned int order;
	int err;

	err = read_layout(dev, &front->layout);
	if (err)
		return err;
	front->nr_queues = xenbus_read_unsigned(dev->otherend, "multi-queue-num-queues", 1);
	if (!front->nr_queues || front->nr_queues > offered->queues)
		return -ERANGE;
	front->subdirs = front->nr_queues > 1;
	order = read_ring_order(dev, &front->numbered);
	if (order > offered->ring_order)
		return -ERANGE;
	front->ring_pages = 1u << order;
	front->persistent = offered->persistent &&
			    xenbus_read_unsigned(dev->otherend, "feature-persistent", 0);
	front->persistent_ro = front->persistent &&
			       front_flag(dev, offered, MOAT_KEY_PERSISTENT_RO);
	return 0;
}

/* The reference of a ring's page. Where an order of 0 is told, some front ends
 * number the only page and some do not.
 */
static int read_gref(const char *dir, const struct moat_front *front, unsigned int page,
		     grant_ref_t *gref)
{
	char name[16];

	snprintf(name, sizeof(name), "ring-ref%u", page);
	if (front->numbered && xenbus_scanf(XBT_NIL, dir, name, "%u", gref) == 1)
		return 0;
	if (front->ring_pages == 1 && xenbus_scanf(XBT_NIL, dir, "ring-ref", "%u", gref) == 1)
		return 0;
	return -EINVAL;
}

/**
 * moat_handshake_read_queue() - where is a ring?
 * @dev: the device
 * @front: from moat_handshake_read_front()
 * @nr: number of the ring
 * @setup: the answer
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL if a key is missing or no number; -ENOMEM.
 */
int moat_handshake_read_queue(struct xenbus_device *dev, const struct moat_front *front,
			      unsigned int nr, struct moat_queue_setup *setup)
{
	unsigned int page;
	int err = 0;
	char *dir;

	dir = front->subdirs ? kasprintf(GFP_KERNEL, "%s/queue-%u", dev->otherend, nr) :
			       kstrdup(dev->otherend, GFP_KERNEL);
	if (!dir)
		return -ENOMEM;
	setup->nr = nr;
	setup->layout = front->layout;
	setup->pages = front->ring_pages;
	setup->persistent = front->persistent;
	setup->persistent_ro = front->persistent_ro;
	for (page = 0; !err && page < setup->pages; page++)
		err = read_gref(dir, front, page, &setup->gref[page]);
	if (!err && xenbus_scanf(XBT_NIL, dir, "event-channel", "%u", &setup->port) != 1)
		err = -EINVAL;
	kfree(dir);
	return err;
}
