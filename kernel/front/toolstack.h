/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the toolstack writes into a disk's directory while it lives.
 */
#ifndef MOAT_FRONT_TOOLSTACK_H
#define MOAT_FRONT_TOOLSTACK_H

#include <linux/compiler.h>

struct moat_disk;

int __must_check moat_toolstack_watch(struct moat_disk *disk);
void moat_toolstack_unwatch(struct moat_disk *disk);

#endif
