// SPDX-License-Identifier: GPL-2.0
/*
 * Threads for work that may hang.
 */
#include "aside.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"

/* All memory is locked, so that a stack is as large as it may become. */
#define STACK_BYTES (256 << 10)
/* so many may be left at what hangs */
#define LEFT_MAX 16

/* What the thread and who waits for it share; the last of them frees it. */
struct call {
	struct moat_aside *job;
	pthread_cond_t done_or_left;
	bool done, left;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* guards all calls, and: */
static unsigned int left_behind;
static struct moat_source source = { .fd = -1 };

static void call_destroy(struct call *call)
{
	pthread_cond_destroy(&call->done_or_left);
	free(call);
}

static void came_back(struct call *call)
{
	const uint64_t one = 1;

	if (call->job->undo)
		call->job->undo(call->job);
	free(call->job);
	call_destroy(call);
	pthread_mutex_lock(&lock);
	left_behind--;
	pthread_mutex_unlock(&lock);
	if (source.fd >= 0 && write(source.fd, &one, sizeof(one)) < 0)
		moat_debug("nobody hears that a thread has come back");
}

static void *run(void *arg)
{
	struct call *call = arg;
	bool left;

	prctl(PR_SET_NAME, "aside");
	call->job->work(call->job);
	pthread_mutex_lock(&lock);
	left = call->left;
	call->done = true;
	pthread_cond_signal(&call->done_or_left);
	pthread_mutex_unlock(&lock);
	/* else it is no longer ours */
	if (left)
		came_back(call);
	return NULL;
}

static int start(struct call *call)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, run, call);
	pthread_attr_destroy(&attr);
	return -err;
}

/* Return: 0, or -ETIMEDOUT; then the thread has the call. */
static int wait_for(struct call *call, unsigned int ms)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&lock);
	while (!call->done && !err)
		err = pthread_cond_clockwait(&call->done_or_left, &lock,
					     CLOCK_MONOTONIC, &until);
	call->left = !call->done;
	left_behind += call->left;
	err = call->left ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&lock);
	return err;
}

int moat_aside_run(struct moat_aside *job, unsigned int ms)
{
	struct call *call;
	unsigned int left;
	int err;

	pthread_mutex_lock(&lock);
	left = left_behind;
	pthread_mutex_unlock(&lock);
	if (left >= LEFT_MAX)
		return -EUSERS;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->job = job;
	pthread_cond_init(&call->done_or_left, NULL);
	err = start(call);
	if (!err)
		err = wait_for(call, ms);
	if (err != -ETIMEDOUT)
		call_destroy(call);
	return err;
}

struct moat_source *moat_aside_source(void)
{
	if (source.fd < 0)
		source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return source.fd < 0 ? NULL : &source;
}

void moat_aside_heard(void)
{
	uint64_t count;

	if (read(source.fd, &count, sizeof(count)) < 0)
		moat_debug("nobody has come back");
}
