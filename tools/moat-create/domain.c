// SPDX-License-Identifier: GPL-2.0
/*
 * A domid may be had again as soon as Xen has forgotten its last domain, which is a moment
 * after that domain's end: while anybody still maps a page of it, it stays, dying.
 * libxl by itself would refuse a domid that was used a minute ago; that is what its
 * history is for, and why it is cleared here.
 *
 * Whether somebody else has the domid is asked before and, since others create domains
 * too, once more where libxl failed.
 */
#include "domain.h"

#include <errno.h>
#include <libxl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"

#define DYING_MS 30000
#define POLL_MS 5

enum holder {
	HOLDER_NONE,
	HOLDER_DYING,
	HOLDER_OTHER,
	HOLDER_OURS,
	HOLDER_UNKNOWN,		/* libxl cannot say */
};

struct creation {
	libxl_ctx *ctx;
	libxl_domain_config config;
	uint32_t domid;
};

/* Who has the domid? */
static enum holder look(const struct creation *c)
{
	enum holder found;
	libxl_dominfo info;
	int rc;

	libxl_dominfo_init(&info);
	rc = libxl_domain_info(c->ctx, &info, c->domid);
	if (rc == ERROR_DOMAIN_NOTFOUND)
		found = HOLDER_NONE;
	else if (rc)
		found = HOLDER_UNKNOWN;
	else if (info.dying)
		found = HOLDER_DYING;
	else if (memcmp(&info.uuid, &c->config.c_info.uuid, sizeof(info.uuid)) == 0)
		found = HOLDER_OURS;
	else
		found = HOLDER_OTHER;
	libxl_dominfo_dispose(&info);
	return found;
}

/* Who has the domid once nobody has it who is on the way out? */
static enum holder wait_for_the_dying(const struct creation *c)
{
	const struct timespec step = { .tv_nsec = POLL_MS * 1000000L };
	enum holder found = look(c);

	for (int n = 0; found == HOLDER_DYING && n < DYING_MS / POLL_MS; n++) {
		/* check-ok: sleep: a poll step; nothing announces that a domain is forgotten */
		nanosleep(&step, NULL);
		found = look(c);
	}
	return found;
}

static int refuse(const struct creation *c, enum holder holder)
{
	switch (holder) {
	case HOLDER_NONE:
		return 0;
	case HOLDER_DYING:
		moat_err("the domain that had domid %u does not go", c->domid);
		return -ETIMEDOUT;
	case HOLDER_OURS:
	case HOLDER_OTHER:
		moat_err("another domain has domid %u", c->domid);
		return -EEXIST;
	case HOLDER_UNKNOWN:
		break;
	}
	moat_err("libxl cannot say who has domid %u", c->domid);
	return -EIO;
}

static int create(struct creation *c)
{
	uint32_t made = INVALID_DOMID;
	int rc = libxl_clear_domid_history(c->ctx);

	if (rc) {
		moat_err("libxl cannot clear its history of domids (%d)", rc);
		return -EIO;
	}
	c->config.c_info.domid = c->domid;
	rc = libxl_domain_create_new(c->ctx, &c->config, &made, NULL, NULL);
	if (!rc)
		return 0;
	/* somebody was faster? */
	if (look(c) == HOLDER_OTHER)
		return refuse(c, HOLDER_OTHER);
	moat_err("libxl cannot create the domain (%d)", rc);
	return -EIO;
}

static int create_and_start(struct creation *c, bool unpause)
{
	int err = refuse(c, wait_for_the_dying(c)), rc;

	if (!err)
		err = create(c);
	if (err || !unpause)
		return err;
	rc = libxl_domain_unpause(c->ctx, c->domid, NULL);
	if (!rc)
		return 0;
	moat_err("domain %u is created, and cannot be unpaused (%d)", c->domid, rc);
	return -EIO;
}

static int with_config(struct creation *c, const char *json, bool unpause)
{
	int err;

	libxl_domain_config_init(&c->config);
	if (libxl_domain_config_from_json(c->ctx, &c->config, json)) {
		moat_err("libxl does not understand what xl has read");
		err = -EINVAL;
	} else {
		err = create_and_start(c, unpause);
	}
	libxl_domain_config_dispose(&c->config);
	return err;
}

int moat_domain_create(uint32_t domid, const char *json, bool unpause)
{
	xentoollog_logger *log = (xentoollog_logger *)
		xtl_createlogger_stdiostream(stderr, XTL_WARN, 0);
	struct creation c = { .domid = domid };
	int err = -EIO;

	if (!log)
		return -ENOMEM;
	if (libxl_ctx_alloc(&c.ctx, LIBXL_VERSION, 0, log))
		moat_err("libxl cannot be used: is this Xen's control domain?");
	else
		err = with_config(&c, json, unpause);
	libxl_ctx_free(c.ctx);
	xtl_logger_destroy(log);
	return err;
}
