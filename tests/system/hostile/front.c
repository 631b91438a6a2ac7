// SPDX-License-Identifier: GPL-2.0
/*
 * A front end that means harm, to see what a back end makes of it.
 *
 * One disk is attacked at a time, by a thread of its own. It speaks Xen's public headers and
 * shares nothing with Moat. Parameters:
 *
 *   act       shots: a table of wrong requests, each with its answer (shots.c)
 *             campaign: random rounds (round.c)
 *
 * and those of half.h. A campaign rests between two connections.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <xen/xenbus.h>

#include "link.h"
#include "round.h"
#include "shots.h"

static char *act = "shots";
module_param(act, charp, 0444);
MODULE_PARM_DESC(act, "shots or campaign");

static struct link link;

/* ---- the attacker ---- */

static void campaign(void)
{
	u64 nr;

	for (nr = 0;; nr++) {
		half_rest();
		round_run(&link, half_seed, nr);
	}
}

static int attack(void *unused)
{
	half_say(&link.half, XenbusStateInitialising);
	if (!half_await(&link.half, BIT(XenbusStateInitWait), 60 * HZ)) {
		pr_info("hostile: the back end does not begin\n");
		return 0;
	}
	if (!strcmp(act, "campaign"))
		campaign();
	else
		shots_run(&link);
	return 0;
}

/* ---- what xenbus calls ---- */

static int hostile_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	return half_start(&link.half, dev, attack);
}

static void hostile_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	if (dev == link.half.dev)
		half_peer_changed(&link.half, state);
}

static const struct xenbus_device_id hostile_ids[] = { { "vbd" }, { "" } };

static struct xenbus_driver hostile_driver = {
	.ids = hostile_ids,
	.name = "moat-hostile-front",
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
