// SPDX-License-Identifier: GPL-2.0
/*
 * What both hostile halves are: a device, a peer, a thread, and parameters that say how much
 * is to be done and what has been.
 */
#include "half.h"

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

/* ---- parameters ---- */

unsigned long half_seed = 1;
module_param_named(seed, half_seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of the campaign");

static bool resting;
module_param(resting, bool, 0444);
MODULE_PARM_DESC(resting, "it has written as many messages as it should");

static unsigned long messages;
static DECLARE_WAIT_QUEUE_HEAD(raised);

/* Who raises it waits for resting, which must not be of before. */
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
MODULE_PARM_DESC(messages, "how many to write before it rests");

static struct counts counts;

static int counts_get(char *page, const struct kernel_param *param)
{
	return count_print(&counts, page);
}

static const struct kernel_param_ops counts_ops = {
	.get = counts_get,
};
module_param_cb(counts, &counts_ops, NULL, 0444);
MODULE_PARM_DESC(counts, "what it has done");

/**
 * half_has_to_do() - are there messages to be written?
 *
 * Said anew each time, as the wish may have changed.
 *
 * Return: whether there are; "resting" says so, too.
 */
bool half_has_to_do(void)
{
	bool has = count_messages(&counts) < READ_ONCE(messages);

	WRITE_ONCE(resting, !has);
	return has;
}

/* Wait until there are. */
void half_rest(void)
{
	wait_event_interruptible(raised, half_has_to_do());
}

/* ---- the device ---- */

/**
 * half_start() - begin, in a thread that does not end before its domain
 * @half: zeroed, and initialized here
 * @dev: the device
 * @attack: what the thread does
 *
 * Return: 0; -EBUSY for a second device; or another negative errno.
 */
int half_start(struct half *half, struct xenbus_device *dev, int (*attack)(void *unused))
{
	if (half->dev)
		return -EBUSY;
	half->dev = dev;
	half->counts = &counts;
	init_waitqueue_head(&half->woken);
	return PTR_ERR_OR_ZERO(kthread_run(attack, NULL, "hostile"));
}

/* Called by xenbus: the peer has written its state. */
void half_peer_changed(struct half *half, enum xenbus_state state)
{
	WRITE_ONCE(half->peer, state);
	wake_up(&half->woken);
}

/* Write our state, any number, whether it is the one that stands there or not. */
void half_say(struct half *half, int state)
{
	xenbus_printf(XBT_NIL, half->dev->nodename, "state", "%d", state);
}

/**
 * half_await() - wait for the peer's state
 * @half: one that was started
 * @states: one bit for each that will do
 * @timeout: in jiffies
 *
 * Return: whether it came.
 */
bool half_await(struct half *half, unsigned long states, unsigned long timeout)
{
	return wait_event_timeout(half->woken, BIT(READ_ONCE(half->peer)) & states, timeout);
}
