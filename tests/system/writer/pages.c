// SPDX-License-Identifier: GPL-2.0
/*
 * pages: a load for a domain's memory, and so for the disk it swaps to.
 *
 *	pages MIB		rewrite so much memory again and again, until SIGTERM; each page
 *				is read before it is written, and must hold what was written last
 *	pages --holes MIB	use so much, give every second 32 KiB back, use up what is left
 *				in blocks of 64 KiB and more, and what becomes one, until SIGTERM:
 *				much memory is free then, and no large piece of it
 *
 * Prints the pages done so far, once a second, then "end: " and the same, and "ready" once
 * the holes are there. Exit status: 0, or 1 if a page was wrong, or 2 for a wrong call.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	WORDS = PAGE / sizeof(uint64_t),
	PASS_BITS = 24,
	FILES_MAX = 65536,
	/* In pages. The kernel cannot begin a process without pieces of two, four and eight. */
	HOLE = 8,
	/* The kernel takes 64 KiB in one piece for the 1024 pages of such a pipe. */
	PIPE_SIZE = 1024 * PAGE,
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* What a page holds after a pass; each process has its own, should two ever be mixed up. */
static uint64_t stamp(size_t page, uint64_t pass)
{
	return (uint64_t)getpid() << 48 | (uint64_t)page << PASS_BITS | pass;
}

static bool is_right(const uint64_t *page, uint64_t wanted)
{
	return page[0] == wanted && page[WORDS / 2] == wanted && page[WORDS - 1] == ~wanted;
}

static void write_page(uint64_t *page, uint64_t wanted)
{
	page[0] = page[WORDS / 2] = wanted;
	page[WORDS - 1] = ~wanted;
}

/* Once a second; returns the time. */
static time_t say(time_t said, uint64_t done, uint64_t wrong)
{
	const time_t now = now_s();

	if (now != said) {
		printf("%" PRIu64 " pages, %" PRIu64 " wrong\n", done, wrong);
		fflush(stdout);
	}
	return now;
}

/* Returns how many pages were wrong. */
static uint64_t rewrite(uint64_t *memory, size_t pages)
{
	uint64_t wrong = 0, done = 0;
	time_t said = 0;

	for (uint64_t pass = 0; !ended; pass++) {
		for (size_t i = 0; i < pages && !ended; i++, done++) {
			uint64_t *page = memory + i * WORDS;

			if (pass && !is_right(page, stamp(i, pass - 1)))
				wrong++;
			write_page(page, stamp(i, pass));
			said = say(said, done, wrong);
		}
	}
	printf("end: %" PRIu64 " pages, %" PRIu64 " wrong\n", done, wrong);
	return wrong;
}

/* User memory is made of single pages, and so is a ring of io_uring where there is no piece. */
static void use_up_blocks(void)
{
	const struct rlimit limit = { .rlim_cur = FILES_MAX, .rlim_max = FILES_MAX };
	int ends[2];

	setrlimit(RLIMIT_NOFILE, &limit);
	while (!pipe(ends) && fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE) >= 0)
		;
}

static void make_holes(uint64_t *memory, size_t pages)
{
	const struct timespec pause = { .tv_nsec = 100000000 };

	memset(memory, 1, pages * PAGE);
	for (size_t i = 0; i + HOLE <= pages; i += 2 * HOLE)
		madvise(memory + i * WORDS, HOLE * PAGE, MADV_DONTNEED);
	/* Locked, they stay where they are: compaction would heal the holes. */
	if (mlock2(memory, pages * PAGE, MLOCK_ONFAULT))
		perror("mlock2");
	use_up_blocks();
	printf("ready\n");
	fflush(stdout);
	/* Others give some back meanwhile. */
	while (!ended) {
		use_up_blocks();
		/* check-ok: sleep: how often it looks, until the signal */
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	const bool holes = argc == 3 && !strcmp(argv[1], "--holes");
	const size_t mib = argc == 2 || holes ? strtoul(argv[argc - 1], NULL, 10) : 0;
	const size_t pages = (mib << 20) / PAGE;
	uint64_t *memory;

	if (!pages || pages >> (48 - PASS_BITS)) {
		fprintf(stderr, "usage: pages [--holes] MIB\n");
		return 2;
	}
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	signal(SIGTERM, end);
	if (holes) {
		make_holes(memory, pages);
		return 0;
	}
	return rewrite(memory, pages) ? 1 : 0;
}
