/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The back end that a disk is with.
 */
#ifndef MOAT_FRONT_PEER_H
#define MOAT_FRONT_PEER_H

#include <linux/compiler.h>

struct moat_disk;

void moat_peer_forget(struct moat_disk *disk);
void moat_peer_drop(struct moat_disk *disk);
int __must_check moat_peer_follow(struct moat_disk *disk);

#endif
