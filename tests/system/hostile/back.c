// SPDX-License-Identifier: GPL-2.0
/*
 * A back end that means harm, to see what a front end makes of it.
 *
 * It serves one disk, of which it has no data, by a thread of its own. It speaks Xen's public
 * headers and shares nothing with Moat. Parameters:
 *
 *   seed      of the campaign
 *   messages  it turns honest when it has written so many; may be raised
 *   counts    what it has done, to be read
 *   resting   whether it is honest, to be read
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <xen/xenbus.h>

#include "host.h"
#include "turn.h"

#define HONEST_EVERY 8
#define HONEST_REQUESTS 500

static unsigned long seed = 1;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of the campaign");

static struct counts counts;
static struct host host;
static struct task_struct *attacker;

/* ---- parameters that do something ---- */

static unsigned long messages;
static bool resting;
module_param(resting, bool, 0444);
MODULE_PARM_DESC(resting, "it has written as many messages as it should");

/* Who raises it waits for resting, which must not be of before. */
static int messages_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_ulong(value, param);

	WRITE_ONCE(resting, false);
	return err;
}

static const struct kernel_param_ops messages_ops = {
	.set = messages_set,
	.get = param_get_ulong,
};
module_param_cb(messages, &messages_ops, &messages, 0644);
MODULE_PARM_DESC(messages, "how many to write before it turns honest");

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

/* Called at each look of an honest turn: said anew, as the wish may have changed. */
static bool has_to_do(void)
{
	bool has = count_messages(&counts) < READ_ONCE(messages);

	WRITE_ONCE(resting, !has);
	return has;
}

static int attack(void *unused)
{
	u64 nr;

	for (nr = 0;; nr++) {
		if (!turn_begin(&host, !nr))
			continue;
		if (!nr || !has_to_do()) {
			turn_honest(&host, 0, has_to_do);
		} else if (!(nr % HONEST_EVERY)) {
			turn_honest(&host, HONEST_REQUESTS, NULL);
		} else {
			turn_run(&host, seed, nr);
		}
	}
	return 0;
}

/* ---- what xenbus calls ---- */

static int hostile_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	if (attacker)
		return -EBUSY;
	host_init(&host, dev, &counts);
	attacker = kthread_run(attack, NULL, "hostile");
	return PTR_ERR_OR_ZERO(attacker);
}

static void hostile_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	if (dev == host.dev)
		host_peer_changed(&host, state);
}

static const struct xenbus_device_id hostile_ids[] = { { "vbd" }, { "" } };

static struct xenbus_driver hostile_driver = {
	.ids = hostile_ids,
	.name = "moat-hostile-back",
	.probe = hostile_probe,
	.otherend_changed = hostile_changed,
};

/* It stays until its domain is destroyed, so there is no way out. */
static int __init hostile_init(void)
{
	return xenbus_register_backend(&hostile_driver);
}
module_init(hostile_init);

MODULE_DESCRIPTION("Moat: a back end that means harm, for tests");
MODULE_LICENSE("GPL");
