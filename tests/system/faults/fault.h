/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that strike a storage domain in its driver's own context.
 */
#ifndef MOAT_FAULT_H
#define MOAT_FAULT_H

#include <linux/types.h>

struct moat_queue;
struct request;

/* Where in the I/O path a fault may strike; bits of struct moat_fault's @where. */
enum {
	MOAT_FAULT_DRIVER = 1 << 0,	/* the driver begins a request */
	MOAT_FAULT_IRQ = 1 << 1,	/* the NVMe interrupt handler */
	MOAT_FAULT_POLLER = 1 << 2,	/* moat-back's poller visits a ring */
	MOAT_FAULT_ANSWER = 1 << 3,	/* moat-back answers a request */
	MOAT_FAULT_DONE = 1 << 4,	/* the disk hands a request back to moat-back */
	MOAT_FAULT_SUBMIT = 1 << 5,	/* a bio goes to the block layer */
	MOAT_FAULT_INIT = 1 << 6,	/* moat-init reads from something */
	MOAT_FAULT_EVENT = 1 << 7,	/* a front end is sent an event */
};

/* Places whose calls begin with a ring. */
#define MOAT_FAULT_RINGS (MOAT_FAULT_POLLER | MOAT_FAULT_ANSWER)

/* What happens with the call that the fault has struck. */
enum moat_fault_end {
	MOAT_FAULT_MISS,	/* nothing was done; the next call is tried */
	MOAT_FAULT_GO_ON,	/* the call goes on */
	MOAT_FAULT_SWALLOW,	/* the call is left out */
	MOAT_FAULT_AGAIN,	/* left out, and so are all that follow */
};

/**
 * struct moat_fault - a kind of fault
 * @name: what it is asked for by
 * @where: places where it may strike
 * @strike: does it; given the first two arguments of the call
 */
struct moat_fault {
	const char *name;
	unsigned int where;
	enum moat_fault_end (*strike)(unsigned long first, unsigned long second);
};

/**
 * moat_fault_is_of() - is a ring one of those that are meant?
 * @first: first argument of a call at one of MOAT_FAULT_RINGS
 * @text: what the name of its back end's node must hold
 */
bool moat_fault_is_of(unsigned long first, const char *text);

extern const struct moat_fault moat_fault_strikes[];
extern const struct moat_fault moat_fault_rings[];

#endif
