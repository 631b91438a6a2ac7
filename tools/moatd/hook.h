/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A person's own program, run for each event: who wants mail or a page at night.
 *
 * It never holds up moatd: one runs at a time, events wait in line for it, and
 * where it is slower than they come some are dropped. Nothing of it outlives
 * moatd but the one that runs.
 */
#ifndef MOATD_HOOK_H
#define MOATD_HOOK_H

#include <jansson.h>
#include <sys/types.h>

#include "../lib/loop.h"

#define MOAT_HOOK_WAITING 64	/* events in line */
#define MOAT_HOOK_MS 30000	/* one may take; moatd.conf(5) says so */

/* All zeros is one for which nothing runs. */
struct moat_hook {
	struct moat_source source;	/* first: callbacks get only this; a pidfd */
	struct moat_source timer;
	struct moat_loop *loop;
	pid_t pid;			/* 0: none runs */
	char *command;			/* our own copy */
	json_t *waiting;		/* events, oldest first */
	unsigned int dropped;		/* since the line was full */
};

/**
 * moat_hook_tell() - run the program for an event, now or in its turn
 * @hook: is there as long as @loop is
 * @loop: where its end is waited for
 * @command: the program; NULL: none is wanted. It gets the event's name and the
 *	     storage domain's as words, and the event as a line of JSON on stdin
 * @event: the event
 */
void moat_hook_tell(struct moat_hook *hook, struct moat_loop *loop,
		    const char *command, const json_t *event);

/* Forget what waits; one that runs goes on, and nobody minds it. */
void moat_hook_deinit(struct moat_hook *hook);

#endif
