/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk's coming and going, as its users see it.
 */
#ifndef MOAT_FRONT_LIFE_H
#define MOAT_FRONT_LIFE_H

struct moat_disk;
struct xenbus_device;

struct moat_disk *moat_life_begin(struct xenbus_device *xdev);
void moat_life_end(struct moat_disk *disk);

#endif
