// SPDX-License-Identifier: GPL-2.0
/*
 * State, version, heartbeat and health in xenstore.
 */
#include "heartbeat.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <moat/keys.h>
#include <moat/times.h>

#include "../lib/log.h"
#include "health.h"

/* All memory is locked, so that a stack is as large as it may become. */
#define STACK_BYTES (256 << 10)
#define END_SECONDS 5
#define TOKEN_DOMID "domid"

static void put(struct moat_heartbeat *hb, const char *key, const char *value)
{
	int err = hb->store ? moat_store_write(hb->store, key, value) : 0;

	if (moat_store_is_lost(err)) {
		moat_store_close(hb->store);
		hb->store = NULL;
	} else if (err) {
		moat_err("xenstore %s=%s not written: %s", key, value, strerror(-err));
	}
}

static void tell_state(struct moat_heartbeat *hb)
{
	const char *state;

	pthread_mutex_lock(&hb->lock);
	state = hb->state;
	pthread_mutex_unlock(&hb->lock);
	put(hb, MOAT_KEY_STATE, state);
}

/* All of it anew: the directory may be another one. */
static void announce(struct moat_heartbeat *hb)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", hb->beats);
	put(hb, MOAT_KEY_VERSION, MOAT_VERSION);
	put(hb, MOAT_KEY_HEARTBEAT, text);
	tell_state(hb);
}

/*
 * Nobody writes our domain's id twice: an event on it means that all watches
 * were registered anew, here or, after "xl restore" under a new id, by the
 * kernel. Then nobody has been told our state yet.
 */
static void connect_store(struct moat_heartbeat *hb)
{
	int err = moat_store_open(&hb->store, NULL);

	if (err) {
		/* the event loop has the same trouble, and says so */
		moat_debug("heartbeat: xenstore: %s", strerror(-err));
		return;
	}
	/* a control domain that is slow to answer is no reason to die */
	moat_store_on_wait(hb->store, moat_health_ping);
	err = moat_store_watch(hb->store, "domid", TOKEN_DOMID);
	if (err)
		moat_warn("heartbeat: xenstore watch: %s", strerror(-err));
	announce(hb);
}

static void fetch_events(struct moat_heartbeat *hb)
{
	struct moat_store_event event;
	bool anew = false;
	int got = 0;

	while (hb->store && (got = moat_store_event(hb->store, &event)) == 1)
		anew = true;
	if (got == -EOVERFLOW)
		anew = true;
	else if (got < 0 && hb->store) {
		moat_store_close(hb->store);
		hb->store = NULL;
	}
	if (anew)
		announce(hb);
}

/* Without moat-back there is no key, rather than one that is out of date. */
static void tell_health(struct moat_heartbeat *hb)
{
	char text[64];
	int err = moat_health_read(text, sizeof(text));

	if (!err)
		put(hb, MOAT_KEY_HEALTH, text);
	else if (!hb->health && hb->store)
		moat_store_rm(hb->store, MOAT_KEY_HEALTH);
	if (err && err != -ENOENT && err != hb->health)
		moat_warn("health of moat-back: %s", strerror(-err));
	hb->health = err;
}

static void beat(struct moat_heartbeat *hb)
{
	char text[24];

	/* one step for each turn, however late it is */
	snprintf(text, sizeof(text), "%lu", ++hb->beats);
	/* the ping first: it does not wait for xenstore */
	tell_health(hb);
	put(hb, MOAT_KEY_HEARTBEAT, text);
}

/* Wait for something to do. Return: has a second passed? */
static bool wait_for_beat(struct moat_heartbeat *hb)
{
	struct pollfd fds[] = {
		{ .fd = hb->timer_fd, .events = POLLIN },
		{ .fd = hb->wake_fd, .events = POLLIN },
		{ .fd = hb->store ? moat_store_fd(hb->store) : -1, .events = POLLIN },
	};
	bool passed = false;
	uint64_t count;

	/* an event may be queued where no descriptor shows it */
	if (hb->store && moat_store_pending(hb->store))
		return false;
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
		return false;
	if (fds[0].revents)
		passed = read(hb->timer_fd, &count, sizeof(count)) > 0;
	if (fds[1].revents && read(hb->wake_fd, &count, sizeof(count)) > 0)
		tell_state(hb);
	return passed;
}

static bool is_ending(struct moat_heartbeat *hb)
{
	bool ending;

	pthread_mutex_lock(&hb->lock);
	ending = hb->ending;
	pthread_mutex_unlock(&hb->lock);
	return ending;
}

static void *run(void *arg)
{
	struct moat_heartbeat *hb = arg;

	prctl(PR_SET_NAME, "heartbeat");
	connect_store(hb);
	while (!is_ending(hb)) {
		bool passed = wait_for_beat(hb);

		fetch_events(hb);
		if (!passed)
			continue;
		if (!hb->store)
			connect_store(hb);
		beat(hb);
	}
	tell_state(hb);	/* the last one came with the end */
	moat_store_close(hb->store);
	hb->store = NULL;
	return NULL;
}

static int open_clocks(struct moat_heartbeat *hb)
{
	const struct itimerspec second = { { MOAT_PING_S, 0 }, { MOAT_PING_S, 0 } };

	hb->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	hb->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hb->timer_fd < 0 || hb->wake_fd < 0 ||
	    timerfd_settime(hb->timer_fd, 0, &second, NULL) < 0)
		return -errno;
	return 0;
}

int moat_heartbeat_start(struct moat_heartbeat *hb)
{
	pthread_attr_t attr;
	int err = open_clocks(hb);

	if (err)
		return err;
	pthread_mutex_init(&hb->lock, NULL);
	hb->health = -ENOENT;
	hb->state = "booting";
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = pthread_create(&hb->thread, &attr, run, hb);
	pthread_attr_destroy(&attr);
	hb->started = !err;
	return -err;
}

static void wake(struct moat_heartbeat *hb)
{
	const uint64_t one = 1;

	/* it cannot fail: nobody wakes it 2^64 times in a row */
	if (write(hb->wake_fd, &one, sizeof(one)) < 0)
		moat_warn("heartbeat: not woken: %s", strerror(errno));
}

void moat_heartbeat_state(struct moat_heartbeat *hb, const char *state)
{
	if (!hb->started)
		return;
	pthread_mutex_lock(&hb->lock);
	hb->state = state;
	pthread_mutex_unlock(&hb->lock);
	wake(hb);
}

bool moat_heartbeat_stop(struct moat_heartbeat *hb)
{
	struct timespec until;

	if (!hb->started)
		return true;
	pthread_mutex_lock(&hb->lock);
	hb->ending = true;
	pthread_mutex_unlock(&hb->lock);
	wake(hb);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += END_SECONDS;
	if (pthread_clockjoin_np(hb->thread, NULL, CLOCK_MONOTONIC, &until))
		return false;
	hb->started = false;
	close(hb->timer_fd);
	close(hb->wake_fd);
	return true;
}
