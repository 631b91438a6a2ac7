// SPDX-License-Identifier: GPL-2.0
/*
 * Where does a domain spend its time? Looks at its first vCPU's instruction
 * pointer again and again, from dom0: a profiler that works where interrupts
 * are off in the domain as well, and needs nothing inside it.
 *
 *     sampler DOMAIN MILLISECONDS
 *
 * One line per address seen, "COUNT ADDRESS", the address in hexadecimal; any
 * address of a program is "user", and "waiting" is a vCPU that sleeps.
 *
 * To be run on the physical CPU that the domain runs on: it then sees the place
 * at which its own timer interrupted the domain. From another one it would see
 * what the domain does some time after the timer struck.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <xenctrl.h>

#define PERIOD_NS 1300000
#define JITTER_NS 700000
#define MAX_SAMPLES 100000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* What stands for all addresses of a program, and for none. */
#define USER 1
#define WAITING 0

/* Until the next look, not in step with anything that is done in turns. */
static int await_turn(int timer)
{
	struct itimerspec t = { .it_value.tv_nsec = PERIOD_NS + random() % JITTER_NS };
	uint64_t expired;

	if (timerfd_settime(timer, 0, &t, NULL))
		return -1;
	return read(timer, &expired, sizeof(expired)) == sizeof(expired) ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Where the vCPU is. Return: 0, or -1 with errno set. */
static int look(xc_interface *xch, uint32_t domain, uint64_t *rip)
{
	static vcpu_guest_context_any_t context;
	xc_vcpuinfo_t info;

	if (xc_vcpu_getinfo(xch, domain, 0, &info))
		return -1;
	if (info.blocked) {
		*rip = WAITING;
		return 0;
	}
	if (xc_vcpu_getcontext(xch, domain, 0, &context))
		return -1;
	*rip = context.x64.user_regs.rip;
	if (!(*rip >> 63))
		*rip = USER;
	return 0;
}

/* Return: how many samples there are, or -1, with errno set. */
static long sample(xc_interface *xch, uint32_t domain, uint64_t ms, uint64_t *rip)
{
	uint64_t end = now_ns() + ms * 1000000;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	long n = 0;

	if (timer < 0)
		return -1;
	while (now_ns() < end && n < MAX_SAMPLES) {
		if (await_turn(timer) || look(xch, domain, &rip[n]))
			return -1;
		n++;
	}
	return n;
}

static void print_one(long count, uint64_t rip)
{
	if (rip == WAITING)
		printf("%ld waiting\n", count);
	else if (rip == USER)
		printf("%ld user\n", count);
	else
		printf("%ld %" PRIx64 "\n", count, rip);
}

static void print(uint64_t *rip, long n)
{
	long i, count;

	qsort(rip, n, sizeof(*rip), by_value);
	for (i = 0; i < n; i += count) {
		for (count = 1; i + count < n && rip[i + count] == rip[i]; count++)
			;
		print_one(count, rip[i]);
	}
}

int main(int argc, char **argv)
{
	static uint64_t rip[MAX_SAMPLES];
	xc_interface *xch;
	long n;

	if (argc != 3) {
		fprintf(stderr, "usage: sampler DOMAIN MILLISECONDS\n");
		return 2;
	}
	xch = xc_interface_open(NULL, NULL, 0);
	if (!xch)
		return 1;
	n = sample(xch, strtoul(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), rip);
	if (n < 0) {
		fprintf(stderr, "sampler: domain %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	print(rip, n);
	return 0;
}
