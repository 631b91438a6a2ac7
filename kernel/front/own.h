/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of the driver's own.
 */
#ifndef MOAT_FRONT_OWN_H
#define MOAT_FRONT_OWN_H

#include <linux/compiler.h>

struct moat_disk;
struct moat_io;
struct moat_replay_item;

/* What trying to issue found. */
enum moat_own_result {
	MOAT_OWN_DONE,	/* all of it is under way */
	MOAT_OWN_WAIT,	/* some of it has to wait for answers, which wake the disk */
	MOAT_OWN_RETRY,	/* something is short that nobody tells of: try again soon */
};

int __must_check moat_own_create(struct moat_disk *disk);
void moat_own_destroy(struct moat_disk *disk);
enum moat_own_result __must_check moat_own_flush(struct moat_disk *disk);
enum moat_own_result __must_check moat_own_replay(struct moat_disk *disk,
						  struct moat_replay_item *item);
void moat_own_lost(struct moat_io *io);

#endif
