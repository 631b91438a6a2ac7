/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small world for moatd's decision: Xen's domains, pciback, disks whose front
 * ends follow moatd, and the notes that moatd keeps in xenstore. What must never
 * be fails the test at once.
 */
#ifndef MOAT_TEST_WORLD_H
#define MOAT_TEST_WORLD_H

#include "test.h"

#include "tools/moatd/decide.h"

#define STEP_MS 20
#define DOMAINS 64
#define DISKS 3
#define BOOT_MS 3000
#define JOB_MS 400
#define PROBE_MS 2000
#define TELL_MS 5000
#define APP 2

struct domain {
	bool alive, crashed, hung, paused, deaf;
	bool placeholder;
	unsigned int serial;	/* tells it from another of the same id */
	int name;		/* 0 none, 1 the slot's, 2 the standby's */
	msec born;
	uint64_t beats;
	msec poller, device;
};

struct disk {
	unsigned int backend;
	msec pointed_at;
	bool hold, stock, torn, stubborn, away;
	bool noted;		/* of a stock one: a successor may take it over */
	unsigned int granted;	/* serial of the domain that its nodes are given to */
	enum moat_trouble trouble;
	bool served, left;
	struct moat_disk_memory kept;
	unsigned int complaints;	/* none of them ages */
};

struct job {
	enum moat_job job;
	msec end;
	unsigned int domid;
	enum moat_role role;
	bool halfway;		/* of a replacement: the old domain is gone */
};

struct world {
	msec now;
	struct domain dom[DOMAINS];
	unsigned int next_domid;
	unsigned int pci_holder;
	msec pci_free_at, pci_given_at;
	struct disk disk[DISKS];
	struct job job[MOAT_ROLES];
	bool bad_standby, bad_probe, bad_create;
	bool tells;		/* that a device is missing, as soon as it may know */
	bool thief;		/* takes a domid as soon as it is free */
	unsigned int serials;
	/* notes */
	unsigned int recorded, condemned;
	unsigned int recorded_serial, condemned_serial;
	struct moat_view_recovery recovery;
	msec crashes[MOAT_CRASHES_MAX];
	size_t crash_count;
	bool gave_up;
	enum moat_wish wish;
	msec wish_at, standby_made, held;
	unsigned int standby_deaths;
	msec standby_died;
	/* what came to pass */
	unsigned int destroyed, reports, repoints, created, aborted, gave_ups;
	unsigned int reconnects, refusals, recreated;
	size_t left;
};

extern struct moat_limits limits;

unsigned int find_name(const struct world *w, int name);
bool runs(const struct domain *d);
bool is_ready(const struct world *w, unsigned int id);
bool is_served(const struct world *w, const struct disk *d);

void view_world(const struct world *w, struct moat_view *v);

/* A job's time has come. */
void end_job(struct world *w, struct moat_slot *slot, enum moat_role role);

/* Do a step, or only what of it may have been done when moatd was killed. */
void apply(struct world *w, const struct moat_view *v,
	   const struct moat_action *a, bool half);

#endif
