// SPDX-License-Identifier: GPL-2.0
/*
 * What do a hypercall and a switch of tasks cost here? For dom0, with one vCPU.
 *
 *     hypercall   one that does next to nothing, by way of privcmd, less what privcmd
 *                 takes to refuse an ioctl that it does not know
 *     switch      two tasks that pass a byte back and forth, less a task that passes
 *                 it to itself
 *
 * Of several turns the quickest counts. One line of JSON, in nanoseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xencall.h>
#include <xenctrl.h>
#include <xen/version.h>

#define TURNS 7
#define CALLS 2000

struct pair {
	int there[2];
	int back[2];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "costs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void call_xen(void *call)
{
	if (xencall2(call, __HYPERVISOR_xen_version, XENVER_version, 0) < 0)
		die("xen_version");
}

static void call_privcmd(void *call)
{
	/* No ioctl of privcmd's: it has looked at the number and no more. */
	if (ioctl(xencall_fd(call), 0, 0) >= 0)
		die("an unknown ioctl");
}

static void pass(int out, int in)
{
	char byte = 0;

	if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
		die("pipe");
}

static void pass_self(void *arg)
{
	struct pair *pair = arg;

	pass(pair->there[1], pair->there[0]);
	pass(pair->there[1], pair->there[0]);
}

static void pass_other(void *arg)
{
	struct pair *pair = arg;

	pass(pair->there[1], pair->back[0]);
}

/* Nanoseconds of one call, the quickest of some turns. */
static double measure(void (*call)(void *), void *arg)
{
	uint64_t begin, least = UINT64_MAX;
	int turn, i;

	for (turn = 0; turn < TURNS; turn++) {
		begin = now_ns();
		for (i = 0; i < CALLS; i++)
			call(arg);
		if (now_ns() - begin < least)
			least = now_ns() - begin;
	}
	return (double)least / CALLS;
}

/* Sends back what comes, until its end of the pipe is all there is. */
static void echo(struct pair *pair)
{
	char byte;

	close(pair->there[1]);
	while (read(pair->there[0], &byte, 1) == 1)
		if (write(pair->back[1], &byte, 1) != 1)
			break;
	_exit(0);
}

/* A switch there and one back, beside the same four system calls. */
static double switch_ns(void)
{
	struct pair pair;
	double self, other;
	pid_t child;

	if (pipe(pair.there) || pipe(pair.back))
		die("pipe");
	self = measure(pass_self, &pair);
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		echo(&pair);
	other = measure(pass_other, &pair);
	close(pair.there[1]);
	waitpid(child, NULL, 0);
	return (other - self) / 2;
}

int main(void)
{
	xencall_handle *call = xencall_open(NULL, 0);
	double hypercall;

	if (!call)
		die("xencall_open");
	hypercall = measure(call_xen, call) - measure(call_privcmd, call);
	printf("{\"hypercall\": %.0f, \"switch\": %.0f}\n", hypercall, switch_ns());
	return 0;
}
