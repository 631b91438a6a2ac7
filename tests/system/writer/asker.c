// SPDX-License-Identifier: GPL-2.0
/*
 * asker: a load that asks much of a device and believes nothing of what it is answered.
 *
 *	asker [--depth N] [--mib N] DEVICE
 *
 * N requests are under way all the time: reads and writes of 4 to 128 KiB with O_DIRECT, now
 * and then a flush, and beside them a thread that discards. Whatever comes back, with an error
 * or without, the next one is asked. It is lean, so that a peer that makes up its answers is
 * asked as often as can be. Until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	DEPTH_MAX = 256,
	SMALL = 4096,
	LARGE = 131072,
	MIDDLE_ONE_IN = 32,	/* 32 KiB */
	LARGE_ONE_IN = 256,
	FLUSH_ONE_IN = 512,
	WRITE_PERCENT = 40,
	DISCARD = 65536,
	RETRY_US = 10000,	/* a device that takes nothing is asked again so soon */
};

static struct {
	unsigned int depth;
	uint64_t bytes;
} opt = { 64, 15 << 20 };

static int device_fd;
static struct iocb cbs[DEPTH_MAX];
static struct io_event events[DEPTH_MAX];
static char *buffer;

static uint64_t random_below(uint64_t *state, uint64_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % limit;
}

/* ---- what is asked ---- */

static uint64_t size_of(uint64_t *random)
{
	if (!random_below(random, LARGE_ONE_IN))
		return LARGE;
	return random_below(random, MIDDLE_ONE_IN) ? SMALL : LARGE / 4;
}

static void think_up(struct iocb *cb, uint64_t *random)
{
	cb->aio_lio_opcode = random_below(random, 100) < WRITE_PERCENT ?
			     IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	cb->aio_nbytes = size_of(random);
	cb->aio_buf = (uintptr_t)buffer + (uint64_t)(cb - cbs) * LARGE;
	cb->aio_offset = random_below(random, (opt.bytes - LARGE) / SMALL) * SMALL;
	if (random_below(random, FLUSH_ONE_IN))
		return;
	/* the kernel takes it with nothing else in it */
	cb->aio_lio_opcode = IOCB_CMD_FDSYNC;
	cb->aio_buf = 0;
	cb->aio_nbytes = 0;
	cb->aio_offset = 0;
}

/* All of them, however long it takes. */
static void submit(aio_context_t ctx, struct iocb **ready, long n)
{
	while (n) {
		const long taken = syscall(SYS_io_submit, ctx, n, ready);

		if (taken < 0 && errno != EAGAIN) {
			fprintf(stderr, "asker: cannot ask: %s\n", strerror(errno));
			exit(2);
		}
		if (taken <= 0) {
			/* check-ok: sleep: a poll step of what must not end by itself */
			usleep(RETRY_US);
			continue;
		}
		ready += taken;
		n -= taken;
	}
}

static void ask(aio_context_t ctx)
{
	uint64_t random = (uint64_t)getpid() << 32 | 1;
	struct iocb *ready[DEPTH_MAX];
	long n = opt.depth;

	for (long i = 0; i < n; i++)
		ready[i] = &cbs[i];
	for (;;) {
		for (long i = 0; i < n; i++)
			think_up(ready[i], &random);
		submit(ctx, ready, n);
		do
			n = syscall(SYS_io_getevents, ctx, 1L, (long)opt.depth, events, NULL);
		while (n <= 0);
		for (long i = 0; i < n; i++)
			ready[i] = (struct iocb *)(uintptr_t)events[i].obj;
	}
}

static void *discard(void *arg)
{
	uint64_t random = (uint64_t)getpid() << 32 | 3;

	(void)arg;
	for (;;) {
		uint64_t range[] = {
			random_below(&random, opt.bytes / DISCARD) * DISCARD, DISCARD
		};

		if (!ioctl(device_fd, BLKDISCARD, range))
			continue;
		/* check-ok: sleep: it would be refused again at once */
		usleep(RETRY_US);
	}
	return NULL;
}

/* ---- the program ---- */

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "depth", required_argument, NULL, 'd' },
		{ "mib", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			opt.depth = strtoul(optarg, NULL, 0);
		else if (option == 'm')
			opt.bytes = strtoull(optarg, NULL, 0) << 20;
		else
			return false;
	}
	return optind + 1 == argc && opt.depth && opt.depth <= DEPTH_MAX && opt.bytes > LARGE;
}

static void prepare(void)
{
	memset(buffer, 'a', (size_t)opt.depth * LARGE);
	for (unsigned int i = 0; i < opt.depth; i++)
		cbs[i].aio_fildes = device_fd;
}

int main(int argc, char **argv)
{
	aio_context_t ctx = 0;
	pthread_t discarder;

	if (!parse(argc, argv)) {
		fprintf(stderr, "usage: asker [--depth N] [--mib N] DEVICE\n");
		return 2;
	}
	buffer = aligned_alloc(SMALL, (size_t)opt.depth * LARGE);
	device_fd = open(argv[optind], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (!buffer || device_fd < 0 || syscall(SYS_io_setup, (long)opt.depth, &ctx)) {
		fprintf(stderr, "asker: %s: %s\n", argv[optind], strerror(errno));
		return 2;
	}
	prepare();
	errno = pthread_create(&discarder, NULL, discard, NULL);
	if (errno) {
		perror("asker");
		return 2;
	}
	ask(ctx);
	return 0;
}
