/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs beside us: /etc/moat/run.d, and whoever else ends as our child.
 */
#ifndef MOAT_CHILDREN_H
#define MOAT_CHILDREN_H

#define MOAT_RUN_DIR "/etc/moat/run.d"

/**
 * moat_children_start() - start every executable file of a directory, by name
 * @dir: the directory; nothing happens if there is none
 *
 * A program is not started again when it ends, except one whose name ends in
 * ".again": that one is, a single time.
 */
void moat_children_start(const char *dir);

/* Reap whatever has ended; to be called on SIGCHLD. */
void moat_children_reap(void);

/**
 * moat_children_stop() - end every process but ourselves
 * @seconds: how long they may take before they are killed
 *
 * Only for PID 1. SIGCHLD must be blocked.
 */
void moat_children_stop(unsigned int seconds);

#endif
