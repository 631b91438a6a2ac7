// SPDX-License-Identifier: GPL-2.0
/*
 * The list of back-end nodes: who is in it, who is to be looked at, and
 * carrying out what node.c decides.
 *
 * One watch on backend/vbd tells of every change in every node; one watch for
 * each front end's directory tells when that goes. Events only mark nodes;
 * the work is done once all events are in, because the control domain writes
 * a node's keys as one transaction of a dozen events.
 *
 * A front end's directory is its own, and its state is mirrored in ours: a guest
 * can make events without end. So a turn looks at a few nodes only, at those first
 * that have waited longest; one that was just looked at rests; and a front end
 * that writes on and on is not listened to for a while, but looked at once then.
 *
 * A node that is done is not removed at once. libxl waits in two steps, first
 * until it reads state 6, then until the directory is gone, and nothing shows
 * when it has taken the first: a directory that vanishes before that makes it
 * report an error, though nothing is wrong. xl devd leaves it the time that a
 * hotplug script takes; we leave it LINGER_MS, as 300 ms were seen to be too
 * short for a starved control domain. The disk itself is let go at once.
 */
#include "backend.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <moat/times.h>

#include "../lib/log.h"
#include "clock.h"
#include "node.h"
#include "resolve.h"
#include "vbd.h"

#define TOKEN_ROOT "vbd"
/* a transaction that loses against others this often is given up */
#define TXN_TRIES 32
#define LINGER_MS 1000
/* so many nodes are looked at in a turn of the loop */
#define LOOKS_A_TURN 8
/* an event has a node looked at so soon after the last look */
#define REST_MS 50
/* a front end with more events than that in DEAF_MS is not listened to for as long */
#define HEARD_MAX 200
#define DEAF_MS 1000
/* so often is looked whether a file that is served has grown */
#define GROW_MS 5000
/* where the kernel tells of a node's errors: as backend/vbd, node by node */
#define ERROR_ROOT "error/" MOAT_VBD_ROOT

struct moat_backends {
	struct moat_source timer;	/* runs until some node's time has come */
	struct moat_store **store;
	struct moat_vbd *nodes;
	uint64_t looks;		/* at nodes, so far */
	uint64_t grow_at;	/* when to look at the files; 0: there are none */
	uint64_t hardware_at;	/* when hardware was last found, monotonic ms */
	bool bare;	/* it has no hardware of its own yet */
	bool rescan;	/* the list of nodes may have changed */
	bool told_bad_name;
};

/* When something is to be done about a node that no event tells; 0: nothing. */
static uint64_t due_at(const struct moat_vbd *n)
{
	const uint64_t times[] = {
		n->dirty ? n->look_at : 0, n->remove_at, n->deaf_until, n->tell_at,
	};
	uint64_t first = 0;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] && (!first || times[i] < first))
			first = times[i];
	return first;
}

/* Have a node looked at, without a rest. */
static void look_now(struct moat_vbd *n)
{
	n->dirty = true;
	n->look_at = 0;
}

/* Some node's time has come; moat_backends_settle() will see which. */
static int timer_ready(struct moat_source *source)
{
	struct moat_backends *bs = (struct moat_backends *)source;
	unsigned long long expired;
	uint64_t now = moat_clock_ms();

	if (read(source->fd, &expired, sizeof(expired)) < 0)
		return 0;
	for (struct moat_vbd *n = bs->nodes; n; n = n->next) {
		if (!due_at(n) || due_at(n) > now)
			continue;
		if (n->tell_at && n->tell_at <= now) {
			n->tell_at = 0;
			n->retry = true;
		}
		look_now(n);
	}
	return 0;
}

struct moat_backends *moat_backends_create(struct moat_store **store)
{
	struct moat_backends *bs = calloc(1, sizeof(*bs));

	if (!bs)
		return NULL;
	bs->store = store;
	bs->hardware_at = moat_clock_ms();
	bs->timer.ready = timer_ready;
	bs->timer.fd = timerfd_create(CLOCK_MONOTONIC,
				      TFD_CLOEXEC | TFD_NONBLOCK);
	if (bs->timer.fd < 0) {
		free(bs);
		return NULL;
	}
	return bs;
}

struct moat_source *moat_backends_timer(struct moat_backends *bs)
{
	return &bs->timer;
}

static void release(struct moat_backends *bs, struct moat_vbd *n)
{
	moat_vbd_release(n);
	/* whoever waits for this very disk may have it now */
	moat_backends_device_appeared(bs);
}

/* Take a node out of the list, with all that we hold for it. */
static void forget(struct moat_backends *bs, struct moat_vbd *n)
{
	struct moat_vbd **link = &bs->nodes;

	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	if (n->front_path[0])
		moat_store_unwatch(*bs->store, n->front_path, MOAT_VBD_TOKEN_FRONT);
	release(bs, n);
	free(n);
}

void moat_backends_destroy(struct moat_backends *bs)
{
	struct moat_vbd *n, *next;

	if (!bs)
		return;
	for (n = bs->nodes; n; n = next) {
		next = n->next;
		moat_vbd_release(n);
		free(n);
	}
	close(bs->timer.fd);
	free(bs);
}

int moat_backends_watch(struct moat_backends *bs)
{
	bs->rescan = true;
	for (struct moat_vbd *n = bs->nodes; n; n = n->next) {
		/* registered anew when the node is looked at */
		n->front_path[0] = '\0';
		n->deaf_until = 0;
		look_now(n);
	}
	return moat_store_watch(*bs->store, MOAT_VBD_ROOT, TOKEN_ROOT);
}

static bool is_below(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	return len && strncmp(path, parent, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

static void hear_front(struct moat_vbd *n)
{
	uint64_t now = moat_clock_ms();

	if (now - n->heard_since >= DEAF_MS) {
		n->heard_since = now;
		n->heard = 0;
	}
	n->heard++;
}

void moat_backends_event(struct moat_backends *bs,
			 const struct moat_store_event *event)
{
	bool front = strcmp(event->token, MOAT_VBD_TOKEN_FRONT) == 0;
	bool known = false;

	if (!front && strcmp(event->token, TOKEN_ROOT))
		return;
	for (struct moat_vbd *n = bs->nodes; n; n = n->next)
		if (is_below(event->path, front ? n->front_path : n->path) ||
		    is_below(front ? n->front_path : n->path, event->path)) {
			n->dirty = true;
			known = true;
			if (front)
				hear_front(n);
		}
	if (!front && !known)
		bs->rescan = true;
	if (!front && strcmp(event->path, MOAT_VBD_ROOT) == 0)
		bs->rescan = true;
}

void moat_backends_device_appeared(struct moat_backends *bs)
{
	for (struct moat_vbd *n = bs->nodes; n; n = n->next)
		if (n->phase == MOAT_NODE_WAITING) {
			n->retry = true;
			look_now(n);
		}
}

void moat_backends_hardware(struct moat_backends *bs)
{
	bs->hardware_at = moat_clock_ms();
}

void moat_backends_bare(struct moat_backends *bs, bool bare)
{
	bs->bare = bare;
}

void moat_backends_look_again(struct moat_backends *bs)
{
	bs->rescan = true;
	for (struct moat_vbd *n = bs->nodes; n; n = n->next)
		n->dirty = true;
}

/* --- finding nodes --------------------------------------------------- */

static bool parse_id(const char *text, uint32_t *id)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end || errno || value > UINT32_MAX)
		return false;
	*id = value;
	return true;
}

static void bad_name(struct moat_backends *bs, const char *parent,
		     const char *name)
{
	if (!bs->told_bad_name)
		moat_warn("xenstore %s/%s: \"%s\" is not a number; ignored",
			  parent, name, name);
	bs->told_bad_name = true;
}

static int add(struct moat_backends *bs, uint32_t front, uint32_t device)
{
	struct moat_vbd *n, **link;

	/* at the end: served in the order in which they came */
	for (link = &bs->nodes; (n = *link); link = &n->next)
		if (n->front == front && n->device == device)
			return 0;
	n = calloc(1, sizeof(*n));
	if (!n) {
		moat_err("vbd %u/%u: out of memory", front, device);
		return -ENOMEM;
	}
	n->front = front;
	n->device = device;
	look_now(n);
	n->disk.loop.fd = -1;
	snprintf(n->path, sizeof(n->path), MOAT_VBD_ROOT "/%u/%u", front,
		 device);
	*link = n;
	moat_debug("vbd %u/%u: new", front, device);
	return 0;
}

static int scan_front(struct moat_backends *bs, const char *name)
{
	char names[MOAT_STORE_VALUE], parent[MOAT_VBD_PATH];
	uint32_t front, device;
	int count;

	if (!parse_id(name, &front)) {
		bad_name(bs, MOAT_VBD_ROOT, name);
		return 0;
	}
	snprintf(parent, sizeof(parent), MOAT_VBD_ROOT "/%u", front);
	count = moat_store_list(*bs->store, parent, names, sizeof(names));
	if (count < 0)
		return count == -ENOENT ? 0 : count;
	for (const char *d = names; *d; d += strlen(d) + 1) {
		int err;

		if (!parse_id(d, &device)) {
			bad_name(bs, parent, d);
			continue;
		}
		err = add(bs, front, device);
		if (err)
			return err;
	}
	return 0;
}

static int scan(struct moat_backends *bs)
{
	char names[MOAT_STORE_VALUE];
	int count = moat_store_list(*bs->store, MOAT_VBD_ROOT, names, sizeof(names));

	if (count < 0 && count != -ENOENT) {
		moat_err("xenstore " MOAT_VBD_ROOT " cannot be read: %s%s",
			 strerror(-count), count == -EACCES ?
			 "; does the domain have driver_domain=1?" : "");
		return count;
	}
	if (count <= 0)
		return 0;
	for (const char *f = names; *f; f += strlen(f) + 1) {
		int err = scan_front(bs, f);

		if (err)
			return err;
	}
	return 0;
}

/* --- removing -------------------------------------------------------- */

/* Remove a directory in ours if nothing is in it. */
static int remove_if_empty(struct moat_backends *bs, const char *parent)
{
	char names[MOAT_STORE_VALUE];
	int err = -EAGAIN;

	for (int i = 0; i < TXN_TRIES && err == -EAGAIN; i++) {
		err = moat_store_begin(*bs->store);
		if (err)
			return err;
		err = moat_store_list(*bs->store, parent, names,
				      sizeof(names));
		if (err == 0)
			err = moat_store_rm(*bs->store, parent);
		if (err) {
			/* not empty, or gone already */
			moat_store_abort(*bs->store);
			return moat_store_is_lost(err) ? err : 0;
		}
		err = moat_store_commit(*bs->store);
	}
	return err;
}

/* Remove what is left of a node that is gone: what was told of its errors, for nobody
 * else does, and the front end's directories if this was its last device.
 */
static int remove_rest(struct moat_backends *bs, uint32_t front, uint32_t device)
{
	char path[MOAT_VBD_PATH + sizeof(ERROR_ROOT)];
	int err;

	snprintf(path, sizeof(path), ERROR_ROOT "/%u/%u", front, device);
	err = moat_store_rm(*bs->store, path);
	if (moat_store_is_lost(err))
		return err;
	if (!err) {
		snprintf(path, sizeof(path), ERROR_ROOT "/%u", front);
		err = remove_if_empty(bs, path);
		if (moat_store_is_lost(err))
			return err;
	}
	snprintf(path, sizeof(path), MOAT_VBD_ROOT "/%u", front);
	return remove_if_empty(bs, path);
}

static int remove_node(struct moat_backends *bs, struct moat_vbd *n)
{
	uint32_t front = n->front, device = n->device;
	int err;

	/* the disk at once: whoever sees state 6 may want it */
	if (!n->remove_at) {
		release(bs, n);
		n->remove_at = moat_clock_ms() + LINGER_MS;
	}
	if (moat_clock_ms() < n->remove_at)
		return 0;
	err = moat_store_rm(*bs->store, n->path);
	if (moat_store_is_lost(err))
		return err;
	if (err && err != -ENOENT)
		moat_err("xenstore %s not removed: %s", n->path,
			 strerror(-err));
	else
		moat_notice("vbd %u/%u: removed", n->front, n->device);
	forget(bs, n);
	return remove_rest(bs, front, device);
}

/* --- all of it ------------------------------------------------------- */

/* Stop listening to a front end that writes without pause, and begin again later. */
static int listen_or_not(struct moat_backends *bs, struct moat_vbd *n)
{
	uint64_t now = moat_clock_ms();
	int err = 0;

	if (n->deaf_until && now >= n->deaf_until) {
		n->deaf_until = 0;
		n->heard = 0;
		n->front_path[0] = '\0';	/* has it watched again */
	} else if (!n->deaf_until && n->heard > HEARD_MAX && n->front_path[0]) {
		if (!n->told_deaf)
			moat_notice("vbd %u/%u: %s changes without pause; looked at "
				    "once in %d ms", n->front, n->device,
				    n->front_path, DEAF_MS);
		n->told_deaf = true;
		n->deaf_until = now + DEAF_MS;
		err = moat_store_unwatch(*bs->store, n->front_path,
					 MOAT_VBD_TOKEN_FRONT);
	}
	return moat_store_is_lost(err) ? err : 0;
}

/* When a device that a node asks for is missing. A standby is asked for its disks before
 * it is given what they are on.
 */
static uint64_t missing_at(const struct moat_backends *bs, const struct moat_vbd *n)
{
	uint64_t since = n->phase == MOAT_NODE_WAITING ? n->waits_since : moat_clock_ms();

	if (bs->bare)
		return since + MOAT_DEVICE_LIMIT_S * 1000;
	return bs->hardware_at + MOAT_SETTLE_S * 1000;
}

static int settle_node(struct moat_backends *bs, struct moat_vbd *n)
{
	struct moat_node_view view;
	uint32_t front = n->front, device = n->device;
	int err = listen_or_not(bs, n);

	n->dirty = false;
	n->looked = ++bs->looks;
	n->look_at = moat_clock_ms() + REST_MS;
	if (!err)
		err = moat_vbd_look(*bs->store, n, &view);
	if (err)
		return err;
	switch (moat_node_decide(n->phase, &view)) {
	case MOAT_NODE_RESOLVE:
		n->remove_at = 0;
		return moat_resolve_disk(*bs->store, n, bs->nodes, missing_at(bs, n));
	case MOAT_NODE_REMOVE:
		return remove_node(bs, n);
	case MOAT_NODE_FORGET:
		moat_notice("vbd %u/%u: gone", n->front, n->device);
		forget(bs, n);
		return remove_rest(bs, front, device);
	case MOAT_NODE_NONE:
		n->remove_at = 0;
		if (n->phase == MOAT_NODE_SERVED && view.params_changed)
			moat_resolve_change(*bs->store, n);
		break;
	}
	return 0;
}

/* Of the nodes that are to be looked at the one that has waited longest. */
static struct moat_vbd *next_to_look(struct moat_backends *bs)
{
	struct moat_vbd *next = NULL;
	uint64_t now = moat_clock_ms();

	for (struct moat_vbd *n = bs->nodes; n; n = n->next)
		if (n->dirty && n->look_at <= now &&
		    (!next || n->looked < next->looked))
			next = n;
	return next;
}

static bool has_file(const struct moat_vbd *n)
{
	return n->phase == MOAT_NODE_SERVED && n->disk.loop.fd >= 0;
}

/* Files grow without a word, and their guests are to have what there is. */
static void follow_files(struct moat_backends *bs)
{
	uint64_t now = moat_clock_ms();
	bool look = bs->grow_at && now >= bs->grow_at, any = false;

	for (struct moat_vbd *n = bs->nodes; n; n = n->next) {
		long long size;

		any |= has_file(n);
		size = look && has_file(n) ? moat_loopdev_grow(&n->disk.loop) : 0;
		if (size > 0)
			moat_notice("vbd %u/%u: %s has grown to %lld bytes", n->front,
				    n->device, n->params, size);
	}
	if (look || !bs->grow_at)
		bs->grow_at = any ? now + GROW_MS : 0;
}

/* Have the timer run out when the next node's time has come. */
static void set_timer(struct moat_backends *bs)
{
	struct itimerspec when = { 0 };
	uint64_t next = bs->grow_at;

	for (const struct moat_vbd *n = bs->nodes; n; n = n->next)
		if (due_at(n) && (!next || due_at(n) < next))
			next = due_at(n);
	when.it_value.tv_sec = next / 1000;
	when.it_value.tv_nsec = next % 1000 * 1000000;
	timerfd_settime(bs->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int moat_backends_settle(struct moat_backends *bs)
{
	struct moat_vbd *n;
	int err;

	if (bs->rescan) {
		bs->rescan = false;
		err = scan(bs);
		if (moat_store_is_lost(err))
			return err;
	}
	for (int i = 0; i < LOOKS_A_TURN && (n = next_to_look(bs)) != NULL; i++) {
		err = settle_node(bs, n);
		if (moat_store_is_lost(err))
			return err;
	}
	follow_files(bs);
	set_timer(bs);
	return 0;
}

bool moat_backends_unsettled(struct moat_backends *bs)
{
	return bs->rescan || next_to_look(bs);
}

bool moat_backends_unseen(struct moat_backends *bs)
{
	for (const struct moat_vbd *n = bs->nodes; n; n = n->next)
		if (!n->looked)
			return true;
	return bs->rescan;
}
