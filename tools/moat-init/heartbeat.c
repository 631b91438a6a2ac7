// SPDX-License-Identifier: GPL-2.0
/*
 * State, version, heartbeat and health in xenstore.
 */
#include "heartbeat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <moat/keys.h>

#include "../lib/log.h"
#include "health.h"

static void put(struct moat_heartbeat *hb, const char *key, const char *value)
{
	int err = moat_store_write(*hb->store, key, value);

	/* a lost connection is noticed, and mended, by the main loop */
	if (err && err != -EPIPE)
		moat_err("xenstore %s=%s not written: %s", key, value,
			 strerror(-err));
}

/* Without moat-back there is no key, rather than one that is out of date. */
static void tell_health(struct moat_heartbeat *hb)
{
	char text[64];
	int err = moat_health_read(text, sizeof(text));

	if (!err)
		put(hb, MOAT_KEY_HEALTH, text);
	else if (!hb->health)
		moat_store_rm(*hb->store, MOAT_KEY_HEALTH);
	if (err && err != -ENOENT && err != hb->health)
		moat_warn("health of moat-back: %s", strerror(-err));
	hb->health = err;
}

static int beat(struct moat_source *source)
{
	struct moat_heartbeat *hb = (struct moat_heartbeat *)source;
	unsigned long long expired;
	char text[24];

	if (read(source->fd, &expired, sizeof(expired)) < 0)
		return 0;
	/* one step for each turn of the loop, however late it is */
	snprintf(text, sizeof(text), "%lu", ++hb->beats);
	/* the ping first: it does not wait for xenstore */
	tell_health(hb);
	put(hb, MOAT_KEY_HEARTBEAT, text);
	return 0;
}

int moat_heartbeat_init(struct moat_heartbeat *hb, struct moat_store **store)
{
	const struct itimerspec second = { { 1, 0 }, { 1, 0 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &second, NULL) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	hb->timer.fd = fd;
	hb->timer.ready = beat;
	hb->store = store;
	hb->beats = 0;
	hb->health = -ENOENT;
	hb->state = "booting";
	moat_heartbeat_announce(hb);
	return 0;
}

void moat_heartbeat_deinit(struct moat_heartbeat *hb)
{
	if (hb->timer.fd >= 0)
		close(hb->timer.fd);
	hb->timer.fd = -1;
}

void moat_heartbeat_state(struct moat_heartbeat *hb, const char *state)
{
	hb->state = state;
	put(hb, MOAT_KEY_STATE, state);
}

void moat_heartbeat_announce(struct moat_heartbeat *hb)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", hb->beats);
	put(hb, MOAT_KEY_VERSION, MOAT_VERSION);
	put(hb, MOAT_KEY_HEARTBEAT, text);
	put(hb, MOAT_KEY_STATE, hb->state);
}
