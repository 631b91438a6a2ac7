// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk tells the control domain about itself: feature-moat-recovery,
 * moat-state and moat-trouble in its own directory of xenstore
 * (include/moat/keys.h).
 *
 * All of it follows from how the disk stands. A work tells what has changed, and
 * nobody waits for it: xenstored may not answer for a while, or never. It tries
 * until it was told; what counts as told is only what was. A directory that may
 * hold anything (the domain was restored, or the toolstack has named another back
 * end and written moat-state itself) is told everything anew.
 *
 * It is told in a transaction: a directory that the toolstack has removed must
 * not come back by it, and what is said must not be taken for the next
 * connection's if another back end has been named.
 */
#include "report.h"

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "kernel/common/transact.h"

#include "disk.h"
#include "retain.h"

/* Longest trouble that is told. */
#define REPORT_MAX 128
/* When to try again; doubled each time, up to so long. */
#define REPORT_RETRY (HZ / 20 ?: 1)
#define REPORT_RETRY_MAX (2 * HZ)

/**
 * moat_report_stands() - is the back end that we know still the one named?
 * @xdev: the disk's device
 * @peer: path of the back end that we know, or NULL for none
 * @t: a transaction, which fails if that changes meanwhile
 *
 * Context: process; waits for xenstored.
 * Return: 0; -ENOENT if our directory is gone; -ESTALE if another is named.
 */
int moat_report_stands(struct xenbus_device *xdev, const char *peer,
		       struct xenbus_transaction t)
{
	char *path;
	int err;

	err = moat_transact_exists(t, xdev);
	if (err)
		return err;
	path = xenbus_read(t, xdev->nodename, "backend", NULL);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (peer && strcmp(path, peer))
		err = -ESTALE;
	kfree(path);
	return err;
}

/* ---- how the disk stands ---- */

static const char *report_state(struct moat_disk *disk)
{
	if (test_bit(MOAT_DISK_DEAD, &disk->flags))
		return MOAT_FRONT_FAILED;
	if (disk->link != MOAT_LINK_UP || test_bit(MOAT_DISK_BROKEN, &disk->flags))
		return MOAT_FRONT_WAITING;
	if (moat_plan_phase(&disk->plan) != MOAT_REPLAY_LIVE)
		return MOAT_FRONT_REPLAYING;
	if (disk->drained)
		return MOAT_FRONT_HELD;
	return MOAT_FRONT_UP;
}

static struct moat_trouble report_trouble(struct moat_disk *disk)
{
	static const struct {
		enum moat_disk_flag flag;
		struct moat_trouble trouble;
	} known[] = {
		{ MOAT_DISK_REFUSED,
		  { MOAT_TROUBLE_REFUSED, "not the disk that was here" } },
		{ MOAT_DISK_SHORT,
		  { MOAT_TROUBLE_SHORTAGE, "not enough memory or grants, to be tried again" } },
		{ MOAT_DISK_STALLED,
		  { MOAT_TROUBLE_STALL, "no answer within the limit" } },
	};
	unsigned int i;

	if (test_bit(MOAT_DISK_BROKEN, &disk->flags))
		return disk->trouble;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (test_bit(known[i].flag, &disk->flags))
			return known[i].trouble;
	return (struct moat_trouble) { NULL, NULL };
}

/* ---- telling ---- */

/* What is to be told, and of which connection it is true. */
struct news {
	struct xenbus_device *xdev;
	char *peer;
	bool connected;
	u32 directory;
	bool able;
	const char *state;
	struct moat_trouble trouble;
	bool tell_state;
	bool tell_trouble;
};

/* Is there anything that xenstore does not know? */
static bool news_differ(const struct moat_told *told, const char *state,
			const char *trouble)
{
	return !told->able || told->state != state || told->trouble != trouble;
}

/* Return: whether there is something to tell, or a negative errno. */
static int news_gather(struct moat_disk *disk, struct news *news)
{
	const struct moat_told *told = &disk->told;

	lockdep_assert_held(&disk->lock);
	memset(news, 0, sizeof(*news));
	if (disk->parted)
		return 0;
	news->state = report_state(disk);
	news->trouble = report_trouble(disk);
	if (!news_differ(told, news->state, news->trouble.word))
		return 0;
	if (disk->peer) {
		news->peer = kstrdup(disk->peer, GFP_NOIO);
		if (!news->peer)
			return -ENOMEM;
	}
	news->xdev = disk->xdev;
	news->connected = disk->link == MOAT_LINK_UP;
	news->directory = told->directory;
	news->able = !told->able;
	/* The toolstack writes it, too, when it names another back end. */
	news->tell_state = !told->able || told->state != news->state;
	news->tell_trouble = !told->able || told->trouble != news->trouble.word;
	return 1;
}

static int news_put_trouble(struct xenbus_transaction t, const struct news *news)
{
	const char *node = news->xdev->nodename;
	char text[REPORT_MAX];
	int err;

	if (news->trouble.word) {
		snprintf(text, sizeof(text), "%s %s", news->trouble.word,
			 news->trouble.text);
		return xenbus_write(t, node, MOAT_KEY_TROUBLE, text);
	}
	err = xenbus_rm(t, node, MOAT_KEY_TROUBLE);
	return err == -ENOENT ? 0 : err;
}

/* Return: -ESTALE where the toolstack has put the state back, which wants the connection
 * made anew; or another negative errno.
 */
static int news_current(struct xenbus_transaction t, const char *node)
{
	int state, ret;

	ret = xenbus_scanf(t, node, "state", "%d", &state);
	if (ret < 0 && ret != -ERANGE)
		return ret;
	return ret == 1 && state == XenbusStateInitialising ? -ESTALE : 0;
}

static int news_put(struct xenbus_transaction t, void *data)
{
	const struct news *news = data;
	const char *node = news->xdev->nodename;
	int err;

	err = moat_report_stands(news->xdev, news->peer, t);
	if (!err && news->connected)
		err = news_current(t, node);
	if (!err && news->able)
		err = xenbus_write(t, node, MOAT_KEY_RECOVERY, "1");
	if (!err && news->tell_trouble)
		err = news_put_trouble(t, news);
	if (!err && news->tell_state)
		err = xenbus_write(t, node, MOAT_KEY_FRONT_STATE, news->state);
	return err;
}

static void report_told(struct moat_disk *disk, const struct news *news)
{
	struct moat_told *told = &disk->told;

	mutex_lock(&disk->lock);
	if (told->directory == news->directory) {
		told->able = true;
		told->state = news->state;
		told->trouble = news->trouble.word;
	}
	mutex_unlock(&disk->lock);
	/* For those who look where every driver says why it failed. */
	if (news->tell_trouble && news->trouble.word &&
	    test_bit(MOAT_DISK_BROKEN, &disk->flags))
		xenbus_dev_error(disk->xdev, -EPROTO, "back end %s", news->trouble.text);
}

static int report_tell(struct moat_disk *disk)
{
	struct news news;
	int ret;

	mutex_lock(&disk->lock);
	ret = news_gather(disk, &news);
	mutex_unlock(&disk->lock);
	if (ret <= 0)
		return ret;
	ret = moat_transact(news_put, &news);
	if (!ret)
		report_told(disk, &news);
	kfree(news.peer);
	return ret;
}

static void report_run(struct work_struct *work)
{
	struct moat_disk *disk = container_of(to_delayed_work(work), struct moat_disk,
					      told.work);
	struct moat_told *told = &disk->told;
	/* Who helps must hear of it, however short memory is. */
	unsigned int scope = memalloc_noreclaim_save();
	int err = report_tell(disk);

	/* A directory that is gone, or the next connection's by now, is not told. */
	if (err && err != -ENOENT && err != -ESTALE)
		queue_delayed_work(moat_front_conn_wq, &told->work,
				   min_t(unsigned long, REPORT_RETRY_MAX,
					 (unsigned long)REPORT_RETRY <<
						min(told->failures++, 10u)));
	else
		told->failures = 0;
	memalloc_noreclaim_restore(scope);
}

/**
 * moat_report_update() - have told what has changed
 * @disk: the disk
 *
 * Context: process; the disk's lock held.
 */
void moat_report_update(struct moat_disk *disk)
{
	struct moat_trouble trouble;

	lockdep_assert_held(&disk->lock);
	trouble = report_trouble(disk);
	if (!disk->parted && news_differ(&disk->told, report_state(disk), trouble.word))
		queue_delayed_work(moat_front_conn_wq, &disk->told.work, 0);
}

/**
 * moat_report_anew() - nothing is known of what stands in the directory
 * @disk: the disk
 *
 * Context: process; the disk's lock held.
 */
void moat_report_anew(struct moat_disk *disk)
{
	lockdep_assert_held(&disk->lock);
	disk->told.directory++;
	disk->told.able = false;
	disk->told.state = NULL;
	disk->told.trouble = NULL;
	moat_report_update(disk);
	moat_sysfs_tell_mode(disk->sysfs);
}

/**
 * moat_report_stop() - tell nothing any more
 * @disk: the disk, parted
 *
 * Context: process, may sleep; the disk's lock not held.
 */
void moat_report_stop(struct moat_disk *disk)
{
	might_sleep();
	cancel_delayed_work_sync(&disk->told.work);
}

/**
 * moat_report_init() - nothing told yet
 * @disk: the disk, new
 */
void moat_report_init(struct moat_disk *disk)
{
	INIT_DELAYED_WORK(&disk->told.work, report_run);
}
