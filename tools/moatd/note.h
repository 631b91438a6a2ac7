/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moatd writes down for itself below /moat/storage/NAME, so that whoever
 * starts after it knows as much:
 *
 *   domid          the active domain
 *   past           active domains before it that a disk may still name
 *   condemned      "DOMID WHY"
 *   recovery       "WHY OLD BEGUN DETECT PHASE... PROBES": one under way
 *   crashes        their times
 *   complaints/VM  times of verdicts that rest on the word of a VM, by its uuid
 *   gave-up        1
 *   maintenance    1: a person has it in hand
 *   wish           "restart TIME" or "upgrade TIME"
 *   made-0, made-1 uuids of the domains that we made, by role
 *   adopted        the uuid of one that a person said is ours
 *   foreign-0, -1  domains that have a name of ours and were told not to be
 *   standby-made   when the standby was created
 *   standby-ready  the standby that was told to be
 *   standby-deaths "COUNT TIME DOMID": in a row, and the last
 *   held           when the disks were asked to hold
 *   job-0, job-1   "JOB PID STARTED": processes, see job.h
 *
 * All times are milliseconds since the machine started; xenstore does not live
 * longer than that.
 */
#ifndef MOATD_NOTE_H
#define MOATD_NOTE_H

#include "unit.h"

/* Each returns 0, or -errno, and takes part in an open transaction. */
int moat_note(struct moat_unit *unit, const char *value, const char *key);
int moat_note_number(struct moat_unit *unit, uint64_t value, const char *key);
int moat_note_remove(struct moat_unit *unit, const char *key);

/* Another domain is the active one now. */
int moat_note_active(struct moat_unit *unit, unsigned int domid);

/* The active domain is condemned, or gone; a transaction of its own. */
int moat_note_verdict(struct moat_unit *unit, const struct moat_action *action,
		      unsigned int domid);

/* A phase has ended; the view is told, too. */
int moat_note_phase(struct moat_unit *unit, size_t phase);

/* The recovery is over; a transaction of its own. */
int moat_note_recovered(struct moat_unit *unit);

/**
 * moat_note_standby_death() - a standby is to go because something is wrong with it
 * @unit: whose
 * @domid: the standby, which counts once
 * @deaths: set to the number of those that went so in a row, now
 *
 * Return: 0, or -errno.
 */
int moat_note_standby_death(struct moat_unit *unit, unsigned int domid,
			    unsigned int *deaths);

#endif
