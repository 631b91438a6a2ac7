// SPDX-License-Identifier: GPL-2.0
/*
 * The engine on Linux's own asynchronous I/O: what comes back together goes out
 * again together.
 */
#include "load.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct aio {
	aio_context_t ctx;
	struct iocb *cbs, **ready;
	uint64_t *began;
	struct io_event *events;
};

static void aio_fill(struct load *l, struct aio *a, unsigned int slot, uint64_t now)
{
	struct iocb *cb = &a->cbs[slot];

	cb->aio_data = slot;
	cb->aio_lio_opcode = l->write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	cb->aio_fildes = l->fd;
	cb->aio_buf = (uintptr_t)(l->buffer + (size_t)slot * l->block);
	cb->aio_nbytes = l->block;
	cb->aio_offset = load_offset(l);
	a->began[slot] = now;
}

static int aio_submit(struct aio *a, long n)
{
	long done, at = 0;

	while (at < n) {
		done = syscall(SYS_io_submit, a->ctx, n - at, a->ready + at);
		if (done < 0 && errno != EAGAIN)
			return -errno;
		at += done > 0 ? done : 0;
	}
	return 0;
}

static long aio_wait(struct load *l, struct aio *a)
{
	long n = syscall(SYS_io_getevents, a->ctx, 1L, (long)l->depth, a->events, NULL);

	return n < 0 ? -errno : n;
}

/* Issue again what came back, until it is enough. */
static int aio_round(struct load *l, struct aio *a, bool *more)
{
	long n = aio_wait(l, a), i, again = 0;
	uint64_t now = load_now();

	if (n < 0)
		return n;
	for (i = 0; i < n; i++) {
		unsigned int slot = a->events[i].data;

		if (a->events[i].res != l->block)
			return a->events[i].res < 0 ? a->events[i].res : -EIO;
		if (!*more || !load_done(l, a->began[slot], now)) {
			*more = false;
			continue;
		}
		aio_fill(l, a, slot, now);
		a->ready[again++] = &a->cbs[slot];
	}
	return *more ? aio_submit(a, again) : 0;
}

static int aio_run(struct load *l, struct aio *a)
{
	uint64_t now = load_now();
	bool more = true;
	unsigned int i;
	int err;

	for (i = 0; i < l->depth; i++) {
		aio_fill(l, a, i, now);
		a->ready[i] = &a->cbs[i];
	}
	err = aio_submit(a, l->depth);
	while (!err && more)
		err = aio_round(l, a, &more);
	return err;
}

/* A fixed number in flight; the end of the context waits for what still is. */
int load_aio(struct load *l)
{
	struct aio a = { 0 };
	int err = -ENOMEM;

	a.cbs = calloc(l->depth, sizeof(*a.cbs));
	a.ready = calloc(l->depth, sizeof(*a.ready));
	a.began = calloc(l->depth, sizeof(*a.began));
	a.events = calloc(l->depth, sizeof(*a.events));
	if (!a.cbs || !a.ready || !a.began || !a.events)
		goto out;
	if (syscall(SYS_io_setup, (long)l->depth, &a.ctx)) {
		err = -errno;
		goto out;
	}
	err = aio_run(l, &a);
	syscall(SYS_io_destroy, a.ctx);
out:
	free(a.cbs);
	free(a.ready);
	free(a.began);
	free(a.events);
	return err;
}
