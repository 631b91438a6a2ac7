/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a disk tells the control domain about itself.
 */
#ifndef MOAT_FRONT_REPORT_H
#define MOAT_FRONT_REPORT_H

#include <linux/workqueue.h>
#include <xen/xenbus.h>

struct moat_disk;

/**
 * struct moat_trouble - why a disk wants another back end
 * @word: MOAT_TROUBLE_*, or NULL while all is well
 * @text: more about it, for people
 */
struct moat_trouble {
	const char *word;
	const char *text;
};

/**
 * struct moat_report - what xenstore has been told
 * @work: tells it what it does not know yet
 * @directory: counts the times that nothing was known of what stands there
 * @able: that this front end can recover
 * @state: MOAT_FRONT_*, or NULL for nothing
 * @trouble: MOAT_TROUBLE_*, or NULL
 * @failures: attempts in a row that failed; the work's own
 *
 * All but @failures is guarded by the disk's lock.
 */
struct moat_report {
	struct delayed_work work;
	u32 directory;
	bool able;
	const char *state;
	const char *trouble;
	unsigned int failures;
};

int __must_check moat_report_stands(struct xenbus_device *xdev, const char *peer,
				    struct xenbus_transaction t);
void moat_report_init(struct moat_disk *disk);
void moat_report_stop(struct moat_disk *disk);
void moat_report_anew(struct moat_disk *disk);
void moat_report_update(struct moat_disk *disk);

#endif
