/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which disk it is, and what it is called.
 */
#ifndef MOAT_FRONT_NAME_H
#define MOAT_FRONT_NAME_H

#include <linux/compiler.h>
#include <linux/types.h>

struct moat_disk;

int __must_check moat_name_read(struct moat_disk *disk);
bool __must_check moat_name_claim(struct moat_disk *disk);
void moat_name_release(struct moat_disk *disk);

#endif
