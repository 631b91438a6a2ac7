// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk tells the control domain about itself: moat-state and
 * moat-trouble in its own directory of xenstore (include/moat/keys.h).
 *
 * Both follow from how the disk stands, so there is one function that works
 * them out and writes what has changed. A directory that the toolstack has
 * removed must not come back by that, hence the transactions.
 */
#include "report.h"

#include <xen/xenbus.h>

#include <moat/keys.h>

#include "disk.h"
#include "retain.h"

/* Write a key, or with a NULL value remove it, if our directory still exists. */
static int report_put(struct moat_disk *disk, const char *key, const char *format,
		      const char *word, const char *text)
{
	const char *node = disk->xdev->nodename;
	struct xenbus_transaction t;
	int err;

	do {
		err = xenbus_transaction_start(&t);
		if (err)
			return err;
		if (xenbus_exists(t, node, "state") != 1)
			err = -ENOENT;
		else if (word)
			err = xenbus_printf(t, node, key, format, word, text);
		else
			err = xenbus_rm(t, node, key);
		if (err) {
			xenbus_transaction_end(t, 1);
			return err;
		}
		err = xenbus_transaction_end(t, 0);
	} while (err == -EAGAIN);
	return err;
}

static const char *report_state(struct moat_disk *disk)
{
	if (test_bit(MOAT_DISK_DEAD, &disk->flags))
		return MOAT_FRONT_FAILED;
	if (disk->link != MOAT_LINK_UP || test_bit(MOAT_DISK_BROKEN, &disk->flags))
		return MOAT_FRONT_WAITING;
	if (moat_retained_phase(disk) != MOAT_REPLAY_LIVE)
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
	report_put(disk, MOAT_KEY_TROUBLE, NULL, NULL, NULL);
	report_put(disk, MOAT_KEY_RECOVERY, "%s%s", "1", "");
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
		report_put(disk, MOAT_KEY_TROUBLE, "%s %s", trouble.word, trouble.text);
		disk->report.trouble = trouble.word;
	}
	if (state != disk->report.state) {
		report_put(disk, MOAT_KEY_FRONT_STATE, "%s%s", state, "");
		disk->report.state = state;
	}
}
