/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that may hang: done by a thread, and waited for no longer than a while.
 *
 * A file on a dead file system, a disk that does not answer: whoever touches them
 * may sleep for as long as it pleases them, and nobody can wake it.
 */
#ifndef MOAT_ASIDE_H
#define MOAT_ASIDE_H

#include "../lib/loop.h"

/* One piece of work; the first member of what it is about, which is from malloc(). */
struct moat_aside {
	/* Called in the thread. */
	void (*work)(struct moat_aside *job);
	/*
	 * Called there when @work has ended and nobody waited any more: take back
	 * what it has done. The job is freed afterwards. NULL: nothing.
	 */
	void (*undo)(struct moat_aside *job);
};

/**
 * moat_aside_run() - have a thread do it, and wait
 * @job: what to do
 * @ms: how long to wait
 *
 * Return: 0 when it is done; -ETIMEDOUT if it is still at it, @job is the
 * thread's then; -EUSERS or another -errno if it was not begun, as too many have
 * been left at theirs already, or for want of memory.
 */
int moat_aside_run(struct moat_aside *job, unsigned int ms);

/**
 * moat_aside_source() - told when one that was left behind has ended
 *
 * What it was about may be tried again.
 *
 * Return: a source whose ready() the caller sets and which it adds to its loop;
 * ready() calls moat_aside_heard(). NULL without a descriptor.
 */
struct moat_source *moat_aside_source(void);
void moat_aside_heard(void);

#endif
