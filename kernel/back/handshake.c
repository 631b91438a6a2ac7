// SPDX-License-Identifier: GPL-2.0
/*
 * What the two ends tell each other in xenstore.
 *
 * The keys and their meaning: Xen's public io/blkif.h, and include/moat/keys.h
 * for our own. What the front end writes is as little to be trusted as its
 * ring: each number is bounded here.
 */
#include "handshake.h"

#include <linux/blkdev.h>
#include <linux/kdev_t.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <moat/keys.h>
#include <xen/interface/io/protocols.h>

#include "kernel/common/lookup.h"
#include "kernel/common/transact.h"

#include "disk.h"
#include "life.h"
#include "params.h"

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
	err = moat_transact_exists(t, offer->dev);
	if (err)
		return err;
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

static int read_cdrom(struct xenbus_device *dev, bool *cdrom)
{
	char *type;
	int err;

	err = moat_lookup_text(dev->nodename, "device-type", &type);
	if (err)
		return err;
	*cdrom = type && strstr(type, "cdrom");
	kfree(type);
	return 0;
}

static int read_mode(struct xenbus_device *dev, struct moat_disk_wish *wish)
{
	char *mode;
	int err;

	err = moat_lookup_text(dev->nodename, "mode", &mode);
	if (err)
		return err;
	wish->readonly = !mode || !strchr(mode, 'w');
	wish->shared = mode && strchr(mode, '!');
	kfree(mode);
	return 0;
}

static int read_cache(struct xenbus_device *dev, struct moat_disk_wish *wish)
{
	char *where;
	int err;

	err = moat_lookup_text(dev->nodename, MOAT_KEY_CACHE, &where);
	if (err)
		return err;
	wish->cache_inside = where && !strcmp(where, MOAT_CACHE_DOMAIN);
	kfree(where);
	return 0;
}

static int read_device(struct xenbus_device *dev, dev_t *device)
{
	unsigned int major, minor;
	int ret;

	ret = xenbus_scanf(XBT_NIL, dev->nodename, "physical-device", "%x:%x", &major, &minor);
	if (ret == -ENOMEM)
		return ret;
	if (ret != 2)
		return -ENOENT;
	*device = MKDEV(major, minor);
	return 0;
}

/**
 * moat_handshake_read_wish() - what does the toolstack ask for?
 * @dev: the device
 * @wish: the answer; worth something only on success
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT while the device is not named yet; or -ENOMEM if it cannot be known
 * now.
 */
int moat_handshake_read_wish(struct xenbus_device *dev, struct moat_disk_wish *wish)
{
	bool same;
	int err;

	err = read_cdrom(dev, &wish->cdrom);
	if (err || wish->cdrom)
		return err;
	err = read_device(dev, &wish->dev);
	if (!err)
		err = read_mode(dev, wish);
	if (!err)
		err = read_cache(dev, wish);
	if (!err)
		err = moat_lookup_flag(dev->nodename, MOAT_KEY_SAME_VM, false, &same);
	if (!err)
		err = moat_lookup_flag(dev->nodename, "discard-enable", true, &wish->discard);
	if (!err)
		wish->shared |= same;
	return err;
}

static int read_layout(struct xenbus_device *dev, enum moat_layout *layout)
{
	char *name;
	int err;

	err = moat_lookup_text(dev->otherend, "protocol", &name);
	if (err)
		return err;
	if (!name || !strcmp(name, XEN_IO_PROTO_ABI_X86_64))
		*layout = MOAT_LAYOUT_64;
	else if (!strcmp(name, XEN_IO_PROTO_ABI_X86_32))
		*layout = MOAT_LAYOUT_32;
	else
		err = -EPROTONOSUPPORT;
	kfree(name);
	return err;
}

/* Where blocks are larger than 512 bytes a front end may say that it counts in those. The
 * ring is read in units of 512, so it is refused before a request goes astray.
 */
static int read_units(struct xenbus_device *dev, u32 block_size)
{
	bool blocks;
	int err;

	err = moat_lookup_flag(dev->otherend, "feature-large-sector-size", false, &blocks);
	if (err)
		return err;
	return blocks && block_size != SECTOR_SIZE ? -EPROTONOSUPPORT : 0;
}

/* A flag of Moat's own: set, and set for this connection?
 * Return: 0, or -ENOMEM if it cannot be known now.
 */
static int front_flag(struct xenbus_device *dev, const struct moat_offered *offered,
		      const char *key, bool *value)
{
	u32 connection;
	bool set;
	int err;

	err = moat_lookup_flag(dev->otherend, key, false, &set);
	if (!err)
		err = moat_lookup_u32(dev->otherend, MOAT_KEY_CONNECTION, 0, &connection);
	if (!err)
		*value = set && connection == offered->connection;
	return err;
}

/**
 * moat_handshake_recovers() - can the front end go on with another back end?
 * @dev: the device
 * @offered: what the front end was told before it began
 * @recovers: the answer
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOMEM if it cannot be known now.
 */
int moat_handshake_recovers(struct xenbus_device *dev, const struct moat_offered *offered,
			    bool *recovers)
{
	return front_flag(dev, offered, MOAT_KEY_RECOVERY, recovers);
}

/* Whether "ring-page-order" is there says how the keys of the pages are named; they
 * themselves do not, as an earlier front end may have left more of them.
 */
static int read_ring_order(struct xenbus_device *dev, const struct moat_offered *offered,
			   struct moat_front *front)
{
	u32 order;
	int err;

	err = moat_lookup_u32(dev->otherend, "ring-page-order", U32_MAX, &order);
	if (err)
		return err;
	front->numbered = order != U32_MAX;
	if (!front->numbered)
		order = 0;
	if (order > offered->ring_order)
		return -ERANGE;
	front->ring_pages = 1u << order;
	return 0;
}

static int read_queues(struct xenbus_device *dev, const struct moat_offered *offered,
		       struct moat_front *front)
{
	u32 queues;
	int err;

	err = moat_lookup_u32(dev->otherend, "multi-queue-num-queues", 1, &queues);
	if (err)
		return err;
	if (!queues || queues > offered->queues)
		return -ERANGE;
	front->nr_queues = queues;
	front->subdirs = queues > 1;
	return 0;
}

static int read_persistent(struct xenbus_device *dev, const struct moat_offered *offered,
			   struct moat_front *front)
{
	bool all, readonly;
	int err;

	err = moat_lookup_flag(dev->otherend, "feature-persistent", false, &all);
	if (!err)
		err = front_flag(dev, offered, MOAT_KEY_PERSISTENT_RO, &readonly);
	if (err)
		return err;
	front->persistent = offered->persistent && all;
	front->persistent_ro = front->persistent && readonly;
	return 0;
}

/**
 * moat_handshake_read_front() - what does the front end ask for?
 * @dev: the device
 * @offered: what it was told before it began
 * @block_size: of the disk
 * @front: the answer
 *
 * Context: process, may sleep.
 * Return: 0; -EPROTONOSUPPORT for a layout or units that are not served; -ERANGE for more
 * rings or larger ones than were offered; -ENOMEM if it cannot be known now.
 */
int moat_handshake_read_front(struct xenbus_device *dev,
			      const struct moat_offered *offered, u32 block_size,
			      struct moat_front *front)
{
	int err;

	err = read_layout(dev, &front->layout);
	if (!err)
		err = read_units(dev, block_size);
	if (!err)
		err = read_queues(dev, offered, front);
	if (!err)
		err = read_ring_order(dev, offered, front);
	if (!err)
		err = moat_handshake_recovers(dev, offered, &front->recovers);
	front->in_use = false;
	return err ?: read_persistent(dev, offered, front);
}

/* The reference of a ring's page. Where an order of 0 is told, some front ends
 * number the only page and some do not.
 */
static int read_gref(const char *dir, const struct moat_front *front, unsigned int page,
		     grant_ref_t *gref)
{
	char name[20];
	u32 ref = INVALID_GRANT_REF;
	int err = 0;

	snprintf(name, sizeof(name), "ring-ref%u", page);
	if (front->numbered)
		err = moat_lookup_u32(dir, name, INVALID_GRANT_REF, &ref);
	if (!err && ref == INVALID_GRANT_REF && front->ring_pages == 1)
		err = moat_lookup_u32(dir, "ring-ref", INVALID_GRANT_REF, &ref);
	if (err)
		return err;
	*gref = ref;
	return ref == INVALID_GRANT_REF ? -EINVAL : 0;
}

static int read_port(const char *dir, evtchn_port_t *port)
{
	int err = moat_lookup_u32(dir, "event-channel", 0, port);

	/* Xen gives that one to nobody. */
	return err ?: *port ? 0 : -EINVAL;
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
	setup->journal = !front->recovers;
	setup->in_use = front->in_use;
	for (page = 0; !err && page < setup->pages; page++)
		err = read_gref(dir, front, page, &setup->gref[page]);
	if (!err)
		err = read_port(dir, &setup->port);
	kfree(dir);
	return err;
}
