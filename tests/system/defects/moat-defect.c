// SPDX-License-Identifier: GPL-2.0
/*
 * One defect of each sort that a debug kernel is there to find, so that its silence means
 * something.
 *
 *   echo NAME >/sys/module/moat_defect/parameters/commit
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#define OBJECT_BYTES 64
#define LEAKS 16

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

/* Two locks, both ways round. */
static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void atomic_sleep(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

/* The allocator looks at what lies behind an object when that is freed. */
static void write_behind(void)
{
	char *object = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	if (!object)
		return;
	OPTIMIZER_HIDE_VAR(object);
	memset(object + OBJECT_BYTES, 0, 1);
	kfree(object);
}

/* The allocator looks at a freed object when it gives that out again. */
static void write_freed(void)
{
	char *object = kmalloc(OBJECT_BYTES, GFP_KERNEL), *alias = object;

	if (!object)
		return;
	OPTIMIZER_HIDE_VAR(alias);
	kfree(object);
	memset(alias + OBJECT_BYTES / 2, 0, 1);
	kfree(kmalloc(OBJECT_BYTES, GFP_KERNEL));
}

/* Some, as the pointer to one may be left somewhere on a stack. */
static void leak(void)
{
	unsigned int i;

	for (i = 0; i < LEAKS; i++) {
		char *object = kmalloc(OBJECT_BYTES, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(object);
	}
}

static void shift(void)
{
	unsigned int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("shifted: %d\n", 1 << bits);
}

static void list_twice(void)
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list_add(&entry, &list);
	list_add(&entry, &list);
}

static void nothing(struct work_struct *work)
{
}

/* Its memory goes while it is queued. */
static void freed_work(void)
{
	struct delayed_work *work = kmalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	INIT_DELAYED_WORK(work, nothing);
	schedule_delayed_work(work, HZ);
	kfree(work);
}

static const struct {
	const char *name;
	void (*commit)(void);
} defects[] = {
	{ "lock-order", lock_order },
	{ "atomic-sleep", atomic_sleep },
	{ "write-behind", write_behind },
	{ "write-freed", write_freed },
	{ "leak", leak },
	{ "shift", shift },
	{ "list-twice", list_twice },
	{ "freed-work", freed_work },
};

static int commit_set(const char *text, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(defects); i++) {
		if (sysfs_streq(text, defects[i].name)) {
			defects[i].commit();
			return 0;
		}
	}
	return -EINVAL;
}

static const struct kernel_param_ops commit_ops = { .set = commit_set };
module_param_cb(commit, &commit_ops, NULL, 0200);
MODULE_PARM_DESC(commit, "have that defect happen, now");

static int __init defect_init(void)
{
	return 0;
}
module_init(defect_init);

MODULE_DESCRIPTION("Defects for debug kernels to find, for tests");
MODULE_LICENSE("GPL");
