// SPDX-License-Identifier: GPL-2.0
/*
 * The other thing that moat-hog takes: transactions, of which xenstored lets a domain have
 * ten open. In the kernel: those that a program leaves behind, and those that it is refused,
 * Linux 6.1 counts wrongly, and the domain can never suspend again.
 *
 *   echo 1 >/sys/module/moat_hog/parameters/transactions	leaves none
 *   echo 0 >...						gives all back
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <xen/xenbus.h>

#include "hog.h"

/* More than a domain may have. */
#define TRANSACTIONS_MAX 64u

static DEFINE_MUTEX(transactions_lock);
static struct xenbus_transaction open[TRANSACTIONS_MAX];
static unsigned int count;

static int begin_all(void)
{
	int err = 0;

	while (count < TRANSACTIONS_MAX && !err) {
		err = xenbus_transaction_start(&open[count]);
		count += !err;
	}
	/* Refused at last: there are none left. */
	return err == -ENOSPC ? 0 : err ?: -E2BIG;
}

static void end_all(void)
{
	while (count)
		xenbus_transaction_end(open[--count], true);
}

void hog_end_transactions(void)
{
	mutex_lock(&transactions_lock);
	end_all();
	mutex_unlock(&transactions_lock);
}

static int transactions_set(const char *text, const struct kernel_param *kp)
{
	bool wanted;
	int err;

	err = kstrtobool(text, &wanted);
	if (err)
		return err;
	mutex_lock(&transactions_lock);
	if (wanted)
		err = begin_all();
	else
		end_all();
	mutex_unlock(&transactions_lock);
	return err;
}

static int transactions_get(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%u\n", READ_ONCE(count));
}

static const struct kernel_param_ops transactions_ops = {
	.set = transactions_set,
	.get = transactions_get,
};
module_param_cb(transactions, &transactions_ops, NULL, 0644);
MODULE_PARM_DESC(transactions, "take all of the domain's transactions with xenstored");
