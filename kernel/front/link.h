/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far the connection of a disk to a back end has come.
 */
#ifndef MOAT_FRONT_LINK_H
#define MOAT_FRONT_LINK_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <xen/interface/io/xenbus.h>

/* How far the connection has come; conn.c draws it. */
enum moat_link {
	MOAT_LINK_DOWN,		/* no rings */
	MOAT_LINK_OFFERED,	/* rings made, and published or about to be */
	MOAT_LINK_UP,		/* the back end has taken them */
	MOAT_LINK_CLOSED,	/* closed for good */
};

/**
 * struct moat_conn - what drives the connection
 * @work: looks at how both ends stand and takes the next step
 * @step: held while it does, and while xenbus's thread has the disk go over to
 *	another back end; who holds it waits for xenstored, and for the disk's lock
 * @rest: no step for what the back end writes before this time, in jiffies
 * @begun: the state that an earlier driver has left has been put back
 * @failures: steps in a row that failed for a passing reason
 * @anew: a handshake has failed for a passing reason and is to be begun again
 * @halfway: so has going over to another back end, which is xenbus's thread's
 * @shown: the state that the work has shown in place of Initialising, and that is not the
 *	device's yet; 0: none
 * @left: the path of the back end that was there and has gone; NULL while there is one
 *
 * All but @rest is only for who holds @step.
 */
struct moat_conn {
	struct delayed_work work;
	struct mutex step;
	unsigned long rest;
	bool begun;
	unsigned int failures;
	bool anew;
	bool halfway;
	enum xenbus_state shown;
	const char *left;
};

#endif
