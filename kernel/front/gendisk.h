/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk as the block layer sees it.
 */
#ifndef MOAT_FRONT_GENDISK_H
#define MOAT_FRONT_GENDISK_H

#include <linux/compiler.h>
#include <linux/types.h>

struct moat_disk;
struct moat_traits;

int __must_check moat_gendisk_create(struct moat_disk *disk, const struct moat_traits *t);
void moat_gendisk_destroy(struct moat_disk *disk);
const char *moat_gendisk_mismatch(const struct moat_disk *disk, const struct moat_traits *t,
				  const char *identity);
void moat_gendisk_adopt(struct moat_disk *disk, const struct moat_traits *t,
			const char *identity);
bool moat_gendisk_limit(struct moat_disk *disk);
int __must_check moat_gendisk_add(struct moat_disk *disk);
bool __must_check moat_gendisk_try_gone(struct moat_disk *disk);
void moat_gendisk_resize(struct moat_disk *disk, u64 capacity);
void moat_gendisk_mark_dead(struct moat_disk *disk);

#endif
