// SPDX-License-Identifier: GPL-2.0
/*
 * The connection of a hostile back end: rings, and what xenstore says of the disk.
 */
#include "host.h"

#include <linux/bitops.h>
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
	/* The first ones are read before the front end makes its rings. */
	{ "multi-queue-max-queues", "4" },
	/* As large as its load is deep; each page is two trips to xenstore. */
	{ "max-ring-page-order", "2" },
	{ "feature-persistent", "1" },
	{ "feature-moat-readonly-grants", "1" },
#define HOST_OFFERS 4
	/* The first of the rest, see host_tell_trick(). */
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
	"moat-set-mode", "moat-ask", "mode", "device-type", "dev", "removable", HALF_KEY_CONNECTION
};

/* The last of them all. */
#define HOST_CONNECTION (ARRAY_SIZE(honest) + ARRAY_SIZE(others) - 1)

/**
 * host_call() - have the front end begin anew
 * @host: the connection, closed
 *
 * That is the toolstack's business. Who runs this lets us write the front end's state, so
 * that a broken connection costs a handshake and no more.
 */
void host_call(struct host *host)
{
	WRITE_ONCE(host->half.peer, XenbusStateUnknown);
	xenbus_printf(XBT_NIL, host->half.dev->otherend, "state", "%d", XenbusStateInitialising);
}

/**
 * host_open() - take up the front end's rings
 * @host: the connection, closed
 *
 * Return: 0 or a negative errno; host_close() is due in either case.
 */
int host_open(struct host *host)
{
	const char *front = host->half.dev->otherend;
	unsigned int i;
	int err = 0;

	host->keep.peer = host->half.dev->otherend_id;
	host->nr_desks = xenbus_read_unsigned(front, "multi-queue-num-queues", 1);
	if (!host->nr_desks || host->nr_desks > HOST_DESKS)
		return -EINVAL;
	for (i = 0; !err && i < host->nr_desks; i++) {
		char *dir = host->nr_desks == 1 ? kstrdup(front, GFP_KERNEL) :
			    kasprintf(GFP_KERNEL, "%s/queue-%u", front, i);

		err = dir ? desk_open(&host->desk[i], &host->half, dir) : -ENOMEM;
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

/* Describe the disk as it is, where anything else was said, for another connection. */
void host_tell(struct host *host)
{
	const char *node = host->half.dev->nodename;
	unsigned int i;

	for_each_set_bit(i, &host->spoilt, ARRAY_SIZE(honest))
		xenbus_write(XBT_NIL, node, honest[i].key, honest[i].value);
	i = ARRAY_SIZE(honest);
	for_each_set_bit_from(i, &host->spoilt, ARRAY_SIZE(honest) + ARRAY_SIZE(others))
		xenbus_rm(XBT_NIL, node, others[i - ARRAY_SIZE(honest)]);
	host->spoilt = 0;
	xenbus_printf(XBT_NIL, node, HALF_KEY_CONNECTION, "%u", ++host->connection);
}

/* @which: of the honest keys and then of the others */
static void spoil(struct host *host, struct chance *chance, u32 which)
{
	const char *key = which < ARRAY_SIZE(honest) ? honest[which].key :
						       others[which - ARRAY_SIZE(honest)];
	const char *node = host->half.dev->nodename;

	host->spoilt |= BIT(which);
	count_inc(host->half.counts, COUNT_keys);
	switch (chance_below(chance, 3)) {
	case 0:
		xenbus_printf(XBT_NIL, node, key, "%llu", chance_any(chance));
		break;
	case 1:
		xenbus_rm(XBT_NIL, node, key);
		break;
	default:
		xenbus_write(XBT_NIL, node, key, chance_of(chance, hostile_words));
	}
}

/**
 * host_offer_trick() - say something else of what a front end may make
 * @host: the connection, closed
 * @chance: of what, and what
 *
 * Whatever it is, it is no reason to make nothing.
 */
void host_offer_trick(struct host *host, struct chance *chance)
{
	u32 which = chance_below(chance, HOST_OFFERS + 1);

	spoil(host, chance, which < HOST_OFFERS ? which : HOST_CONNECTION);
}

/**
 * host_tell_trick() - say something else of it
 * @host: the connection
 * @chance: of what, and what
 */
void host_tell_trick(struct host *host, struct chance *chance)
{
	if (!chance_one_in(chance, 4)) {
		spoil(host, chance, chance_below(chance, ARRAY_SIZE(honest) + ARRAY_SIZE(others)));
		return;
	}
	/* Sizes, as a disk that grows and shrinks has them. */
	host->spoilt |= BIT(HOST_OFFERS);
	count_inc(host->half.counts, COUNT_keys);
	xenbus_printf(XBT_NIL, host->half.dev->nodename, "sectors", "%u",
		      chance_below(chance, 65536));
}

/* Has the front end told of a trouble that begins with such a word? "": with any. */
bool host_is_accused(struct host *host, const char *of)
{
	char *text = xenbus_read(XBT_NIL, host->half.dev->otherend, "moat-trouble", NULL);
	bool accused;

	if (IS_ERR(text))
		return false;
	accused = *text && strstarts(text, of);
	kfree(text);
	return accused;
}
