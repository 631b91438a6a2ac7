// SPDX-License-Identifier: GPL-2.0
/*
 * writer: a load that knows what it was promised.
 *
 * Threads write blocks of a device with O_DIRECT and read them back at random. Of each
 * block the program remembers the last generation whose write was acknowledged and the
 * last that was issued: a read must find a whole block, of a generation between the
 * two. Anything else is
 *	lost	  an older generation: an acknowledged write is gone
 *	corrupt	  no block of ours, or another's
 *	error	  the read, write or flush failed
 * With --sync the device is flushed after every few writes; without, never: what was
 * acknowledged may then live in a cache of the disk's, and must be there all the same.
 *
 * SIGTERM ends the load; then every block is read and checked. Each 100 ms a line
 * goes to the log:
 *	MS DONE LONGEST OLDEST TOTAL LOST CORRUPT ERRORS
 * the time of day in ms, operations done in this slot, the longest of them in us, the
 * age of the oldest under way in us, and the sums so far. Exit status: 0, or 1 if
 * anything was wrong, or 2 for a wrong call.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "block.h"

enum {
	THREADS_MAX = 64,
	FLUSH_EVERY = 8,
	READ_PERCENT = 40,
	SLOT_MS = 100,
	BATCH = 64,		/* blocks, when all are written or read */
	REPORTS_MAX = 20,	/* lines about what is wrong */
};

/* Written by its owner alone, but for the reads of others. */
struct block {
	_Atomic uint64_t issued, acked;
};

struct worker {
	pthread_t thread;
	unsigned int number;
	uint64_t random;
	unsigned int unflushed;
	_Atomic uint64_t began_us;	/* 0: nothing under way */
};

static struct {
	const char *device, *log;
	unsigned int threads;
	uint64_t blocks, first;
	bool sync;
} opt = { .threads = 4, .blocks = 4096 };

static int device_fd;
static struct block *blocks;
static struct worker workers[THREADS_MAX];
static atomic_bool stop;
static _Atomic uint64_t done, longest_us, longest_ever_us, total, lost, corrupt, errors;

static uint64_t now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void raise_to(_Atomic uint64_t *max, uint64_t value)
{
	uint64_t old = *max;

	while (old < value && !atomic_compare_exchange_weak(max, &old, value))
		;
}

__attribute__((format(printf, 2, 3)))
static void report(_Atomic uint64_t *counter, const char *format, ...)
{
	static atomic_int reports;
	va_list args;

	(*counter)++;
	if (reports++ >= REPORTS_MAX)
		return;
	va_start(args, format);
	fprintf(stderr, "writer: %s: ", opt.device);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static off_t offset_of(uint64_t block)
{
	return (opt.first + block) * BLOCK_BYTES;
}

/* ---- checking ---- */

/*
 * @low was acknowledged before the read began; a write that was under way at any time
 * during it excuses a block that is in two pieces.
 */
static void check_block(const void *data, uint64_t b, uint64_t low, bool quiet)
{
	uint64_t high = blocks[b].issued;
	uint64_t generation;

	if (!block_check(data, b, &generation)) {
		if (quiet && high == low)
			report(&corrupt, "block %llu: not what was written; wanted generation "
			       "%llu, begins %016llx %016llx %016llx", (unsigned long long)b,
			       (unsigned long long)low, ((const unsigned long long *)data)[0],
			       ((const unsigned long long *)data)[1],
			       ((const unsigned long long *)data)[2]);
	} else if (generation < low) {
		report(&lost, "block %llu: generation %llu, but %llu was acknowledged",
		       (unsigned long long)b, (unsigned long long)generation,
		       (unsigned long long)low);
	} else if (generation > high) {
		report(&corrupt, "block %llu: generation %llu was never written",
		       (unsigned long long)b, (unsigned long long)generation);
	}
}

/* ---- one operation ---- */

static void op_begin(struct worker *w)
{
	w->began_us = now_us(CLOCK_MONOTONIC);
}

static void op_end(struct worker *w)
{
	uint64_t took = now_us(CLOCK_MONOTONIC) - w->began_us;

	w->began_us = 0;
	raise_to(&longest_us, took);
	raise_to(&longest_ever_us, took);
	done++;
	total++;
}

static void read_block(struct worker *w, void *data, uint64_t b)
{
	uint64_t low = blocks[b].acked;
	bool quiet = blocks[b].issued == low;
	ssize_t n;

	op_begin(w);
	n = pread(device_fd, data, BLOCK_BYTES, offset_of(b));
	op_end(w);
	if (n == BLOCK_BYTES)
		check_block(data, b, low, quiet);
	else
		report(&errors, "block %llu: read: %s", (unsigned long long)b,
		       n < 0 ? strerror(errno) : "short");
}

static void write_block(struct worker *w, void *data, uint64_t b)
{
	uint64_t generation = blocks[b].issued + 1;
	ssize_t n;

	block_fill(data, b, generation);
	blocks[b].issued = generation;
	op_begin(w);
	n = pwrite(device_fd, data, BLOCK_BYTES, offset_of(b));
	op_end(w);
	if (n == BLOCK_BYTES)
		blocks[b].acked = generation;
	else
		report(&errors, "block %llu: write: %s", (unsigned long long)b,
		       n < 0 ? strerror(errno) : "short");
}

static void flush_some(struct worker *w)
{
	if (!opt.sync || ++w->unflushed < FLUSH_EVERY)
		return;
	w->unflushed = 0;
	op_begin(w);
	if (fdatasync(device_fd))
		report(&errors, "flush: %s", strerror(errno));
	op_end(w);
}

static uint64_t random_below(struct worker *w, uint64_t limit)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % limit;
}

/* It writes blocks of its own, and reads anybody's. */
static void *work(void *arg)
{
	struct worker *w = arg;
	void *data = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);

	while (data && !stop) {
		uint64_t b = random_below(w, opt.blocks);

		if (random_below(w, 100) < READ_PERCENT) {
			read_block(w, data, b);
			continue;
		}
		b -= b % opt.threads;
		if (b + w->number >= opt.blocks)
			continue;
		write_block(w, data, b + w->number);
		flush_some(w);
	}
	free(data);
	return NULL;
}

/* ---- before and after ---- */

static int write_all(char *data)
{
	for (uint64_t b = 0; b < opt.blocks; b += BATCH) {
		size_t n = opt.blocks - b < BATCH ? opt.blocks - b : BATCH;

		for (size_t i = 0; i < n; i++) {
			block_fill(data + i * BLOCK_BYTES, b + i, 1);
			blocks[b + i].issued = 1;
			blocks[b + i].acked = 1;
		}
		if (pwrite(device_fd, data, n * BLOCK_BYTES, offset_of(b)) !=
		    (ssize_t)(n * BLOCK_BYTES)) {
			fprintf(stderr, "writer: %s: cannot fill it: %s\n", opt.device,
				strerror(errno));
			return -1;
		}
	}
	/* So that what a cache forgets later reads as an older generation. */
	return fdatasync(device_fd);
}

static void check_all(char *data)
{
	for (uint64_t b = 0; b < opt.blocks; b += BATCH) {
		size_t n = opt.blocks - b < BATCH ? opt.blocks - b : BATCH;

		if (pread(device_fd, data, n * BLOCK_BYTES, offset_of(b)) ==
		    (ssize_t)(n * BLOCK_BYTES)) {
			for (size_t i = 0; i < n; i++)
				check_block(data + i * BLOCK_BYTES, b + i,
					    blocks[b + i].acked, true);
			continue;
		}
		/* Which of them it is. */
		for (size_t i = 0; i < n; i++)
			read_block(&workers[0], data, b + i);
	}
}

/* ---- progress ---- */

static uint64_t oldest_us(void)
{
	uint64_t now = now_us(CLOCK_MONOTONIC), oldest = 0;

	for (unsigned int i = 0; i < opt.threads; i++) {
		uint64_t began = workers[i].began_us;

		if (began && began < now && now - began > oldest)
			oldest = now - began;
	}
	return oldest;
}

static void progress(FILE *log)
{
	fprintf(log, "%llu %llu %llu %llu %llu %llu %llu %llu\n",
		(unsigned long long)now_us(CLOCK_REALTIME) / 1000,
		(unsigned long long)atomic_exchange(&done, 0),
		(unsigned long long)atomic_exchange(&longest_us, 0),
		(unsigned long long)oldest_us(), (unsigned long long)total,
		(unsigned long long)lost, (unsigned long long)corrupt,
		(unsigned long long)errors);
	fflush(log);
}

static void on_signal(int number)
{
	(void)number;
	stop = true;
}

static void run_until_stopped(FILE *log)
{
	struct itimerspec every = { { 0, SLOT_MS * 1000000 }, { 0, SLOT_MS * 1000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t ticks;

	timerfd_settime(timer, 0, &every, NULL);
	while (!stop)
		if (read(timer, &ticks, sizeof(ticks)) > 0)
			progress(log);
	close(timer);
}

/* ---- the program ---- */

static int usage(void)
{
	fprintf(stderr, "usage: writer [--sync] [--threads N] [--blocks N] [--first BLOCK]\n"
		"              [--log FILE] DEVICE\n");
	return 2;
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sync", no_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' },
		{ "blocks", required_argument, NULL, 'b' },
		{ "first", required_argument, NULL, 'f' },
		{ "log", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 's':
			opt.sync = true;
			break;
		case 't':
			opt.threads = strtoul(optarg, NULL, 0);
			break;
		case 'b':
			opt.blocks = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			opt.first = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			opt.log = optarg;
			break;
		default:
			return false;
		}
	opt.device = argv[optind];
	return optind + 1 == argc && opt.threads && opt.threads <= THREADS_MAX &&
	       opt.blocks >= opt.threads;
}

static void start_workers(void)
{
	for (unsigned int i = 0; i < opt.threads; i++) {
		workers[i].number = i;
		workers[i].random = now_us(CLOCK_REALTIME) * (i + 1) | 1;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
}

static int load(FILE *log, char *batch)
{
	if (write_all(batch))
		return 1;
	start_workers();
	run_until_stopped(log);
	for (unsigned int i = 0; i < opt.threads; i++)
		pthread_join(workers[i].thread, NULL);
	check_all(batch);
	progress(log);
	printf("{\"operations\": %llu, \"longest_us\": %llu, \"lost\": %llu, "
	       "\"corrupt\": %llu, \"errors\": %llu}\n", (unsigned long long)total,
	       (unsigned long long)longest_ever_us, (unsigned long long)lost,
	       (unsigned long long)corrupt, (unsigned long long)errors);
	return lost || corrupt || errors;
}

int main(int argc, char **argv)
{
	char *batch = aligned_alloc(BLOCK_BYTES, BATCH * BLOCK_BYTES);
	FILE *log;

	if (!parse(argc, argv))
		return usage();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	log = opt.log ? fopen(opt.log, "w") : stdout;
	device_fd = open(opt.device, O_RDWR | O_DIRECT | O_CLOEXEC);
	blocks = calloc(opt.blocks, sizeof(*blocks));
	if (device_fd < 0 || !log || !blocks || !batch) {
		fprintf(stderr, "writer: %s: %s\n", opt.device, strerror(errno));
		return 2;
	}
	return load(log, batch);
}
