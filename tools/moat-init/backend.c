// SPDX-License-Identifier: GPL-2.0
/*
 * Back-end nodes: gathering what is seen of them, and carrying out what
 * node.c decides.
 *
 * One watch on backend/vbd tells of every change in every node; one watch for
 * each front end's directory tells when that goes. Events only mark nodes;
 * the work is done once all events are in, because the control domain writes
 * a node's keys as one transaction of a dozen events.
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
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../lib/log.h"
#include "blockdev.h"
#include "node.h"
#include "params.h"

#define ROOT "backend/vbd"
#define TOKEN_ROOT "vbd"
#define TOKEN_FRONT "front"
#define NODE_PATH 48	/* backend/vbd/4294967295/4294967295 */
#define STATE_CLOSED "6"
/* a transaction that loses against others this often is given up */
#define TXN_TRIES 32
#define LINGER_MS 1000

struct node {
	struct node *next;
	uint32_t front, device;
	char path[NODE_PATH];
	char front_path[MOAT_PARAMS_PATH];	/* "": not known yet */
	char params[MOAT_PARAMS_PATH];		/* as last acted on */
	enum moat_node_phase phase;
	bool front_seen;
	bool dirty;
	bool retry;
	uint64_t remove_at;	/* monotonic ms; 0: not to be removed */
	struct moat_blockdev disk;	/* valid while phase is SERVED */
	bool shared;
};

struct moat_backends {
	struct moat_source timer;	/* runs until the next remove_at */
	struct moat_store **store;
	struct node *nodes;
	bool rescan;	/* the list of nodes may have changed */
	bool told_bad_name;
};

/* The connection is gone: no use in going on with this round. */
static bool is_lost(int err)
{
	return err == -EPIPE || err == -EPROTO;
}

static int key_path(char *path, size_t size, const struct node *n,
		    const char *key)
{
	return snprintf(path, size, "%s/%s", n->path, key);
}

/* Read one of a node's keys. Return: its length, or -errno. */
static int read_key(struct moat_backends *bs, const struct node *n,
		    const char *key, char *buf, size_t size)
{
	char path[NODE_PATH + 64];

	key_path(path, sizeof(path), n, key);
	return moat_store_read(*bs->store, path, buf, size);
}

static int write_key(struct moat_backends *bs, const struct node *n,
		     const char *key, const char *value)
{
	char path[NODE_PATH + 64];

	key_path(path, sizeof(path), n, key);
	return moat_store_write(*bs->store, path, value);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

/* Some node's time has come; each is looked at again by moat_backends_settle. */
static int timer_ready(struct moat_source *source)
{
	struct moat_backends *bs = (struct moat_backends *)source;
	unsigned long long expired;

	if (read(source->fd, &expired, sizeof(expired)) < 0)
		return 0;
	for (struct node *n = bs->nodes; n; n = n->next)
		if (n->remove_at)
			n->dirty = true;
	return 0;
}

struct moat_backends *moat_backends_create(struct moat_store **store)
{
	struct moat_backends *bs = calloc(1, sizeof(*bs));

	if (!bs)
		return NULL;
	bs->store = store;
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

static void release(struct moat_backends *bs, struct node *n)
{
	if (n->phase == MOAT_NODE_SERVED)
		moat_blockdev_release(&n->disk);
	n->phase = MOAT_NODE_NEW;
	/* whoever waits for this very disk may have it now */
	moat_backends_device_appeared(bs);
}

/* Take a node out of the list, with all that we hold for it. */
static void forget(struct moat_backends *bs, struct node *n)
{
	struct node **link = &bs->nodes;

	while (*link != n)
		link = &(*link)->next;
	*link = n->next;
	if (n->front_path[0])
		moat_store_unwatch(*bs->store, n->front_path, TOKEN_FRONT);
	release(bs, n);
	free(n);
}

void moat_backends_destroy(struct moat_backends *bs)
{
	struct node *n, *next;

	if (!bs)
		return;
	for (n = bs->nodes; n; n = next) {
		next = n->next;
		if (n->phase == MOAT_NODE_SERVED)
			moat_blockdev_release(&n->disk);
		free(n);
	}
	close(bs->timer.fd);
	free(bs);
}

int moat_backends_watch(struct moat_backends *bs)
{
	bs->rescan = true;
	for (struct node *n = bs->nodes; n; n = n->next) {
		/* registered anew when the node is looked at */
		n->front_path[0] = '\0';
		n->dirty = true;
	}
	return moat_store_watch(*bs->store, ROOT, TOKEN_ROOT);
}

static bool is_below(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	return len && strncmp(path, parent, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

void moat_backends_event(struct moat_backends *bs,
			 const struct moat_store_event *event)
{
	bool front = strcmp(event->token, TOKEN_FRONT) == 0;
	bool known = false;

	if (!front && strcmp(event->token, TOKEN_ROOT))
		return;
	for (struct node *n = bs->nodes; n; n = n->next)
		if (is_below(event->path, front ? n->front_path : n->path) ||
		    is_below(front ? n->front_path : n->path, event->path)) {
			n->dirty = true;
			known = true;
		}
	if (!front && !known)
		bs->rescan = true;
	if (!front && strcmp(event->path, ROOT) == 0)
		bs->rescan = true;
}

void moat_backends_device_appeared(struct moat_backends *bs)
{
	for (struct node *n = bs->nodes; n; n = n->next)
		if (n->phase == MOAT_NODE_WAITING)
			n->dirty = n->retry = true;
}

void moat_backends_look_again(struct moat_backends *bs)
{
	bs->rescan = true;
	for (struct node *n = bs->nodes; n; n = n->next)
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
	struct node *n, **link;

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
	n->dirty = true;
	n->disk.loop.fd = -1;
	snprintf(n->path, sizeof(n->path), ROOT "/%u/%u", front, device);
	*link = n;
	moat_debug("vbd %u/%u: new", front, device);
	return 0;
}

static int scan_front(struct moat_backends *bs, const char *name)
{
	char names[MOAT_STORE_VALUE], parent[NODE_PATH];
	uint32_t front, device;
	int count;

	if (!parse_id(name, &front)) {
		bad_name(bs, ROOT, name);
		return 0;
	}
	snprintf(parent, sizeof(parent), ROOT "/%u", front);
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
	int count = moat_store_list(*bs->store, ROOT, names, sizeof(names));

	if (count < 0 && count != -ENOENT) {
		moat_err("xenstore " ROOT " cannot be read: %s%s",
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

/* --- looking at one node --------------------------------------------- */

/* Has a kernel driver taken the xenbus device? */
static bool is_bound(const struct node *n)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/bus/xen-backend/devices/vbd-%u-%u/driver", n->front,
		 n->device);
	return access(path, F_OK) == 0;
}

/* Find and watch the front end's directory, and see whether it is there. */
static int look_at_front(struct moat_backends *bs, struct node *n,
			 struct moat_node_view *view)
{
	char value[MOAT_STORE_VALUE];
	int got;

	if (!n->front_path[0]) {
		got = read_key(bs, n, "frontend", n->front_path,
			       sizeof(n->front_path));
		if (got <= 0) {
			n->front_path[0] = '\0';
			return is_lost(got) ? got : 0;
		}
		got = moat_store_watch(*bs->store, n->front_path, TOKEN_FRONT);
		if (is_lost(got))
			return got;
		if (got)
			moat_warn("%s/frontend=%s cannot be watched: %s",
				  n->path, n->front_path, strerror(-got));
	}
	got = moat_store_read(*bs->store, n->front_path, value, sizeof(value));
	if (is_lost(got))
		return got;
	view->front_present = got != -ENOENT;
	if (view->front_present)
		n->front_seen = true;
	view->front_seen = n->front_seen;
	return 0;
}

/* Return: 0 and the view, or -errno if the connection is lost. */
static int look(struct moat_backends *bs, struct node *n,
		struct moat_node_view *view)
{
	char value[MOAT_STORE_VALUE];
	int got = moat_store_read(*bs->store, n->path, value, sizeof(value));

	memset(view, 0, sizeof(*view));
	if (is_lost(got))
		return got;
	view->present = got != -ENOENT;
	if (!view->present)
		return 0;
	got = read_key(bs, n, "online", value, sizeof(value));
	if (is_lost(got))
		return got;
	view->online = got < 0 || strcmp(value, "0");
	got = read_key(bs, n, "state", value, sizeof(value));
	if (is_lost(got))
		return got;
	view->closed = got > 0 && strcmp(value, STATE_CLOSED) == 0;
	got = read_key(bs, n, "params", value, sizeof(value));
	if (is_lost(got))
		return got;
	view->has_params = got > 0;
	view->params_changed = got > 0 && strncmp(value, n->params,
						  sizeof(n->params) - 1);
	view->bound = is_bound(n);
	view->retry = n->retry;
	return look_at_front(bs, n, view);
}

/* --- serving --------------------------------------------------------- */

/*
 * Start a transaction in which the node is known to exist, so that a write
 * cannot bring back to life what the control domain has just removed.
 */
static int begin_on(struct moat_backends *bs, const struct node *n)
{
	char value[MOAT_STORE_VALUE];
	int err = moat_store_begin(*bs->store);

	if (err)
		return err;
	err = read_key(bs, n, "frontend", value, sizeof(value));
	if (err < 0) {
		moat_store_abort(*bs->store);
		return err;
	}
	return 0;
}

/* A key and its value; the list ends with a NULL key. */
struct pair {
	const char *key, *value;
};

static int write_pairs(struct moat_backends *bs, const struct node *n,
		       const struct pair *pairs)
{
	int err = -EAGAIN;

	for (int i = 0; i < TXN_TRIES && err == -EAGAIN; i++) {
		err = begin_on(bs, n);
		if (err)
			return err;
		for (const struct pair *p = pairs; p->key && !err; p++)
			err = write_key(bs, n, p->key, p->value);
		if (err) {
			moat_store_abort(*bs->store);
			return err;
		}
		err = moat_store_commit(*bs->store);
	}
	return err;
}

static int fail(struct moat_backends *bs, struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Say why a node cannot be served, in the log and in xenstore. */
static int fail(struct moat_backends *bs, struct node *n, const char *fmt, ...)
{
	char why[MOAT_PARAMS_PATH + 256];
	const struct pair pairs[] = {
		{ "hotplug-error", why },
		{ "hotplug-status", "error" },
		{ NULL, NULL },
	};
	va_list args;
	int err;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	moat_err("vbd %u/%u: %s", n->front, n->device, why);
	n->phase = MOAT_NODE_FAILED;
	err = write_pairs(bs, n, pairs);
	return is_lost(err) ? err : 0;
}

static void remember_params(struct node *n, const char *value)
{
	snprintf(n->params, sizeof(n->params), "%.*s",
		 (int)sizeof(n->params) - 1, value);
}

/* Read and parse what to open. Return: 1; 0 if failed; or lost. */
static int read_spec(struct moat_backends *bs, struct node *n,
		     struct moat_blockdev_spec *spec)
{
	char value[MOAT_STORE_VALUE];
	const char *wrong;
	int got = read_key(bs, n, "params", value, sizeof(value));

	if (got < 0)
		return is_lost(got) ? got : 0;
	remember_params(n, value);
	wrong = moat_params_parse(value, &spec->params);
	if (wrong)
		return fail(bs, n, "%s/params=%.200s: %s", n->path, value,
			    wrong);
	got = read_key(bs, n, "mode", value, sizeof(value));
	if (is_lost(got))
		return got;
	if (got < 0)
		return fail(bs, n, "%s/mode: %s", n->path, strerror(-got));
	wrong = moat_params_mode(value, &spec->read_only, &spec->shared);
	if (wrong)
		return fail(bs, n, "%s/mode=%.200s: %s", n->path, value, wrong);
	got = read_key(bs, n, "direct-io-safe", value, sizeof(value));
	if (is_lost(got))
		return got;
	spec->direct = got > 0 && strcmp(value, "1") == 0;
	return 1;
}

/* Another node that writes to the disk, or would see it being written. */
static const struct node *conflict(const struct moat_backends *bs,
				   const struct node *n,
				   const struct moat_blockdev *disk,
				   bool shared)
{
	for (const struct node *o = bs->nodes; o; o = o->next) {
		if (o == n || o->phase != MOAT_NODE_SERVED ||
		    (o->shared || shared) ||
		    (o->disk.read_only && disk->read_only))
			continue;
		if (moat_blockdev_same(&o->disk, disk))
			return o;
	}
	return NULL;
}

/* Tell the kernel's back end which device it is. */
static int publish(struct moat_backends *bs, struct node *n)
{
	char device[32];
	const struct pair pairs[] = {
		{ "physical-device", device },
		{ "physical-device-path", n->disk.path },
		{ "hotplug-status", "connected" },
		{ NULL, NULL },
	};

	snprintf(device, sizeof(device), "%x:%x", major(n->disk.dev),
		 minor(n->disk.dev));
	return write_pairs(bs, n, pairs);
}

static void wait_for_disk(struct node *n, const char *why)
{
	if (n->phase != MOAT_NODE_WAITING)
		moat_info("vbd %u/%u: %s %s; waiting for it", n->front,
			  n->device, n->params, why);
	n->phase = MOAT_NODE_WAITING;
}

static int serve(struct moat_backends *bs, struct node *n,
		 const struct moat_blockdev_spec *spec)
{
	struct moat_blockdev disk;
	const struct node *other;
	int err = moat_blockdev_open(spec, &disk);

	if (err == -ENOENT && spec->params.device) {
		wait_for_disk(n, "is not there yet");
		return 0;
	}
	if (err == -ENOTBLK)
		return fail(bs, n, "%s/params=%s: neither a block device nor "
			    "a regular file", n->path, n->params);
	if (err)
		return fail(bs, n, "%s/params=%s: %s", n->path, n->params,
			    strerror(-err));
	other = conflict(bs, n, &disk, spec->shared);
	if (other) {
		char why[80];

		moat_blockdev_release(&disk);
		snprintf(why, sizeof(why), "is in use by vbd %u/%u",
			 other->front, other->device);
		wait_for_disk(n, why);
		return 0;
	}
	n->disk = disk;
	n->shared = spec->shared;
	err = publish(bs, n);
	if (err) {
		moat_blockdev_release(&n->disk);
		n->phase = MOAT_NODE_NEW;
		if (!is_lost(err) && err != -ENOENT)
			return fail(bs, n, "%s/physical-device: %s", n->path,
				    strerror(-err));
		return is_lost(err) ? err : 0;
	}
	n->phase = MOAT_NODE_SERVED;
	moat_info("vbd %u/%u: serving %s%s%s%s (%u:%u), %s", n->front,
		  n->device, n->params, disk.id_ino ? " through " : "",
		  disk.id_ino ? disk.path : "", spec->direct ? ", direct" : "",
		  major(disk.dev), minor(disk.dev),
		  disk.read_only ? "read-only" : "read-write");
	return 0;
}

static int resolve(struct moat_backends *bs, struct node *n)
{
	struct moat_blockdev_spec spec = { .read_only = true };
	char value[MOAT_STORE_VALUE];
	int got;

	n->retry = false;
	if (n->phase == MOAT_NODE_NEW) {
		got = read_key(bs, n, "physical-device", value, sizeof(value));
		if (is_lost(got))
			return got;
		if (got > 0)
			moat_warn("vbd %u/%u: %s/physical-device=%s is not "
				  "ours; replaced", n->front, n->device,
				  n->path, value);
	}
	got = read_spec(bs, n, &spec);
	return got <= 0 ? got : serve(bs, n, &spec);
}

/* A guest's disk cannot become another one under it; say so, once. */
static void refuse_change(struct moat_backends *bs, struct node *n)
{
	char value[MOAT_STORE_VALUE];

	if (read_key(bs, n, "params", value, sizeof(value)) < 0)
		return;
	moat_warn("vbd %u/%u: %s/params=%.200s ignored: %s is in use; detach it "
		  "first", n->front, n->device, n->path, value, n->params);
	remember_params(n, value);
}

/* --- removing -------------------------------------------------------- */

/* Remove the front end's directory in ours if this was its last device. */
static int remove_empty_parent(struct moat_backends *bs, uint32_t front)
{
	char parent[NODE_PATH], names[MOAT_STORE_VALUE];
	int err = -EAGAIN;

	snprintf(parent, sizeof(parent), ROOT "/%u", front);
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
			return is_lost(err) ? err : 0;
		}
		err = moat_store_commit(*bs->store);
	}
	return err;
}

static int remove_node(struct moat_backends *bs, struct node *n)
{
	uint32_t front = n->front;
	int err;

	/* the disk at once: whoever sees state 6 may want it */
	if (!n->remove_at) {
		release(bs, n);
		n->remove_at = now_ms() + LINGER_MS;
	}
	if (now_ms() < n->remove_at)
		return 0;
	err = moat_store_rm(*bs->store, n->path);
	if (is_lost(err))
		return err;
	if (err && err != -ENOENT)
		moat_err("xenstore %s not removed: %s", n->path,
			 strerror(-err));
	else
		moat_info("vbd %u/%u: removed", n->front, n->device);
	forget(bs, n);
	return remove_empty_parent(bs, front);
}

/* --- all of it ------------------------------------------------------- */

static int settle_node(struct moat_backends *bs, struct node *n)
{
	struct moat_node_view view;
	uint32_t front = n->front;
	int err;

	n->dirty = false;
	err = look(bs, n, &view);
	if (err)
		return err;
	switch (moat_node_decide(n->phase, &view)) {
	case MOAT_NODE_RESOLVE:
		n->remove_at = 0;
		return resolve(bs, n);
	case MOAT_NODE_REMOVE:
		return remove_node(bs, n);
	case MOAT_NODE_FORGET:
		moat_info("vbd %u/%u: gone", n->front, n->device);
		forget(bs, n);
		return remove_empty_parent(bs, front);
	case MOAT_NODE_NONE:
		n->remove_at = 0;
		if (n->phase == MOAT_NODE_SERVED && view.params_changed)
			refuse_change(bs, n);
		break;
	}
	return 0;
}

static struct node *first_dirty(struct moat_backends *bs)
{
	struct node *n = bs->nodes;

	while (n && !n->dirty)
		n = n->next;
	return n;
}

/* Have the timer run out when the next node is to be removed. */
static void set_timer(struct moat_backends *bs)
{
	struct itimerspec when = { 0 };
	uint64_t next = 0;

	for (const struct node *n = bs->nodes; n; n = n->next)
		if (n->remove_at && (!next || n->remove_at < next))
			next = n->remove_at;
	when.it_value.tv_sec = next / 1000;
	when.it_value.tv_nsec = next % 1000 * 1000000;
	timerfd_settime(bs->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int moat_backends_settle(struct moat_backends *bs)
{
	struct node *n;
	int err;

	if (bs->rescan) {
		bs->rescan = false;
		err = scan(bs);
		if (is_lost(err))
			return err;
	}
	while ((n = first_dirty(bs)) != NULL) {
		err = settle_node(bs, n);
		if (is_lost(err))
			return err;
	}
	set_timer(bs);
	return 0;
}
