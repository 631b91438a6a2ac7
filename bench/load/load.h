/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One job of the load: what it is to do, and what came of it.
 */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "hist.h"

/**
 * struct load - a job
 * @fd: the device
 * @depth: requests kept in flight
 * @block: bytes of a request
 * @blocks: blocks of the device that are used
 * @random, @write: which request comes next
 * @sync_each: fdatasync() behind each write, within its time (engine sync)
 * @iopoll: ask for polled I/O (engine io_uring)
 * @warm: requests that come first and are not counted
 * @count: requests to count; 0: until @duration_ns is over
 * @duration_ns: how long to count
 * @buffer: @depth blocks, aligned
 * @state: of the random numbers, never 0; or the next block
 * @issued: requests issued, warm ones included
 * @start_ns, @end_ns: the time in which requests were counted
 * @hist: their times
 *
 * @hist counts a request from the moment its engine last looked at the clock
 * before issuing it: there is one look for all that come back together.
 */
struct load {
	int fd;
	unsigned int depth;
	uint32_t block;
	uint64_t blocks;
	bool random, write, sync_each, iopoll;
	uint64_t warm, count, duration_ns;
	char *buffer;
	uint64_t state;
	uint64_t issued, done;
	uint64_t start_ns, end_ns;
	struct hist hist;
};

uint64_t load_now(void);
uint64_t load_offset(struct load *l);
bool load_done(struct load *l, uint64_t began_ns, uint64_t now_ns);

/* The engines; each returns 0 or -errno. */
int load_sync(struct load *l);
int load_aio(struct load *l);
int load_uring(struct load *l);

#endif
