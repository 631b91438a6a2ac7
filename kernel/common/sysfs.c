// SPDX-License-Identifier: GPL-2.0
/*
 * The moat/ directory of a disk in sysfs: its settings, and below it one
 * directory of counters per ring.
 *
 * xenstore is the other way in (control.c): the mode can be set by both and is
 * told there whenever it changes, by a work: who writes a setting does not wait
 * for xenstore, and of many changes in a row the last is told, until it was told.
 *
 * The kobjects live as long as someone holds a file of them open, which may be
 * longer than the disk. kobject_del() however waits for running show and store
 * methods, and none starts behind it: so the methods may use the disk's memory,
 * and the owner frees it only after moat_sysfs_destroy().
 */
#include "sysfs.h"

#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include <moat/keys.h>

#include "transact.h"

/* When to try again what xenstore could not be told. */
#define TELL_RETRY HZ

/* One ringN directory. */
struct sysfs_ring {
	struct kobject kobj;
	struct list_head link;
	struct moat_stat *stat;
};

/**
 * struct moat_sysfs - the moat/ directory
 * @kobj: the directory
 * @dev: the disk's xenbus device
 * @tune: its settings
 * @ops: what its half does differently
 * @mode_lock: held while the mode is changed and told, so that the last one told
 *	is the last one set
 * @tell: tells it
 * @later: has something done again
 * @again: that; set before @later is queued
 * @rings_lock: guards @rings; within it no other lock is taken
 * @rings: the ring directories
 */
struct moat_sysfs {
	struct kobject kobj;
	struct device *dev;
	struct moat_tune *tune;
	const struct moat_sysfs_ops *ops;
	struct mutex mode_lock;
	struct delayed_work tell;
	struct delayed_work later;
	void (*again)(struct moat_sysfs *sysfs, struct xenbus_device *dev);
	struct mutex rings_lock;
	struct list_head rings;
};

/* ---- counters ---- */

struct stat_attribute {
	struct attribute attr;
	enum moat_ring_stat which;
};

static ssize_t ring_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct sysfs_ring *ring = container_of(kobj, struct sysfs_ring, kobj);
	struct stat_attribute *a = container_of(attr, struct stat_attribute, attr);
	ssize_t len = 0;
	u32 i;

	if (a->which != MOAT_STAT_COUNT)
		return sysfs_emit(buf, "%llu\n", READ_ONCE(ring->stat->count[a->which]));
	for (i = 0; i < MOAT_HIST_BUCKETS; i++)
		len += sysfs_emit_at(buf, len, "%llu%c", READ_ONCE(ring->stat->latency[i]),
				     i + 1 < MOAT_HIST_BUCKETS ? ' ' : '\n');
	return len;
}

static void ring_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct sysfs_ring, kobj));
}

#define STAT_ATTRIBUTE(_name, text)						\
	static struct stat_attribute stat_##_name = {				\
		.attr = { .name = #_name, .mode = 0444 },			\
		.which = MOAT_STAT_##_name,					\
	};
MOAT_RING_STATS(STAT_ATTRIBUTE)

static struct stat_attribute stat_latency = {
	.attr = { .name = "latency", .mode = 0444 },
	.which = MOAT_STAT_COUNT,
};

#define STAT_POINTER(_name, text) &stat_##_name.attr,
static struct attribute *ring_attrs[] = {
	MOAT_RING_STATS(STAT_POINTER)
	&stat_latency.attr,
	NULL,
};
ATTRIBUTE_GROUPS(ring);

static const struct sysfs_ops ring_sysfs_ops = { .show = ring_show };

static struct kobj_type ring_type = {
	.release = ring_release,
	.sysfs_ops = &ring_sysfs_ops,
	.default_groups = ring_groups,
};

/* ---- settings ---- */

struct tune_attribute {
	struct attribute attr;
	size_t offset;		/* of the word within struct moat_tune */
	u32 max;		/* largest number allowed; 0: a name, see names() */
};

#define TUNE_ATTRIBUTE(_name, _max)						\
	static struct tune_attribute tune_##_name = {				\
		.attr = { .name = #_name, .mode = 0644 },			\
		.offset = offsetof(struct moat_tune, _name),			\
		.max = _max,							\
	}

TUNE_ATTRIBUTE(mode, 0);
TUNE_ATTRIBUTE(data_path, 0);
TUNE_ATTRIBUTE(writethrough, 0);
TUNE_ATTRIBUTE(window_min_ns, MOAT_TUNE_WINDOW_NS_MAX);
TUNE_ATTRIBUTE(window_max_ns, MOAT_TUNE_WINDOW_NS_MAX);
TUNE_ATTRIBUTE(relax_every, MOAT_TUNE_RELAX_MAX);
TUNE_ATTRIBUTE(stall_s, MOAT_TUNE_STALL_S_MAX);
TUNE_ATTRIBUTE(give_up_s, MOAT_TUNE_GIVE_UP_S_MAX);
TUNE_ATTRIBUTE(retain_kib, MOAT_TUNE_RETAIN_KIB_MAX);

static struct attribute *recovery_attrs[] = {
	&tune_stall_s.attr,
	&tune_give_up_s.attr,
	&tune_retain_kib.attr,
	NULL,
};

static umode_t recovery_visible(struct kobject *kobj, struct attribute *attr, int nr)
{
	struct moat_sysfs *sysfs = container_of(kobj, struct moat_sysfs, kobj);

	return sysfs->ops->recovers ? attr->mode : 0;
}

static const struct attribute_group recovery_group = {
	.attrs = recovery_attrs,
	.is_visible = recovery_visible,
};

static struct attribute *serving_attrs[] = {
	&tune_writethrough.attr,
	NULL,
};

static umode_t serving_visible(struct kobject *kobj, struct attribute *attr, int nr)
{
	struct moat_sysfs *sysfs = container_of(kobj, struct moat_sysfs, kobj);

	return sysfs->ops->recovers ? 0 : attr->mode;
}

static const struct attribute_group serving_group = {
	.attrs = serving_attrs,
	.is_visible = serving_visible,
};

static struct attribute *disk_attrs[] = {
	&tune_mode.attr,
	&tune_data_path.attr,
	&tune_window_min_ns.attr,
	&tune_window_max_ns.attr,
	&tune_relax_every.attr,
	NULL,
};

static const struct attribute_group disk_group = { .attrs = disk_attrs };

static const struct attribute_group *disk_groups[] = {
	&disk_group,
	&recovery_group,
	&serving_group,
	NULL,
};

static u32 *tune_word(struct moat_sysfs *sysfs, const struct tune_attribute *a)
{
	return (void *)sysfs->tune + a->offset;
}

static const char *const *tune_names(struct moat_sysfs *sysfs,
				     const struct tune_attribute *a)
{
	if (a == &tune_mode)
		return moat_mode_names;
	return a == &tune_writethrough ? moat_writethrough_names : sysfs->ops->data_paths;
}

static ssize_t disk_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct moat_sysfs *sysfs = container_of(kobj, struct moat_sysfs, kobj);
	struct tune_attribute *a = container_of(attr, struct tune_attribute, attr);
	u32 value = READ_ONCE(*tune_word(sysfs, a));

	if (a->max)
		return sysfs_emit(buf, "%u\n", value);
	return sysfs_emit(buf, "%s\n", tune_names(sysfs, a)[value]);
}

static int tune_value(struct moat_sysfs *sysfs, const struct tune_attribute *a,
		      const char *text, u32 *value)
{
	int ret;

	if (!a->max) {
		ret = moat_tune_parse(tune_names(sysfs, a), text);
		if (ret < 0)
			return ret;
		*value = ret;
		return 0;
	}
	ret = kstrtou32(text, 0, value);
	if (ret)
		return ret;
	return *value <= a->max ? 0 : -ERANGE;
}

static void disk_store_mode(struct moat_sysfs *sysfs, u32 mode)
{
	moat_sysfs_lock_mode(sysfs);
	WRITE_ONCE(sysfs->tune->mode, mode);
	sysfs->ops->changed(sysfs->dev);
	moat_sysfs_unlock_mode(sysfs);
	moat_sysfs_tell_mode(sysfs);
}

static ssize_t disk_store(struct kobject *kobj, struct attribute *attr,
			  const char *text, size_t len)
{
	struct moat_sysfs *sysfs = container_of(kobj, struct moat_sysfs, kobj);
	struct tune_attribute *a = container_of(attr, struct tune_attribute, attr);
	u32 value;
	int err;

	err = tune_value(sysfs, a, text, &value);
	if (err)
		return err;
	if (a == &tune_mode) {
		disk_store_mode(sysfs, value);
		return len;
	}
	WRITE_ONCE(*tune_word(sysfs, a), value);
	sysfs->ops->changed(sysfs->dev);
	return len;
}

static void disk_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct moat_sysfs, kobj));
}

static const struct sysfs_ops disk_sysfs_ops = {
	.show = disk_show,
	.store = disk_store,
};

static struct kobj_type disk_type = {
	.release = disk_release,
	.sysfs_ops = &disk_sysfs_ops,
	.default_groups = disk_groups,
};

/* ---- for xenstore ---- */

/**
 * moat_sysfs_lock_mode() - keep others from changing the mode
 * @sysfs: the disk's directory
 *
 * Context: process, may sleep; no lock that changed() takes is held.
 */
void moat_sysfs_lock_mode(struct moat_sysfs *sysfs)
{
	mutex_lock(&sysfs->mode_lock);
}

/* Counterpart of moat_sysfs_lock_mode(). */
void moat_sysfs_unlock_mode(struct moat_sysfs *sysfs)
{
	mutex_unlock(&sysfs->mode_lock);
}

/**
 * moat_sysfs_set_mode() - change the mode, as a write to the file does
 * @sysfs: the disk's directory, locked by moat_sysfs_lock_mode()
 * @mode: its name
 *
 * The caller tells xenstore.
 *
 * Context: process, may sleep.
 * Return: 0, or -EINVAL if there is no such mode.
 */
int moat_sysfs_set_mode(struct moat_sysfs *sysfs, const char *mode)
{
	int found = match_string(moat_mode_names, -1, mode);

	if (found < 0)
		return -EINVAL;
	WRITE_ONCE(sysfs->tune->mode, found);
	sysfs->ops->changed(sysfs->dev);
	return 0;
}

/* Write the mode in force. A directory that is gone must not come back by this. */
static int tell_mode(struct xenbus_transaction t, void *data)
{
	const struct moat_sysfs *sysfs = data;
	const struct xenbus_device *xdev = to_xenbus_device(sysfs->dev);
	int err = moat_transact_exists(t, xdev);

	return err ?: xenbus_write(t, xdev->nodename, MOAT_KEY_MODE,
				   moat_mode_names[READ_ONCE(sysfs->tune->mode)]);
}

static void sysfs_tell(struct work_struct *work)
{
	struct moat_sysfs *sysfs = container_of(to_delayed_work(work), struct moat_sysfs,
						tell);
	int err;

	moat_sysfs_lock_mode(sysfs);
	err = moat_transact(tell_mode, sysfs);
	moat_sysfs_unlock_mode(sysfs);
	if (err && err != -ENOENT)
		schedule_delayed_work(&sysfs->tell, TELL_RETRY);
}

/**
 * moat_sysfs_tell_mode() - have the mode in force written to xenstore
 * @sysfs: the disk's directory
 *
 * For whom the disk's directory in xenstore has been made anew: changes are
 * told by themselves.
 *
 * Context: any, until moat_sysfs_destroy().
 */
void moat_sysfs_tell_mode(struct moat_sysfs *sysfs)
{
	schedule_delayed_work(&sysfs->tell, 0);
}
EXPORT_SYMBOL_GPL(moat_sysfs_tell_mode);

static void sysfs_later(struct work_struct *work)
{
	struct moat_sysfs *sysfs = container_of(to_delayed_work(work), struct moat_sysfs,
						later);

	READ_ONCE(sysfs->again)(sysfs, to_xenbus_device(sysfs->dev));
}

/**
 * moat_sysfs_later() - have something done again that has failed, a little later
 * @sysfs: the disk's directory
 * @again: does it, in process context; may ask for the same once more
 *
 * Context: any, until moat_sysfs_destroy(), behind which nothing is done.
 */
void moat_sysfs_later(struct moat_sysfs *sysfs,
		      void (*again)(struct moat_sysfs *sysfs, struct xenbus_device *dev))
{
	WRITE_ONCE(sysfs->again, again);
	schedule_delayed_work(&sysfs->later, TELL_RETRY);
}

/**
 * moat_sysfs_sum() - the counters and histograms of all rings together
 * @sysfs: the disk's directory
 * @sum: filled in
 *
 * Context: process, may sleep.
 */
void moat_sysfs_sum(struct moat_sysfs *sysfs, struct moat_stat *sum)
{
	struct sysfs_ring *ring;
	u32 i;

	memset(sum, 0, sizeof(*sum));
	mutex_lock(&sysfs->rings_lock);
	list_for_each_entry(ring, &sysfs->rings, link) {
		for (i = 0; i < MOAT_STAT_COUNT; i++)
			sum->count[i] += READ_ONCE(ring->stat->count[i]);
		for (i = 0; i < MOAT_HIST_BUCKETS; i++)
			sum->latency[i] += READ_ONCE(ring->stat->latency[i]);
	}
	mutex_unlock(&sysfs->rings_lock);
}

/* ---- life ---- */

/**
 * moat_sysfs_create() - make the moat/ directory of a disk
 * @dev: the disk's xenbus device
 * @tune: its settings; must outlive moat_sysfs_destroy()
 * @ops: what its half does differently
 *
 * Context: process, may sleep.
 * Return: the directory, or an ERR_PTR().
 */
struct moat_sysfs *moat_sysfs_create(struct device *dev, struct moat_tune *tune,
				     const struct moat_sysfs_ops *ops)
{
	struct moat_sysfs *sysfs = kzalloc(sizeof(*sysfs), GFP_KERNEL);
	int err;

	if (!sysfs)
		return ERR_PTR(-ENOMEM);
	sysfs->dev = dev;
	sysfs->tune = tune;
	sysfs->ops = ops;
	mutex_init(&sysfs->mode_lock);
	INIT_DELAYED_WORK(&sysfs->tell, sysfs_tell);
	INIT_DELAYED_WORK(&sysfs->later, sysfs_later);
	mutex_init(&sysfs->rings_lock);
	INIT_LIST_HEAD(&sysfs->rings);
	err = kobject_init_and_add(&sysfs->kobj, &disk_type, &dev->kobj, "moat");
	if (err) {
		kobject_put(&sysfs->kobj);
		return ERR_PTR(err);
	}
	moat_sysfs_tell_mode(sysfs);
	return sysfs;
}
EXPORT_SYMBOL_GPL(moat_sysfs_create);

/**
 * moat_sysfs_destroy() - remove the directory and all below it
 * @sysfs: the directory, or NULL
 *
 * Behind it nobody reads or writes the disk through it any more.
 *
 * Context: process, may sleep; not from a method of the directory.
 */
void moat_sysfs_destroy(struct moat_sysfs *sysfs)
{
	if (!sysfs)
		return;
	moat_sysfs_remove_rings(sysfs);
	kobject_del(&sysfs->kobj);
	cancel_delayed_work_sync(&sysfs->tell);
	cancel_delayed_work_sync(&sysfs->later);
	kobject_put(&sysfs->kobj);
}
EXPORT_SYMBOL_GPL(moat_sysfs_destroy);

/**
 * moat_sysfs_add_ring() - show the counters of a ring
 * @sysfs: the disk's directory
 * @nr: number of the ring
 * @stat: the counters; must outlive moat_sysfs_remove_rings()
 *
 * Context: process, may sleep; serialised by the caller with the other
 * functions of rings.
 * Return: 0 or a negative errno.
 */
int moat_sysfs_add_ring(struct moat_sysfs *sysfs, unsigned int nr,
			struct moat_stat *stat)
{
	struct sysfs_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	int err;

	if (!ring)
		return -ENOMEM;
	ring->stat = stat;
	err = kobject_init_and_add(&ring->kobj, &ring_type, &sysfs->kobj, "ring%u", nr);
	if (err) {
		kobject_put(&ring->kobj);
		return err;
	}
	mutex_lock(&sysfs->rings_lock);
	list_add_tail(&ring->link, &sysfs->rings);
	mutex_unlock(&sysfs->rings_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(moat_sysfs_add_ring);

/**
 * moat_sysfs_remove_rings() - remove the directories of all rings
 * @sysfs: the disk's directory
 *
 * Context: as moat_sysfs_add_ring().
 */
void moat_sysfs_remove_rings(struct moat_sysfs *sysfs)
{
	struct sysfs_ring *ring, *next;
	LIST_HEAD(rings);

	mutex_lock(&sysfs->rings_lock);
	list_splice_init(&sysfs->rings, &rings);
	mutex_unlock(&sysfs->rings_lock);
	list_for_each_entry_safe(ring, next, &rings, link) {
		list_del(&ring->link);
		kobject_del(&ring->kobj);
		kobject_put(&ring->kobj);
	}
}
EXPORT_SYMBOL_GPL(moat_sysfs_remove_rings);
