// SPDX-License-Identifier: GPL-2.0
/*
 * How a node's `params` become the `physical-device` that the kernel's back end
 * waits for, and what is told where they cannot.
 */
#include "resolve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <moat/keys.h>

#include "../lib/log.h"
#include "clock.h"
#include "sharing.h"

/* a disk that its last user does not let go for so long is told to be in use */
#define LET_GO_MS 10000

static int fail(struct moat_store *store, struct moat_vbd *vbd,
		const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Say why a node is not served, in the log and in xenstore. */
static int tell(struct moat_store *store, struct moat_vbd *vbd, const char *why)
{
	const struct moat_vbd_pair pairs[] = {
		{ "hotplug-error", why },
		{ "hotplug-status", "error" },
		{ NULL, NULL },
	};
	int err;

	moat_err("vbd %u/%u: %s", vbd->front, vbd->device, why);
	err = moat_vbd_write(store, vbd, pairs);
	return moat_store_is_lost(err) ? err : 0;
}

/* A node that cannot be served unless it is written anew. */
static int fail(struct moat_store *store, struct moat_vbd *vbd,
		const char *fmt, ...)
{
	char why[MOAT_PARAMS_PATH + 256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	vbd->phase = MOAT_NODE_FAILED;
	return tell(store, vbd, why);
}

static void remember_params(struct moat_vbd *vbd, const char *value)
{
	/* what was told names the old ones */
	if (strncmp(vbd->params, value, sizeof(vbd->params) - 1))
		vbd->told[0] = '\0';
	snprintf(vbd->params, sizeof(vbd->params), "%.*s",
		 (int)sizeof(vbd->params) - 1, value);
}

/* Read and parse what to open. Return: 1; 0 if failed; or lost. */
static int read_spec(struct moat_store *store, struct moat_vbd *vbd,
		     struct moat_blockdev_spec *spec)
{
	char value[MOAT_STORE_VALUE];
	const char *wrong;
	int got = moat_vbd_read(store, vbd, "params", value, sizeof(value));

	if (got < 0)
		return moat_store_is_lost(got) ? got : 0;
	remember_params(vbd, value);
	wrong = moat_params_parse(value, &spec->params);
	if (wrong)
		return fail(store, vbd, "%s/params=%.200s: %s", vbd->path,
			    value, wrong);
	got = moat_vbd_read(store, vbd, "mode", value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	if (got < 0)
		return fail(store, vbd, "%s/mode: %s", vbd->path,
			    strerror(-got));
	wrong = moat_params_mode(value, &spec->read_only, &spec->shared);
	if (wrong)
		return fail(store, vbd, "%s/mode=%.200s: %s", vbd->path,
			    value, wrong);
	got = moat_vbd_read(store, vbd, "direct-io-safe", value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	spec->direct = got > 0 && strcmp(value, "1") == 0;
	return 1;
}

/* Tell the kernel's back end which device it is. */
static int publish(struct moat_store *store, struct moat_vbd *vbd)
{
	char device[32];
	const struct moat_vbd_pair pairs[] = {
		{ MOAT_KEY_IDENTITY, vbd->disk.identity },
		{ MOAT_KEY_CACHE, vbd->disk.cache_outside ? MOAT_CACHE_DEVICE :
							    MOAT_CACHE_DOMAIN },
		{ MOAT_KEY_SAME_VM, vbd->same_vm ? "1" : NULL },
		{ "physical-device", device },
		{ "physical-device-path", vbd->disk.path },
		{ "hotplug-error", NULL },
		{ "hotplug-status", "connected" },
		{ NULL, NULL },
	};

	snprintf(device, sizeof(device), "%x:%x", major(vbd->disk.dev),
		 minor(vbd->disk.dev));
	return moat_vbd_write(store, vbd, pairs);
}

static void begin_to_wait(struct moat_vbd *vbd, const char *why)
{
	if (vbd->phase == MOAT_NODE_WAITING)
		return;
	moat_notice("vbd %u/%u: %s: %s; waiting for it", vbd->front, vbd->device,
		    vbd->params, why);
	vbd->phase = MOAT_NODE_WAITING;
	vbd->waits_since = moat_clock_ms();
	vbd->told[0] = '\0';
}

static int wait_for_disk(struct moat_store *store, struct moat_vbd *vbd,
			 uint64_t tell_at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Try again when something has changed; tell why, unless that is soon. */
static int wait_for_disk(struct moat_store *store, struct moat_vbd *vbd,
			 uint64_t tell_at, const char *fmt, ...)
{
	char why[MOAT_VBD_WHY], text[MOAT_PARAMS_PATH + MOAT_VBD_PATH + MOAT_VBD_WHY + 16];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	begin_to_wait(vbd, why);
	if (strcmp(vbd->told, why) == 0)
		return 0;
	if (moat_clock_ms() < tell_at) {
		vbd->tell_at = tell_at;
		return 0;
	}
	strcpy(vbd->told, why);
	snprintf(text, sizeof(text), "%s/params=%s: %s", vbd->path, vbd->params, why);
	return tell(store, vbd, text);
}

/* The last user is about to let it go: tell only if that takes long. */
static uint64_t let_go_at(const struct moat_vbd *vbd)
{
	uint64_t since = vbd->phase == MOAT_NODE_WAITING ? vbd->waits_since :
							    moat_clock_ms();

	return since + LET_GO_MS;
}

/* Say that the disk is served, and how. */
static void log_served(const struct moat_vbd *vbd)
{
	const struct moat_blockdev *disk = &vbd->disk;
	/* a loop device, or what a lasting name is the name of */
	bool through = strcmp(disk->path, vbd->params) != 0;

	moat_notice("vbd %u/%u: serving %s%s%s (%u:%u), %s%s", vbd->front,
		    vbd->device, vbd->params, through ? " through " : "",
		    through ? disk->path : "", major(disk->dev), minor(disk->dev),
		    disk->read_only ? "read-only" : "read-write",
		    vbd->shared ? ", shared" : "");
}

/* Neither found nor set up. */
static int no_disk(struct moat_store *store, struct moat_vbd *vbd, int err)
{
	switch (err) {
	case -EAGAIN:
		return wait_for_disk(store, vbd, let_go_at(vbd),
				     "has not been let go by its last user");
	case -ETIMEDOUT:
		return wait_for_disk(store, vbd, 0, "does not answer");
	case -ENOTUNIQ:
		return wait_for_disk(store, vbd, 0, "several devices have this name");
	case -EUSERS:
		return wait_for_disk(store, vbd, 0, "not looked at, as too many others "
				     "do not answer");
	case -ENOTBLK:
		return fail(store, vbd, "%s/params=%s: neither a block device "
			    "nor a regular file", vbd->path, vbd->params);
	default:
		return fail(store, vbd, "%s/params=%s: %s", vbd->path,
			    vbd->params, strerror(-err));
	}
}

/* Set up the disk that was found, and hand it to the kernel. */
static int serve(struct moat_store *store, struct moat_vbd *vbd,
		 const struct moat_blockdev_spec *spec)
{
	int err = moat_blockdev_attach(spec, &vbd->disk);

	if (err)
		return no_disk(store, vbd, err);
	vbd->shared = spec->shared;
	vbd->phase = MOAT_NODE_SERVED;
	err = publish(store, vbd);
	if (!err) {
		log_served(vbd);
		return 0;
	}
	moat_vbd_release(vbd);
	/* gone meanwhile: the event that tells so is on its way */
	if (moat_store_is_lost(err) || err == -ENOENT)
		return moat_store_is_lost(err) ? err : 0;
	return fail(store, vbd, "%s/physical-device: %s", vbd->path,
		    strerror(-err));
}

/* Somebody else has the disk that was found. */
static int in_use(struct moat_store *store, struct moat_vbd *vbd,
		  const struct moat_sharing *sharing)
{
	const struct moat_vbd *other = sharing->other;

	if (sharing->going)
		return wait_for_disk(store, vbd, let_go_at(vbd),
				     "is in use by vbd %u/%u, which is being detached",
				     other->front, other->device);
	return wait_for_disk(store, vbd, 0, "is in use by vbd %u/%u, of %s", other->front,
			     other->device, other->front == vbd->front ?
			     "the same domain" : sharing->unknown ?
			     "a VM that we may not compare" : "another VM");
}

static int find_and_serve(struct moat_store *store, struct moat_vbd *vbd,
			  const struct moat_blockdev_spec *spec,
			  struct moat_vbd *all, uint64_t settled_at)
{
	struct moat_sharing sharing;
	int err = moat_blockdev_find(spec, &vbd->disk);

	if (err == -ENOENT && spec->params.device)
		return wait_for_disk(store, vbd, settled_at, "there is no such device");
	if (err)
		return no_disk(store, vbd, err);
	err = moat_sharing_look(store, vbd, spec->shared, all, &sharing);
	if (err)
		return err;
	if (sharing.other)
		return in_use(store, vbd, &sharing);
	vbd->same_vm = sharing.same_vm;
	return serve(store, vbd, spec);
}

int moat_resolve_disk(struct moat_store *store, struct moat_vbd *vbd,
		      struct moat_vbd *all, uint64_t settled_at)
{
	struct moat_blockdev_spec spec = { .read_only = true };
	char value[MOAT_STORE_VALUE];
	int got;

	vbd->retry = false;
	vbd->tell_at = 0;
	if (vbd->phase == MOAT_NODE_NEW) {
		got = moat_vbd_read(store, vbd, "physical-device", value,
			       sizeof(value));
		if (moat_store_is_lost(got))
			return got;
		if (got > 0)
			moat_warn("vbd %u/%u: %s/physical-device=%s is not "
				  "ours; replaced", vbd->front, vbd->device,
				  vbd->path, value);
	}
	got = read_spec(store, vbd, &spec);
	return got <= 0 ? got : find_and_serve(store, vbd, &spec, all,
						  settled_at);
}

void moat_resolve_change(struct moat_store *store, struct moat_vbd *vbd)
{
	char value[MOAT_STORE_VALUE];

	if (moat_vbd_read(store, vbd, "params", value, sizeof(value)) < 0)
		return;
	moat_warn("vbd %u/%u: %s/params=%.200s ignored: %s is in use; detach "
		  "it first", vbd->front, vbd->device, vbd->path, value,
		  vbd->params);
	remember_params(vbd, value);
}
