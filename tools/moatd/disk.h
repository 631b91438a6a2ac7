/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The xenstore side of a disk: moving it from one storage domain to another, and giving
 * it to the next one of the same domid.
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

/**
 * moat_disk_renew() - make a back end anew in the domain that has its domid now
 * @disk: as it was seen, its front end connected or not; if it has moved since, nothing
 *	  is done
 *
 * One transaction: the back end's directory, from what libxl has kept, with what was
 * offered to the front end; the front end's directory, readable to the domid again, for
 * xenstored forgets what a dead domain was granted. The front end's own keys stay.
 *
 * Return: 0, or -errno.
 */
int moat_disk_renew(struct moat_xs *xs, const struct moat_view_disk *disk);

/**
 * moat_disk_note_offer() - keep what a back end offers where it outlives its domain
 * @disk: told what is noted now
 *
 * Return: 0, or -errno.
 */
int moat_disk_note_offer(struct moat_xs *xs, struct moat_view_disk *disk);

/**
 * moat_disk_note_stale() - note that a front end's keys of Moat's are not its own
 * @disk: with the connection they are of; told that it is noted
 *
 * Return: 0, or -errno.
 */
int moat_disk_note_stale(struct moat_xs *xs, struct moat_view_disk *disk);

/* Take a disk's back end away, and forget the complaint. Return: as above. */
int moat_disk_tear(struct moat_xs *xs, const struct moat_view_disk *disk);

/* Ask a front end to hold its requests, or not to any more. */
int moat_disk_hold(struct moat_xs *xs, const struct moat_view_disk *disk,
		   bool hold);

#endif
