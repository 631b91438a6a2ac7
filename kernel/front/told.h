/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the control domain has been told of a disk.
 */
#ifndef MOAT_FRONT_TOLD_H
#define MOAT_FRONT_TOLD_H

#include <linux/types.h>
#include <linux/workqueue.h>

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
 * struct moat_told - what xenstore has been told
 * @work: tells it what it does not know yet
 * @directory: counts the times that nothing was known of what stands there
 * @able: that this front end can recover
 * @state: MOAT_FRONT_*, or NULL for nothing
 * @trouble: MOAT_TROUBLE_*, or NULL
 * @failures: attempts in a row that failed; the work's own
 *
 * All but @failures is guarded by the disk's lock.
 */
struct moat_told {
	struct delayed_work work;
	u32 directory;
	bool able;
	const char *state;
	const char *trouble;
	unsigned int failures;
};

#endif
