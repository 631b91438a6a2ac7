// SPDX-License-Identifier: GPL-2.0
/*
 * moat-hog: takes a domain's grant references, so that its drivers run short of them.
 *
 *   echo N >/sys/module/moat_hog/parameters/leave	leaves N for all others, at most
 *   echo -1 >...					gives all back
 *
 * and what transactions.c and pages.c have.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <xen/grant_table.h>

#include "hog.h"

/* More than any domain has here. */
#define HOG_MAX 65536u

static DEFINE_MUTEX(hog_lock);
static grant_ref_t *taken;
static unsigned int count;
static int leave = -1;

static void hog_give(unsigned int n)
{
	while (n-- && count)
		gnttab_free_grant_reference(taken[--count]);
}

static void hog_take(void)
{
	grant_ref_t head;

	while (count < HOG_MAX && !gnttab_alloc_grant_references(1, &head))
		taken[count++] = gnttab_claim_grant_reference(&head);
}

static void hog_leave(int n)
{
	if (n < 0) {
		hog_give(count);
	} else {
		hog_take();
		hog_give(n);
	}
}

static int leave_set(const char *text, const struct kernel_param *kp)
{
	int err, n;

	err = kstrtoint(text, 0, &n);
	if (err)
		return err;
	mutex_lock(&hog_lock);
	leave = n;
	/* One that comes with the module waits until that is there. */
	if (taken)
		hog_leave(n);
	mutex_unlock(&hog_lock);
	return 0;
}

static const struct kernel_param_ops leave_ops = {
	.set = leave_set,
	.get = param_get_int,
};
module_param_cb(leave, &leave_ops, &leave, 0644);
MODULE_PARM_DESC(leave, "grant references that others find free; -1: all of them");

static int __init hog_init(void)
{
	taken = kvcalloc(HOG_MAX, sizeof(*taken), GFP_KERNEL);
	if (!taken)
		return -ENOMEM;
	mutex_lock(&hog_lock);
	hog_leave(leave);
	mutex_unlock(&hog_lock);
	return 0;
}
module_init(hog_init);

static void __exit hog_exit(void)
{
	hog_end_transactions();
	hog_give_pages();
	hog_give(count);
	kvfree(taken);
}
module_exit(hog_exit);

MODULE_DESCRIPTION("Moat: a shortage of grant references, transactions or memory, for tests");
MODULE_LICENSE("GPL");
