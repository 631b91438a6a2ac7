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
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int moat_handshake_offer(struct xenbus_device *dev, bool persistent)
{
	const struct offer_key keys[] = {
		{ "multi-queue-max-queues", moat_params_queues() },
		{ "max-ring-page-order", moat_params_ring_order() },
		{ "feature-persistent", persistent },
		{ MOAT_KEY_PERSISTENT_RO, persistent },
	};

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
 * @wish: written only on success
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT while the device is not named yet; -ENODEV for a CD-ROM
 * drive, which is more than a disk: its commands have no place in blkif.
 */
int moat_handshake_read_wish(struct xenbus_device *dev, struct moat_disk_wish *wish)
{
	unsigned int major, minor;

	if (key_has(dev, "device-type", "cdrom"))
		return -ENODEV;
	if (xenbus_scanf(XBT_NIL, dev->nodename, "physical-device", "%x:%x",
			 &major, &minor) != 2)
		return -ENOENT;
	wish->dev = MKDEV(major, minor);
	wish->readonly = !key_has(dev, "mode", "w");
	wish->shared = key_has(dev, "mode", "!");
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

/**
 * moat_handshake_read_front() - what does the front end ask for?
 * @dev: the device
 * @front: the answer
 *
 * Context: process, may sleep.
 * Return: 0; -EPROTONOSUPPORT for a layout that nobody knows; -ERANGE for more
 * rings or larger ones than were offered.
 */
int moat_handshake_read_front(struct xenbus_device *dev, struct moat_front *front)
{
	unsigned int order;
	int err;

	err = read_layout(dev, &front->layout);
	if (err)
		return err;
	front->nr_queues = xenbus_read_unsigned(dev->otherend, "multi-queue-num-queues", 1);
	if (!front->nr_queues || front->nr_queues > moat_params_queues())
		return -ERANGE;
	front->subdirs = front->nr_queues > 1;
	order = xenbus_read_unsigned(dev->otherend, "ring-page-order", 0);
	if (order > moat_params_ring_order())
		return -ERANGE;
	front->ring_pages = 1u << order;
	front->persistent = xenbus_read_unsigned(dev->otherend, "feature-persistent", 0) &&
			    xenbus_read_unsigned(dev->nodename, "feature-persistent", 0);
	front->persistent_ro = front->persistent &&
			       xenbus_read_unsigned(dev->otherend, MOAT_KEY_PERSISTENT_RO, 0);
	return 0;
}

/* The reference of a ring's page; a ring of one page may use either name. */
static int read_gref(const char *dir, unsigned int page, unsigned int pages,
		     grant_ref_t *gref)
{
	char name[16];

	snprintf(name, sizeof(name), "ring-ref%u", page);
	if (xenbus_scanf(XBT_NIL, dir, name, "%u", gref) == 1)
		return 0;
	if (pages == 1 && xenbus_scanf(XBT_NIL, dir, "ring-ref", "%u", gref) == 1)
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
		err = read_gref(dir, page, setup->pages, &setup->gref[page]);
	if (!err && xenbus_scanf(XBT_NIL, dir, "event-channel", "%u", &setup->port) != 1)
		err = -EINVAL;
	kfree(dir);
	return err;
}
