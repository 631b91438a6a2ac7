// SPDX-License-Identifier: GPL-2.0
/*
 * What the toolstack may ask of a disk through xenstore: another mode, and its
 * counters. include/moat/keys.h names the keys.
 *
 * A question is a key in the disk's own directory. It is answered and removed
 * in one transaction, so a newer question is never removed with the older one,
 * and who sees it gone finds the answer. The removal, and the answers, make the
 * directory's watch fire again: a key that is not there is no question. One that
 * cannot be answered, for want of memory or of a transaction, is answered later.
 */
#include "control.h"

#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <moat/keys.h>
#include <xen/interface/io/xs_wire.h>

#include "stat.h"
#include "sysfs.h"
#include "transact.h"

/* Longest word that is answered. */
#define WORD_MAX 32

static const char word_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* " NAME=VALUE" of a counter, of a bucket of the histogram, and of all of them. */
#define STAT_ROOM(name, text) + sizeof(" " #name "=18446744073709551615") - 1
#define BUCKET_ROOM (sizeof(" " MOAT_STATS_LATENCY "20=18446744073709551615") - 1)
#define STATS_ROOM (WORD_MAX + 1 MOAT_RING_STATS(STAT_ROOM) + MOAT_HIST_BUCKETS * BUCKET_ROOM)

/* A request carries the path as well. */
static_assert(STATS_ROOM + XENSTORE_REL_PATH_MAX < XENSTORE_PAYLOAD_MAX);

/* What a node of a domain's may hold by xenstored's own choice, permissions included. */
#define NODE_MAX 2048
static_assert(STATS_ROOM + 128 <= NODE_MAX);

static const char *const stat_names[] = {
#define STAT_NAME(name, text) #name,
	MOAT_RING_STATS(STAT_NAME)
#undef STAT_NAME
};

/* An answer in a transaction: 0, or -EINVAL if the word says nothing. */
typedef int answer_fn(struct moat_sysfs *sysfs, struct xenbus_device *dev,
		      struct xenbus_transaction t, const char *word);

static int answer_mode(struct moat_sysfs *sysfs, struct xenbus_device *dev,
		       struct xenbus_transaction t, const char *word)
{
	int err = moat_sysfs_set_mode(sysfs, word);

	return err ? err : xenbus_write(t, dev->nodename, MOAT_KEY_MODE, word);
}

static int answer_stats(struct moat_sysfs *sysfs, struct xenbus_device *dev,
			struct xenbus_transaction t, const char *word)
{
	struct moat_stat sum;
	size_t len;
	char *text;
	int err;
	u32 i;

	if (!*word || strlen(word) > WORD_MAX || word[strspn(word, word_chars)])
		return -EINVAL;
	text = kmalloc(STATS_ROOM, GFP_NOIO);
	if (!text)
		return -ENOMEM;
	moat_sysfs_sum(sysfs, &sum);
	len = scnprintf(text, STATS_ROOM, "%s", word);
	for (i = 0; i < MOAT_STAT_COUNT; i++)
		len += scnprintf(text + len, STATS_ROOM - len, " %s=%llu",
				 stat_names[i], sum.count[i]);
	for (i = 0; i < MOAT_HIST_BUCKETS; i++)
		if (sum.latency[i])
			len += scnprintf(text + len, STATS_ROOM - len, " " MOAT_STATS_LATENCY
					 "%u=%llu", i, sum.latency[i]);
	err = xenbus_write(t, dev->nodename, MOAT_KEY_STATS, text);
	kfree(text);
	return err;
}

/* A key that may hold a question, and what answers it. */
struct question {
	struct moat_sysfs *sysfs;
	struct xenbus_device *dev;
	const char *key;
	answer_fn *answer;
};

static int control_try(struct xenbus_transaction t, void *data)
{
	const struct question *q = data;
	const char *node = q->dev->nodename;
	char *word;
	int err;

	word = xenbus_read(t, node, q->key, NULL);
	if (IS_ERR(word))
		return PTR_ERR(word);
	err = q->answer(q->sysfs, q->dev, t, word);
	if (err == -EINVAL) {
		pr_warn_ratelimited("moat: %s/%s: \"%.*s\" is not understood\n",
				    node, q->key, WORD_MAX, word);
		err = 0;
	}
	kfree(word);
	return err ?: xenbus_rm(t, node, q->key);
}

/* The keys that may hold a question. */
static const struct {
	const char *key;
	answer_fn *answer;
} questions[] = {
	{ MOAT_KEY_SET_MODE, answer_mode },
	{ MOAT_KEY_ASK, answer_stats },
};

/* Return: 0, also where there is no question; or a negative errno, for a reason that
 * passes.
 */
static int control_answer(struct moat_sysfs *sysfs, struct xenbus_device *dev,
			  unsigned int which)
{
	struct question question = { sysfs, dev, questions[which].key,
				     questions[which].answer };
	int err;

	/* The mode that is told last must be the one in force. */
	moat_sysfs_lock_mode(sysfs);
	err = moat_transact(control_try, &question);
	moat_sysfs_unlock_mode(sysfs);
	return err == -ENOENT ? 0 : err;
}

/* What could not be answered so far; nobody asks again. */
static void control_again(struct moat_sysfs *sysfs, struct xenbus_device *dev)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(questions) && !err; i++)
		err = control_answer(sysfs, dev, i);
	if (err)
		moat_sysfs_later(sysfs, control_again);
}

/**
 * moat_control_changed() - something in the disk's own directory has changed
 * @sysfs: the disk's directory in sysfs, which knows its settings and rings
 * @dev: its xenbus device
 * @path: what has changed, as the watch says it
 *
 * To be called for every event of a watch on the directory: all but the two
 * keys are passed by without a look at xenstore.
 *
 * Context: process, may sleep; holds no lock that @sysfs's changed() takes.
 * Return: whether it was one of the keys, and the caller need not look at it.
 */
bool moat_control_changed(struct moat_sysfs *sysfs, struct xenbus_device *dev,
			  const char *path)
{
	size_t len = strlen(dev->nodename);
	const char *key = path + len + 1;
	unsigned int i;
	int err;

	might_sleep();
	if (strncmp(path, dev->nodename, len) || path[len] != '/')
		return false;
	for (i = 0; i < ARRAY_SIZE(questions); i++)
		if (!strcmp(key, questions[i].key))
			break;
	if (i == ARRAY_SIZE(questions))
		return false;
	err = control_answer(sysfs, dev, i);
	if (err) {
		pr_warn_ratelimited("moat: %s not answered yet, to be tried again: %d\n",
				    path, err);
		moat_sysfs_later(sysfs, control_again);
	}
	return true;
}
EXPORT_SYMBOL_GPL(moat_control_changed);
