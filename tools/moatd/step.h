/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A step, what is remembered between steps, and the questions about a disk that who
 * decides and who acts must answer alike.
 */
#ifndef MOATD_STEP_H
#define MOATD_STEP_H

#include "view.h"

enum moat_act {
	MOAT_ACT_NONE,		/* nothing before "until", or the next change */
	MOAT_ACT_ADOPT,		/* note the active domain's id */
	MOAT_ACT_BEGIN,		/* note that the active domain is gone */
	MOAT_ACT_CONDEMN,	/* note that the active domain is to go */
	MOAT_ACT_DESTROY,	/* the domain of "role" */
	MOAT_ACT_KILL,		/* the job of "role", which is in the way */
	MOAT_ACT_ABANDON,	/* it, which cannot be killed */
	MOAT_ACT_CREATE,	/* the domain of "role" */
	MOAT_ACT_RECREATE,	/* the active domain under its domid, paused */
	MOAT_ACT_REPLACE,	/* it goes, and another is created like this, at once */
	MOAT_ACT_UNPAUSE,	/* which may run */
	MOAT_ACT_PROMOTE,	/* the standby takes the name */
	MOAT_ACT_FREE,		/* device "index": forget a holder that is gone */
	MOAT_ACT_ASSIGN,	/* device "index" is given to pciback */
	MOAT_ACT_ATTACH,	/* device "index" goes to the active domain */
	MOAT_ACT_REPOINT,	/* every disk that is due goes to the active domain */
	MOAT_ACT_RECONNECT,	/* disk "index" only: take its back end away */
	MOAT_ACT_SERVED,	/* note that every new disk has been connected */
	MOAT_ACT_DETACHED,	/* note whether disk "index" is to be detached */
	MOAT_ACT_STALE,		/* note whose front ends have found the keys of earlier ones */
	MOAT_ACT_OFFERED,	/* note what the back end of disk "index" offers */
	MOAT_ACT_LEAVE,		/* note that disk "index" cannot be helped */
	MOAT_ACT_HOLD,		/* ask every disk to hold */
	MOAT_ACT_RELEASE,	/* take that back */
	MOAT_ACT_ABORT,		/* an upgrade: forget the wish, take hold back */
	MOAT_ACT_FORGIVE,	/* a restart is wished: forget the crashes */
	MOAT_ACT_GIVE_UP,
	MOAT_ACT_PHASE,		/* note that phase "index" has ended */
	MOAT_ACT_REPORT,	/* the recovery is over; "index" disks are left */
};

struct moat_action {
	enum moat_act act;
	enum moat_role role;
	enum moat_why why;	/* of CONDEMN and BEGIN; of DESTROY, if it died */
	msec detect;		/* of CONDEMN: since the last sign of life */
	size_t index;
	bool no_crash;		/* of CONDEMN: whoever complains, if anybody, answers for it */
	bool quiet;		/* of RECONNECT: it has been told */
	msec until;		/* of NONE: look again then; 0: not by itself */
	const char *text;	/* why, for people; static */
	/* of NONE: what would be done if no person had it in hand, for that text */
	enum moat_act withheld;
};

/* For how long something has not happened. */
struct moat_since {
	msec at;		/* less the time in which the domain could do nothing */
	msec real;
	msec busy;		/* meanwhile one of its vCPUs has run for so long */
};

/* What is remembered of a domain between looks. */
struct moat_clock {
	unsigned int domid;
	uint64_t heartbeat;
	bool was_ready;
	struct moat_since beat;		/* the heartbeat changed */
	struct moat_since answer;	/* and all pollers had answered */
	struct moat_since step;		/* the domain appeared, could start, came to life */
	msec ran_at;			/* it was not suspended */
	msec counted_at;		/* Xen's account, which was then: */
	uint64_t ran[MOAT_VCPUS_MAX];
	size_t vcpus;
};

/* The memory of a slot; all zero at first. */
struct moat_slot {
	struct moat_clock clock[MOAT_ROLES];
	msec fine_at;		/* something worked, or was not to be had */
	msec moved_at;		/* a recovery made a step */
	unsigned int old;	/* of the recovery that moved_at belongs to */
	size_t phases;
	size_t turn;		/* of the PCI device to be seen to first */
	enum moat_job failed[MOAT_ROLES];	/* the last job did */
	unsigned int failures[MOAT_ROLES];	/* of that kind, in a row */
	msec not_before[MOAT_ROLES];		/* for that kind */
};

/* Does a front end say that the back end, domain @domid, is broken? */
bool moat_disk_complains(const struct moat_view_disk *disk, unsigned int domid);

/* Can a domain be created with that device? */
bool moat_device_is_free(const struct moat_view_pci *pci);

/* Is it connected to the active domain @domid, which is not noted yet? */
bool moat_disk_is_new(const struct moat_view_disk *disk, unsigned int domid);

/* What becomes of a disk when its storage domain is replaced. */
enum moat_cover {
	MOAT_COVER_FOLLOWS,	/* its front end goes where it is sent */
	MOAT_COVER_TAKEOVER,	/* served again by a domain of the same domid */
	MOAT_COVER_LEFT,	/* it has been given up already */
	MOAT_COVER_OFF,		/* nobody wants a takeover */
	MOAT_COVER_UNNOTED,	/* its back end keeps nothing for a successor */
	MOAT_COVER_UNSAFE,	/* writes would be, that were acknowledged */
};

enum moat_cover moat_disk_cover(const struct moat_view_disk *disk,
				const struct moat_limits *limits);

/* Why a disk is lost, for people; NULL of one that is not. */
const char *moat_cover_text(enum moat_cover cover);

/* Is it served again, whichever way? */
bool moat_disk_is_covered(const struct moat_view_disk *disk,
			  const struct moat_limits *limits);

/* Is the active domain replaced under its own domid, for the sake of some disk? */
bool moat_takes_over(const struct moat_view *view, const struct moat_limits *limits);

/* Is a disk to be moved to the active domain now, or to be given to it again? */
bool moat_disk_is_due(const struct moat_view *view, const struct moat_limits *limits,
		      const struct moat_view_disk *disk, msec now);

/**
 * moat_disk_moved() - tell the memory how moving a disk ended
 * @kept: its memory
 * @ok: whether it was moved; if not, the next try waits, ever longer
 * @now: the time
 *
 * Return: whether it is to be told that the disk stays where it is: once a streak.
 */
bool moat_disk_moved(struct moat_disk_memory *kept, bool ok, msec now);

/* How many crashes lie within the window. */
size_t moat_decide_crashes(const struct moat_view *view,
			   const struct moat_limits *limits, msec now);

#endif
