// SPDX-License-Identifier: GPL-2.0
/*
 * A front end that means harm, to see what a back end makes of it.
 *
 * One disk is attacked at a time, by a thread of its own. It speaks Xen's public headers and
 * shares nothing with Moat. Parameters:
 *
 *   act       shots: a table of wrong requests, each with its answer (shots.c)
 *             campaign: random rounds (round.c)
 *   seed      of the campaign
 *   messages  it pauses when it has written so many; may be raised
 *   counts    what it has done, to be read
 *   resting   whether it has paused, to be read
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>
#include <xen/xenbus.h>

#include "link.h"
#include "round.h"
#include "shots.h"

static char *act = "shots";
module_param(act, charp, 0444);
MODULE_PARM_DESC(act, "shots or campaign");

static unsigned long seed = 1;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of the campaign");

static struct counts counts;
static struct link link;
static struct task_struct *attacker;
static DECLARE_WAIT_QUEUE_HEAD(raised);

/* ---- parameters that do something ---- */

static unsigned long messages;
static bool resting;
module_param(resting, bool, 0444);
MODULE_PARM_DESC(resting, "it has written as many messages as it should");

static int messages_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_ulong(value, param);

	WRITE_ONCE(resting, false);
	wake_up(&raised);
	return err;
}

static const struct kernel_param_ops messages_ops = {
	.set = messages_set,
	.get = param_get_ulong,
};
module_param_cb(messages, &messages_ops, &messages, 0644);
MODULE_PARM_DESC(messages, "how many to write before it pauses");

static int counts_get(char *page, const struct kernel_param *param)
{
	return count_print(&counts, page);
}

static const struct kernel_param_ops counts_ops = {
	.get = counts_get,
};
module_param_cb(counts, &counts_ops, NULL, 0444);
MODULE_PARM_DESC(counts, "what it has done");

/* ---- the attacker ---- */

/* Asked at each wake-up: said anew, as the wish may have changed. */
static bool has_to_do(void)
{
	bool has = count_messages(&counts) < READ_ONCE(messages);

	WRITE_ONCE(resting, !has);
	return has;
}

static void campaign(void)
{
	u64 nr;

	for (nr = 0;; nr++) {
		wait_event_interruptible(raised, has_to_do());
		round_run(&link, seed, nr);
	}
}

static int attack(void *unused)
{
	link_say(&link, XenbusStateInitialising);
	if (!link_await(&link, BIT(XenbusStateInitWait), 60 * HZ)) {
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
	if (attacker)
		return -EBUSY;
	link_init(&link, dev, &counts);
	attacker = kthread_run(attack, NULL, "hostile");
	return PTR_ERR_OR_ZERO(attacker);
}

static void hostile_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	if (dev == link.dev)
		link_peer_changed(&link, state);
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
