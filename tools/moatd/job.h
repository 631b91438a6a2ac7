/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that does something for a storage domain: xl, mostly.
 *
 * Its process id is written down in xenstore before it starts, so that a moatd
 * that takes over from a killed one waits for the process rather than starting
 * a second one beside it.
 */
#ifndef MOATD_JOB_H
#define MOATD_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include "../lib/loop.h"
#include "view.h"
#include "xs.h"

struct moat_process {
	struct moat_source source;	/* a pidfd; -1 if none runs */
	pid_t pid;
	enum moat_job job;
	msec deadline;
	bool killed;			/* by us, on purpose */
	bool late;			/* by us, for taking too long */
	msec killed_at;			/* when; 0: it was not */
	int output;			/* a memory file */
	const char *record;		/* where it is written down */
	void *context;			/* the owner's */
};

/* An empty one. @record: a xenstore path; kept, not copied. */
void moat_process_init(struct moat_process *p, const char *record);

/**
 * moat_process_start() - run a program
 * @p: empty; its source.ready is called when the program ends
 * @argv: the program and its arguments, NULL at the end
 * @deadline: the time at which moat_process_expire() kills it
 *
 * Return: 0, or -errno.
 */
int moat_process_start(struct moat_process *p, struct moat_xs *xs,
		       struct moat_loop *loop, enum moat_job job,
		       char *const argv[], msec deadline);

/* Take over what an earlier moatd has started, if it still runs. */
void moat_process_resume(struct moat_process *p, struct moat_xs *xs,
			 struct moat_loop *loop, msec deadline);

/**
 * moat_process_reap() - to be called from source.ready
 * @output: gets the start of what it wrote; NUL terminated
 *
 * Return: its exit status; 128 + the signal that ended it; -1 if it was not our
 * child, so that nobody knows.
 */
int moat_process_reap(struct moat_process *p, struct moat_xs *xs,
		      struct moat_loop *loop, char *output, size_t size);

void moat_process_kill(struct moat_process *p, msec now);

/* Forget one that was killed and does not end; should it, nobody is told. */
void moat_process_abandon(struct moat_process *p, struct moat_xs *xs,
			  struct moat_loop *loop);

/*
 * Kill it if its time is over. Return: when it will be, or, once it was killed, when it
 * is time to look whether it has ended; 0 if none runs.
 */
msec moat_process_expire(struct moat_process *p, msec now);

/* When a process started, which tells it from a later one of the same id; 0: it has ended. */
unsigned long long moat_process_started(pid_t pid);

const char *moat_job_name(enum moat_job job);

#endif
