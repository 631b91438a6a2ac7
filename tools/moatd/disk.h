/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The xenstore side of a disk: moving it from one storage domain to another.
 */
#ifndef MOATD_DISK_H
#define MOATD_DISK_H

#include "unit.h"

/**
 * moat_disk_repoint() - connect a disk to a storage domain
 * @disk: as it was seen; if it has changed since, nothing is done
 * @domid: the storage domain
 *
 * One transaction: the new back end's directory, from what libxl has kept; the
 * front end's directory, readable by the new back end; libxl's own note.
 *
 * Return: 0, or -errno.
 */
int moat_disk_repoint(struct moat_xs *xs, const struct moat_view_disk *disk,
		      unsigned int domid);

/* Take a disk's back end away, and forget the complaint. Return: as above. */
int moat_disk_tear(struct moat_xs *xs, const struct moat_view_disk *disk);

/* Ask a front end to hold its requests, or not to any more. */
int moat_disk_hold(struct moat_xs *xs, const struct moat_view_disk *disk,
		   bool hold);

#endif
