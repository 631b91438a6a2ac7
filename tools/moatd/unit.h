/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A storage domain with all that moatd knows of it, and the daemon around all
 * of them.
 */
#ifndef MOATD_UNIT_H
#define MOATD_UNIT_H

#include "../lib/loop.h"
#include "clock.h"
#include "config.h"
#include "decide.h"
#include "events.h"
#include "hyper.h"
#include "job.h"
#include "scan.h"
#include "view.h"
#include "xs.h"

#define MOAT_ROOT "/moat/storage"

struct moat_unit {
	const struct moat_storage *storage;
	struct moat_daemon *daemon;
	struct moat_view view;
	size_t room;		/* for view.disks */
	struct moat_view_disk *old;	/* those of the look before */
	size_t olds, old_room;
	struct moat_slot slot;
	struct moat_process process[MOAT_ROLES];
	char *record[MOAT_ROLES];	/* where the processes are written down */
	unsigned int doomed[MOAT_ROLES];	/* which is being destroyed */
	unsigned int dead_standby;	/* the last one that was counted */
	unsigned int told_holder[MOAT_PCI_MAX];	/* said to have a device */
	unsigned int past[64];	/* active domains that disks may still name */
	size_t pasts;
	struct moat_action last;	/* what was decided last */
	unsigned int recoveries;	/* since moatd started */
	unsigned int told_standby;	/* the last one said to be ready */
	unsigned int told_foreign[MOAT_ROLES];	/* said not to be ours */
	msec lost;		/* not yet taken off its clocks */
	msec looked;		/* when its view was last read; 0: is of no use */
	msec rest;		/* look no sooner than then, if it is not urgent */
	msec second;		/* in which so many looks there were */
	unsigned int looks;
	unsigned int slow;	/* looks in a row that took very long */
	bool waited_for;	/* a recovery was under way */
	bool dirty;		/* something has changed: decide anew */
	bool urgent;		/* at once, for no guest can bring it about at will */
	bool beat[MOAT_ROLES];	/* a heartbeat has */
};

struct moat_daemon {
	struct moat_config config;
	struct moat_loop loop;
	struct moat_xs xs;
	struct moat_scan scan;
	struct moat_hyper *hyper;
	struct moat_events *events;
	struct moat_unit *units;
	msec began;		/* when it could first look at anything */
	bool told_ready;	/* to systemd: once */
};

#endif
