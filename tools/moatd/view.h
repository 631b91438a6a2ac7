/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of one storage domain at one moment: read from Xen, xenstore
 * and the processes that moatd has started, by observe.c; judged by decide.c.
 * Times are milliseconds of the clock that runs since the machine started.
 */
#ifndef MOATD_VIEW_H
#define MOATD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu.h"

#define MOAT_PCI_MAX 16
#define MOAT_CRASHES_MAX 32
#define MOAT_VM_MAX 48

/* for so long a verdict counts against the VM whose complaint it rests on */
#define MOAT_COMPLAINT_WINDOW_MS 3600000

/* milliseconds since the machine started, or of a span; 0: never */
typedef uint64_t msec;

/* Why a storage domain is replaced. */
enum moat_why {
	MOAT_WHY_NONE,
	MOAT_WHY_CRASH,
	MOAT_WHY_GONE,
	MOAT_WHY_BOOT,
	MOAT_WHY_PROBE,
	MOAT_WHY_HEARTBEAT,
	MOAT_WHY_POLLER,
	MOAT_WHY_DEVICE,
	MOAT_WHY_PROTOCOL,
	MOAT_WHY_RESTART,
	MOAT_WHY_UPGRADE,
	MOAT_WHYS
};

enum moat_wish { MOAT_WISH_NONE, MOAT_WISH_RESTART, MOAT_WISH_UPGRADE };

/* What a process of ours is doing. */
enum moat_job {
	MOAT_JOB_NONE,
	MOAT_JOB_CREATE,
	MOAT_JOB_DESTROY,
	MOAT_JOB_ATTACH,
	MOAT_JOB_ASSIGN,
	MOAT_JOB_REPLACE,	/* destroy, and create under the same domid */
	MOAT_JOBS
};

static inline bool moat_job_creates(enum moat_job job)
{
	return job == MOAT_JOB_CREATE || job == MOAT_JOB_REPLACE;
}

/* The two domains of a slot, each with at most one job at a time. */
enum moat_role { MOAT_ACTIVE, MOAT_STANDBY, MOAT_ROLES };

/* moat-state and moat-trouble of a front end */
enum moat_front {
	MOAT_FRONT_IS_UNKNOWN,
	MOAT_FRONT_IS_WAITING,
	MOAT_FRONT_IS_REPLAYING,
	MOAT_FRONT_IS_UP,
	MOAT_FRONT_IS_HELD,
	MOAT_FRONT_IS_FAILED,
};

enum moat_trouble {
	MOAT_TROUBLE_IS_NONE,
	MOAT_TROUBLE_IS_PROTOCOL,
	MOAT_TROUBLE_IS_STALL,
	MOAT_TROUBLE_IS_DEVICE,
	MOAT_TROUBLE_IS_REFUSED,
	MOAT_TROUBLE_IS_SHORTAGE,	/* which passes: nobody's fault */
};

/* Borders of a recovery's phases, in their order. */
enum moat_phase {
	MOAT_PHASE_DESTROY,	/* the old domain is destroyed */
	MOAT_PHASE_PCI,		/* the devices are with the new one */
	MOAT_PHASE_PROBE,	/* every disk's hotplug-status is connected */
	MOAT_PHASE_RECONNECT,	/* both halves are in state 4 */
	MOAT_PHASE_REPLAY,	/* every moat-state is up */
	MOAT_PHASES
};

struct moat_limits {
	msec heartbeat;		/* a heartbeat may stand still */
	msec hang;		/* a poller may not answer; a hold may take */
	msec busy;		/* a vCPU may run, and no life be seen */
	msec device;		/* a device may not answer */
	msec boot;		/* a domain may take to be ready */
	msec probe;		/* disks may take to be connected, then up */
	msec save;		/* a domain may be suspended */
	msec crash_window;
	unsigned int crash_loop;	/* crashes within the window: give up */
	bool standby;
	bool takeover;		/* under the same domid, for who cannot follow */
};

extern const struct moat_limits moat_limits_default;

struct moat_view_domain {
	unsigned int domid;	/* 0: there is none */
	bool ended;		/* shut down by itself, or crashed */
	bool crashed;
	bool suspended;		/* says that it is being saved */
	bool ready;
	bool condemned;
	bool anew;		/* has the recorded domid, and is not noted yet */
	bool placeholder;	/* created, and not yet let run */
	uint64_t heartbeat;
	msec poller, device;	/* ages: data/moat/health */
	bool paused;
	struct moat_vcpu vcpu[MOAT_VCPUS_MAX];
	size_t vcpus;		/* 0: nothing is known of them */
	msec counted_at;	/* when Xen was asked for them */
};

struct moat_view_pci {
	unsigned int domid;	/* who has it; 0: nobody */
	bool stale;		/* who has it does not exist any more */
	bool busy;		/* on its way back from a domain */
	bool assignable;	/* with pciback */
	bool absent;		/* not in this machine */
	bool foreign;		/* with a domain that is none of ours */
};

/*
 * What is remembered of a disk between looks, all zero at first: whoever looks
 * carries it over for as long as the disk is there, decide.c writes it. Losing it
 * makes moatd ask again, no more.
 */
struct moat_disk_memory {
	unsigned int failures;	/* moves that failed, in a row */
	msec not_before;	/* it is not moved before */
	unsigned int reconnects;	/* since it last was content for long */
	msec reconnected;	/* the last time */
	msec stalled;		/* since when, and the back end denies it; or 0 */
	bool accuses;		/* for so long, again, that it is a complaint */
	unsigned int anew_in;	/* the domain in which it alone was connected anew */
	unsigned int losses;	/* verdicts because its device had gone */
	msec lost;		/* the last of them */
};

struct moat_view_disk {
	unsigned int app;	/* the application domain */
	unsigned int device;	/* virtual device number */
	unsigned int backend;	/* the domain that serves it */
	bool orphan;		/* which does not exist any more, whoever has its domid */
	bool torn;		/* its back-end directory is not there */
	bool able;		/* the front end follows its backend key */
	uint64_t connection;	/* that its keys of Moat's are of; 0: it names none */
	bool stale;		/* of one it is noted that they were an earlier front end's */
	bool stale_due;		/* so they are of this one, which is not noted */
	bool fresh;		/* no front end has come yet: it is anybody's */
	bool awake;		/* the application domain runs */
	bool closing;		/* being detached, or closed for good */
	bool offline;		/* libxl was asked to detach it */
	bool detached;		/* which we have noted: its back end may go */
	bool served;		/* it has been connected before */
	bool left;		/* a stock front end, given up and said so */
	bool noted;		/* what its back end offered, for a successor */
	bool safe;		/* what was acknowledged outlives the domain, as noted */
	bool note_due;		/* what its back end offers is not what is noted */
	bool misfit;		/* its back end does not take the rings over */
	bool hold;
	bool connected;		/* hotplug-status */
	bool failed;		/* hotplug-status is error */
	int front_state, back_state;
	enum moat_front front;
	enum moat_trouble trouble;
	bool deviceless;	/* the back end itself says so */
	/* of a disk in trouble: whose it is, also after a reboot or a migration */
	char vm[MOAT_VM_MAX];
	unsigned int complaints;	/* verdicts that this VM caused lately */
	struct moat_disk_memory kept;
};

/* A recovery under way, as it stands in xenstore. */
struct moat_view_recovery {
	bool on;
	enum moat_why why;
	unsigned int old;
	msec begun;
	msec detect;		/* how long the verdict took, a span */
	unsigned int probes;	/* domains whose devices did not appear */
	msec phase[MOAT_PHASES];
};

struct moat_view {
	struct moat_view_domain domain[MOAT_ROLES];
	enum moat_job job[MOAT_ROLES];
	msec killed[MOAT_ROLES];	/* when that job was; 0: it was not */
	unsigned int recorded;	/* the last active domain we know of */
	bool stranger;		/* and who has its domid now is none of ours */
	unsigned int foreign[MOAT_ROLES];	/* has the name, and is not ours */
	struct moat_view_pci pci[MOAT_PCI_MAX];
	size_t pcis;
	struct moat_view_disk *disks;
	size_t count;
	struct moat_view_recovery recovery;
	msec crashes[MOAT_CRASHES_MAX];	/* oldest first */
	size_t crash_count;
	bool gave_up;
	bool maintenance;	/* a person has it in hand: nothing is done */
	enum moat_wish wish;
	msec wish_at;
	msec standby_made;	/* when the standby was created */
	unsigned int standby_deaths;	/* of standbys in a row */
	msec standby_died;	/* the last of them */
	msec held;		/* when the disks were asked to hold */
	msec lost;		/* moatd itself did not run for so long */
};

#endif
