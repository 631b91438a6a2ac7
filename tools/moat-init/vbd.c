// SPDX-License-Identifier: GPL-2.0
/*
 * Back-end nodes, one at a time: what is to be seen of a node, and writing to it.
 */
#include "vbd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"

#define STATE_CLOSED "6"
/* a transaction that loses against others this often is given up */
#define TXN_TRIES 32

static int key_path(char *path, size_t size, const struct moat_vbd *vbd,
		    const char *key)
{
	return snprintf(path, size, "%s/%s", vbd->path, key);
}

int moat_vbd_read(struct moat_store *store, const struct moat_vbd *vbd,
		  const char *key, char *buf, size_t size)
{
	char path[MOAT_VBD_PATH + 64];

	key_path(path, sizeof(path), vbd, key);
	return moat_store_read(store, path, buf, size);
}

static int write_key(struct moat_store *store, const struct moat_vbd *vbd,
		     const char *key, const char *value)
{
	char path[MOAT_VBD_PATH + 64];

	key_path(path, sizeof(path), vbd, key);
	return moat_store_write(store, path, value);
}

static int remove_key(struct moat_store *store, const struct moat_vbd *vbd,
		      const char *key)
{
	char path[MOAT_VBD_PATH + 64];
	int err;

	key_path(path, sizeof(path), vbd, key);
	err = moat_store_rm(store, path);
	return err == -ENOENT ? 0 : err;
}

/* Has a kernel driver taken the xenbus device? */
static bool is_bound(const struct moat_vbd *vbd)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/bus/xen-backend/devices/vbd-%u-%u/driver", vbd->front,
		 vbd->device);
	return access(path, F_OK) == 0;
}

/* Find and watch the front end's directory, and see whether it is there. */
static int look_at_front(struct moat_store *store, struct moat_vbd *vbd,
			 struct moat_node_view *view)
{
	char value[MOAT_STORE_VALUE];
	int got;

	if (!vbd->front_path[0]) {
		got = moat_vbd_read(store, vbd, "frontend", vbd->front_path,
			       sizeof(vbd->front_path));
		if (got <= 0) {
			vbd->front_path[0] = '\0';
			return moat_store_is_lost(got) ? got : 0;
		}
		got = moat_store_watch(store, vbd->front_path, MOAT_VBD_TOKEN_FRONT);
		if (moat_store_is_lost(got))
			return got;
		if (got)
			moat_warn("%s/frontend=%s cannot be watched: %s",
				  vbd->path, vbd->front_path, strerror(-got));
	}
	got = moat_store_read(store, vbd->front_path, value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	view->front_present = got != -ENOENT;
	if (view->front_present)
		vbd->front_seen = true;
	view->front_seen = vbd->front_seen;
	return 0;
}

int moat_vbd_look(struct moat_store *store, struct moat_vbd *vbd,
		  struct moat_node_view *view)
{
	char value[MOAT_STORE_VALUE];
	int got = moat_store_read(store, vbd->path, value, sizeof(value));

	memset(view, 0, sizeof(*view));
	if (moat_store_is_lost(got))
		return got;
	view->present = got != -ENOENT;
	if (!view->present)
		return 0;
	got = moat_vbd_read(store, vbd, "online", value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	view->online = got < 0 || strcmp(value, "0");
	got = moat_vbd_read(store, vbd, "state", value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	view->closed = got > 0 && strcmp(value, STATE_CLOSED) == 0;
	got = moat_vbd_read(store, vbd, "params", value, sizeof(value));
	if (moat_store_is_lost(got))
		return got;
	view->has_params = got > 0;
	view->params_changed = got > 0 && strncmp(value, vbd->params,
						  sizeof(vbd->params) - 1);
	view->bound = is_bound(vbd);
	view->retry = vbd->retry;
	return look_at_front(store, vbd, view);
}

/*
 * Start a transaction in which the node is known to exist, so that a write
 * cannot bring back to life what the control domain has just removed.
 */
static int begin_on(struct moat_store *store, const struct moat_vbd *vbd)
{
	char value[MOAT_STORE_VALUE];
	int err = moat_store_begin(store);

	if (err)
		return err;
	err = moat_vbd_read(store, vbd, "frontend", value, sizeof(value));
	if (err < 0) {
		moat_store_abort(store);
		return err;
	}
	return 0;
}

int moat_vbd_write(struct moat_store *store, const struct moat_vbd *vbd,
		   const struct moat_vbd_pair *pairs)
{
	int err = -EAGAIN;

	for (int i = 0; i < TXN_TRIES && err == -EAGAIN; i++) {
		err = begin_on(store, vbd);
		if (err)
			return err;
		for (const struct moat_vbd_pair *p = pairs; p->key && !err; p++)
			err = p->value ? write_key(store, vbd, p->key, p->value) :
					 remove_key(store, vbd, p->key);
		if (err) {
			moat_store_abort(store);
			return err;
		}
		err = moat_store_commit(store);
	}
	return err;
}

void moat_vbd_release(struct moat_vbd *vbd)
{
	if (vbd->phase == MOAT_NODE_SERVED)
		moat_blockdev_release(&vbd->disk);
	vbd->phase = MOAT_NODE_NEW;
	vbd->tell_at = 0;
}
