/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Front ends whose back end dies under them: what they rely on, and whether that is kept.
 */
#ifndef MOAT_BACK_TAKEOVER_H
#define MOAT_BACK_TAKEOVER_H

#include <linux/types.h>

struct moat_disk;
struct moat_front;
struct moat_owed;
struct xenbus_device;

bool moat_takeover_due(struct xenbus_device *dev);
int moat_takeover_judge(struct xenbus_device *dev, const struct moat_disk *disk,
			struct moat_front *front, struct moat_owed *owed, const char **misfit);
int moat_takeover_tell(struct xenbus_device *dev, const struct moat_owed *owed, bool safe);
int moat_takeover_tell_misfit(struct xenbus_device *dev, const char *text);

#endif
