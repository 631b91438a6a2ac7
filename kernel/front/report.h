/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a disk tells the control domain about itself.
 */
#ifndef MOAT_FRONT_REPORT_H
#define MOAT_FRONT_REPORT_H

#include <linux/types.h>

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
 * struct moat_report - what stands in xenstore now
 * @state: MOAT_FRONT_*, or NULL for nothing yet
 * @trouble: MOAT_TROUBLE_*, or NULL
 */
struct moat_report {
	const char *state;
	const char *trouble;
};

void moat_report_begin(struct moat_disk *disk);
void moat_report_update(struct moat_disk *disk);

#endif
