// SPDX-License-Identifier: GPL-2.0
/*
 * Does this domain still serve?
 *
 * Whoever reads the module parameter "health" gets two ages in milliseconds
 * and has every poller pinged: a poller answers in its next turn, between
 * requests. So the answers come from the very threads that carry the data, and
 * between two pings nothing runs that would not run without them. moat-init
 * reads it once a second.
 *
 *   POLLER  age of the oldest ping that a poller has not answered
 *   DEVICE  for how long a device had done nothing, with requests there to do,
 *           when the last ping was answered. It has done something when it has
 *           completed a request, however that ended, or a piece of a discard.
 *
 * 0 stands for none. The second says nothing about the first: a device that
 * takes a minute leaves the pollers as quick as ever.
 */
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "ping.h"
#include "poller.h"

/* Never waits for a poller or a device: only for who else counts pollers. */
static int health_get(char *text, const struct kernel_param *kp)
{
	u64 poller = moat_ping_age_ns(), device = moat_pollers_device_age();

	moat_pollers_ping();
	return sysfs_emit(text, "%llu %llu\n", div_u64(poller, NSEC_PER_MSEC),
			  div_u64(device, NSEC_PER_MSEC));
}

static int health_set(const char *text, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops health_ops = {
	.get = health_get,
	.set = health_set,
};

module_param_cb(health, &health_ops, NULL, 0444);
MODULE_PARM_DESC(health, "ms since an unanswered ping, and since a busy device moved; pings");
