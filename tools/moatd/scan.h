/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All domains of the host and all their disks, for all storage domains at once:
 * what was read of a disk is kept until a watch says that it has changed, and for half
 * a minute or so.
 */
#ifndef MOATD_SCAN_H
#define MOATD_SCAN_H

#include "hyper.h"
#include "view.h"
#include "xs.h"

/* Beside what libxl knows of a disk: a connection whose keys an earlier front end has left. */
#define MOAT_KEPT_STALE "moat-stale"

enum moat_scan_age {
	MOAT_SCAN_KNOWN,
	MOAT_SCAN_OLD,		/* a watch has fired: soon */
	MOAT_SCAN_WRONG,	/* we have changed it ourselves: at once */
};

struct moat_scan_disk {
	struct moat_view_disk view;	/* but for what only a unit knows */
	bool is_disk;			/* or a node that looks like one */
	enum moat_scan_age age;
	msec read_at;
};

struct moat_scan_domain {
	struct moat_hyper_domain xen;
	char *name;			/* NULL: it has none, or it is to be read */
	bool named;			/* it has been read */
	enum moat_scan_age age;		/* of which disks there are */
	msec read_at;
	struct moat_scan_disk *disks;
	size_t count;
};

struct moat_scan {
	struct moat_scan_domain *domains;	/* by id */
	size_t count;
	msec again;		/* something is old and waits until then; or 0 */
	unsigned int aged;	/* read in this go because it had not been for long */
};

/**
 * moat_scan_update() - see what has become of the host
 * @scan: all zero at first; end it with moat_scan_deinit()
 * @now: the time
 *
 * Return: 0, or -errno; then what is known is of no use.
 */
int moat_scan_update(struct moat_scan *scan, struct moat_xs *xs,
		     struct moat_hyper *hyper, msec now);
void moat_scan_deinit(struct moat_scan *scan);

/* Return: the domain, or NULL if there is none of that id, or 0. */
struct moat_scan_domain *moat_scan_find(const struct moat_scan *scan,
					unsigned int domid);

/* Return: what is known of a disk, or NULL. */
struct moat_view_disk *moat_scan_disk(const struct moat_scan *scan,
				      unsigned int app, unsigned int device);

/* A watch on @path has fired. */
void moat_scan_heard(struct moat_scan *scan, const char *path);

/* We have given a domain another name. */
void moat_scan_spoil_name(struct moat_scan *scan, unsigned int domid);

/* We have written in a disk of domain @app's. */
void moat_scan_spoil_disk(struct moat_scan *scan, unsigned int app, unsigned int device);

/* All that a domain serves is not what it was: its directory has gone. */
void moat_scan_spoil_served(struct moat_scan *scan, unsigned int domid,
			    enum moat_scan_age age);

/**
 * moat_scan_hurry() - wait with nothing that a watch has made old
 * @scan: the scan; its next moat_scan_update() reads all of that, however lately it
 *	was read before
 *
 * For who is about to do what cannot be taken back.
 */
void moat_scan_hurry(struct moat_scan *scan);

#endif
