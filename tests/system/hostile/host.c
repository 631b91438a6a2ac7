// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of a hostile back end: rings, and what xenstore says of the disk.
 */
#include "host.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "words.h"

/* What an honest back end says of its disk. It is as large as a disk can be: one that a trick
 * has made larger would be too small when it is honest again, and refused.
 */
static const struct {
	const char *key;
	const char *value;
} honest[] = {
	{ "multi-queue-max-queues", "4" },
	{ "max-ring-page-order", "4" },
	{ "feature-persistent", "1" },
	{ "feature-moat-readonly-grants", "1" },
	{ "sectors", "18014398509481976" },
	{ "info", "0" },
	{ "sector-size", "512" },
	{ "physical-sector-size", "512" },
	{ "feature-max-indirect-segments", "128" },
	{ "feature-flush-cache", "1" },
	{ "feature-barrier", "0" },
	{ "feature-discard", "1" },
	{ "discard-secure", "0" },
	{ "discard-granularity", "512" },
	{ "discard-alignment", "0" },
	{ "moat-identity", "a hostile disk" },
};

/* Keys that a front end or its toolstack reads besides. */
static const char *const others[] = {
	"moat-set-mode", "moat-ask", "mode", "device-type", "dev", "removable"
};

/**
 * host_init() - begin
 * @host: zeroed
 * @dev: the device
 * @counts: counters
 */
void host_init(struct host *host, struct xenbus_device *dev, struct counts *counts)
{
	unsigned int i;

	host->dev = dev;
	host->counts = counts;
	host->spoilt = true;
	host->keep.peer = dev->otherend_id;
	init_waitqueue_head(&host->woken);
	for (i = 0; i < HOST_DESKS; i++) {
		host->desk[i].dev = dev;
		host->desk[i].counts = counts;
		host->desk[i].woken = &host->woken;
	}
}

/* Called by xenbus: the front end has written its state. */
void host_peer_changed(struct host *host, enum xenbus_state state)
{
	WRITE_ONCE(host->peer, state);
	wake_up(&host->woken);
}

/* Write our state, any number, whether it is the one that stands there or not. */
void host_say(struct host *host, int state)
{
	xenbus_printf(XBT_NIL, host->dev->nodename, "state", "%d", state);
}

/* Wait for the front end's state, @timeout in jiffies. Return: whether it came. */
bool host_await(struct host *host, enum xenbus_state state, unsigned long timeout)
{
	return wait_event_timeout(host->woken, READ_ONCE(host->peer) == state, timeout);
}

/**
 * host_call() - have the front end begin anew
 * @host: the connection, closed
 *
 * That is the toolstack's business. Who runs this lets us write the front end's state, so
 * that a broken connection costs a handshake and no more.
 */
void host_call(struct host *host)
{
	WRITE_ONCE(host->peer, XenbusStateUnknown);
	xenbus_printf(XBT_NIL, host->dev->otherend, "state", "%d", XenbusStateInitialising);
}

/**
 * host_open() - take up the front end's rings
 * @host: the connection, closed
 *
 * Return: 0 or a negative errno; host_close() is due in either case.
 */
int host_open(struct host *host)
{
	const char *front = host->dev->otherend;
	unsigned int i;
	int err = 0;

	host->nr_desks = xenbus_read_unsigned(front, "multi-queue-num-queues", 1);
	if (!host->nr_desks || host->nr_desks > HOST_DESKS)
		return -EINVAL;
	for (i = 0; !err && i < host->nr_desks; i++) {
		char *dir = host->nr_desks == 1 ? kstrdup(front, GFP_KERNEL) :
			    kasprintf(GFP_KERNEL, "%s/queue-%u", front, i);

		err = dir ? desk_open(&host->desk[i], dir) : -ENOMEM;
		kfree(dir);
	}
	return err;
}

/* Give the rings and all pages back; one that is closed will do. */
void host_close(struct host *host)
{
	unsigned int i;

	for (i = 0; i < HOST_DESKS; i++)
		desk_close(&host->desk[i]);
	keep_let_all_go(&host->keep);
}

/* Describe the disk as it is, where anything else was said. */
void host_tell(struct host *host)
{
	unsigned int i;

	if (!host->spoilt)
		return;
	host->spoilt = false;
	for (i = 0; i < ARRAY_SIZE(honest); i++)
		xenbus_write(XBT_NIL, host->dev->nodename, honest[i].key, honest[i].value);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		xenbus_rm(XBT_NIL, host->dev->nodename, others[i]);
}

/**
 * host_tell_trick() - say something else of it
 * @host: the connection
 * @chance: of what, and what
 */
void host_tell_trick(struct host *host, struct chance *chance)
{
	u32 which = chance_below(chance, ARRAY_SIZE(honest) + ARRAY_SIZE(others));
	const char *node = host->dev->nodename, *key;

	key = which < ARRAY_SIZE(honest) ? honest[which].key : others[which - ARRAY_SIZE(honest)];
	host->spoilt = true;
	count_inc(host->counts, COUNT_keys);
	switch (chance_below(chance, 4)) {
	case 0:
		xenbus_printf(XBT_NIL, node, key, "%llu", chance_any(chance));
		break;
	case 1:
		xenbus_rm(XBT_NIL, node, key);
		break;
	case 2:
		/* Sizes, as a disk that grows and shrinks has them. */
		xenbus_printf(XBT_NIL, node, "sectors", "%u", chance_below(chance, 65536));
		break;
	default:
		xenbus_write(XBT_NIL, node, key, chance_of(chance, hostile_words));
	}
}

/* Has the front end told of a breach of the protocol? */
bool host_is_accused(struct host *host)
{
	char *text = xenbus_read(XBT_NIL, host->dev->otherend, "moat-trouble", NULL);
	bool accused;

	if (IS_ERR(text))
		return false;
	accused = *text;
	kfree(text);
	return accused;
}
