// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk tells the control domain about itself: moat-state and
 * moat-trouble in its own directory of xenstore (include/moat/keys.h).
 *
 * Both follow from how the disk stands, so there is one function that works
 * them out and writes what has changed, in a transaction: a directory that the
 * toolstack has removed must not come back by it, and what is said must not be
 * taken for the next connection's if the toolstack has named another back end.
 */
#include "report.h"

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "kernel/common/transact.h"

#include "disk.h"
#include "retain.h"

/* Longest trouble that is told. */
#define REPORT_MAX 128

/**
 * moat_report_stands() - is the back end that we know still the one named?
 * @disk: the disk
 * @t: a transaction, which fails if that changes meanwhile
 *
 * Context: process, may sleep; the disk's lock held.
 * Return: 0; -ENOENT if our directory is gone; -ESTALE if another is named.
 */
int moat_report_stands(struct moat_disk *disk, struct xenbus_transaction t)
{
	struct xenbus_device *xdev = disk->xdev;
	char *path;
	int err = 0;

	if (xenbus_exists(t, xdev->nodename, "state") != 1)
		return -ENOENT;
	path = xenbus_read(t, xdev->nodename, "backend", NULL);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (disk->peer && strcmp(path, disk->peer))
		err = -ESTALE;
	kfree(path);
	return err;
}

/* A key, and what it is to hold: NULL removes it. */
struct report_key {
	struct moat_disk *disk;
	const char *name;
	const char *value;
};

static int report_put(struct xenbus_transaction t, void *data)
{
	const struct report_key *key = data;
	const char *node = key->disk->xdev->nodename;
	int err = moat_report_stands(key->disk, t);

	if (err)
		return err;
	return key->value ? xenbus_write(t, node, key->name, key->value) :
			    xenbus_rm(t, node, key->name);
}

/* A directory that is gone, or another's by now, is not told: no error. */
static void report_tell(struct moat_disk *disk, const char *name, const char *value)
{
	struct report_key key = { disk, name, value };

	moat_transact(report_put, &key);
}

static void report_trouble(struct moat_disk *disk, const struct moat_trouble *trouble)
{
	char text[REPORT_MAX];

	snprintf(text, sizeof(text), "%s %s", trouble->word, trouble->text);
	report_tell(disk, MOAT_KEY_TROUBLE, trouble->word ? text : NULL);
}

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

/**
 * moat_report_begin() - say that this front end can recover
 * @disk: the disk, new
 *
 * Context: process, may sleep.
 */
void moat_report_begin(struct moat_disk *disk)
{
	report_tell(disk, MOAT_KEY_TROUBLE, NULL);
	report_tell(disk, MOAT_KEY_RECOVERY, "1");
}

/**
 * moat_report_update() - tell what has changed
 * @disk: the disk
 *
 * Context: process, may sleep; the disk's lock held.
 */
void moat_report_update(struct moat_disk *disk)
{
	struct moat_trouble trouble = { NULL, NULL };
	const char *state = report_state(disk);

	if (test_bit(MOAT_DISK_BROKEN, &disk->flags))
		trouble = disk->trouble;
	else if (test_bit(MOAT_DISK_REFUSED, &disk->flags))
		trouble = (struct moat_trouble) { MOAT_TROUBLE_REFUSED,
						  "not the disk that was here" };
	else if (test_bit(MOAT_DISK_STALLED, &disk->flags))
		trouble = (struct moat_trouble) { MOAT_TROUBLE_STALL,
						  "no answer within the limit" };
	/* What ended the trouble is told before the better state. */
	if (trouble.word != disk->report.trouble) {
		report_trouble(disk, &trouble);
		disk->report.trouble = trouble.word;
	}
	/* The toolstack writes it, too, when it names another back end. */
	if (state != disk->report.state) {
		report_tell(disk, MOAT_KEY_FRONT_STATE, state);
		disk->report.state = state;
	}
}
