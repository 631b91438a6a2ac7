// SPDX-License-Identifier: GPL-2.0
/*
 * The engine on io_uring, by its system calls: one call issues what there is to
 * issue and waits for the next to come back. With @iopoll nobody waits for an
 * interrupt: the call looks at the device itself.
 */
#include "load.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	size_t sq_size, cq_size, sqes_size;
	struct io_uring_sqe *sqes;
	uint64_t *began;
};

static uint32_t *word(char *ring, uint32_t offset)
{
	return (uint32_t *)(ring + offset);
}

static void *map(int fd, size_t size, uint64_t at)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, at);

	return p == MAP_FAILED ? NULL : p;
}

static int uring_init(struct uring *u, struct load *l)
{
	u->p.flags = l->iopoll ? IORING_SETUP_IOPOLL : 0;
	u->fd = syscall(SYS_io_uring_setup, l->depth, &u->p);
	if (u->fd < 0)
		return -errno;
	u->sq_size = u->p.sq_off.array + u->p.sq_entries * sizeof(uint32_t);
	u->cq_size = u->p.cq_off.cqes + u->p.cq_entries * sizeof(struct io_uring_cqe);
	u->sqes_size = u->p.sq_entries * sizeof(*u->sqes);
	u->sq = map(u->fd, u->sq_size, IORING_OFF_SQ_RING);
	u->cq = map(u->fd, u->cq_size, IORING_OFF_CQ_RING);
	u->sqes = map(u->fd, u->sqes_size, IORING_OFF_SQES);
	u->began = calloc(l->depth, sizeof(*u->began));
	return u->sq && u->cq && u->sqes && u->began ? 0 : -ENOMEM;
}

/* Closing the ring waits for, or cancels, what is in flight. */
static void uring_deinit(struct uring *u)
{
	if (u->sq)
		munmap(u->sq, u->sq_size);
	if (u->cq)
		munmap(u->cq, u->cq_size);
	if (u->sqes)
		munmap(u->sqes, u->sqes_size);
	if (u->fd >= 0)
		close(u->fd);
	free(u->began);
}

static void uring_put(struct load *l, struct uring *u, unsigned int slot, uint64_t now)
{
	uint32_t *tail = word(u->sq, u->p.sq_off.tail);
	uint32_t at = *tail & *word(u->sq, u->p.sq_off.ring_mask);
	struct io_uring_sqe *sqe = &u->sqes[at];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = l->write ? IORING_OP_WRITE : IORING_OP_READ;
	sqe->fd = l->fd;
	sqe->addr = (uintptr_t)(l->buffer + (size_t)slot * l->block);
	sqe->len = l->block;
	sqe->off = load_offset(l);
	sqe->user_data = slot;
	word(u->sq, u->p.sq_off.array)[at] = at;
	u->began[slot] = now;
	/* Pairs with the kernel's acquire: the entry is whole when it is seen. */
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static int uring_enter(struct uring *u, unsigned int put, unsigned int wait)
{
	int n;

	do {
		n = syscall(SYS_io_uring_enter, u->fd, put, wait, IORING_ENTER_GETEVENTS, NULL, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == (int)put ? 0 : -EAGAIN;
}

/* Take what has come back, and put as much in. */
static int uring_round(struct load *l, struct uring *u, unsigned int *put, bool *more)
{
	uint32_t *head = word(u->cq, u->p.cq_off.head);
	uint32_t mask = *word(u->cq, u->p.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(u->cq + u->p.cq_off.cqes);
	/* Pairs with the kernel's release: entries before the tail are whole. */
	uint32_t tail = __atomic_load_n(word(u->cq, u->p.cq_off.tail), __ATOMIC_ACQUIRE);
	uint64_t now = load_now();

	for (*put = 0; *head != tail;) {
		struct io_uring_cqe *cqe = &cqes[*head & mask];
		unsigned int slot = cqe->user_data;
		int res = cqe->res;

		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		if (res != (int)l->block)
			return res < 0 ? res : -EIO;
		if (!*more || !load_done(l, u->began[slot], now)) {
			*more = false;
			continue;
		}
		uring_put(l, u, slot, now);
		(*put)++;
	}
	return 0;
}

/* A fixed number in flight. */
int load_uring(struct load *l)
{
	struct uring u = { .fd = -1 };
	unsigned int put, back = 0;
	bool more = true;
	uint64_t now;
	int err = uring_init(&u, l);

	now = load_now();
	for (put = 0; !err && put < l->depth; put++)
		uring_put(l, &u, put, now);
	while (!err && (more || back < l->issued)) {
		err = uring_enter(&u, put, 1);
		if (!err)
			err = uring_round(l, &u, &put, &more);
		back = *word(u.cq, u.p.cq_off.head);
	}
	uring_deinit(&u);
	return err;
}
