// SPDX-License-Identifier: GPL-2.0
/*
 * A domid may be had again as soon as Xen has forgotten its last domain, which is a moment
 * after that domain's end: while anybody still maps a page of it, it stays, dying.
 * libxl by itself would refuse a domid that was used a minute ago; that is what its
 * history is for, and why it is cleared here.
 *
 * Whether somebody else has the domid is asked before and, since others create domains
 * too, once more where libxl failed. To leave them no time, the domain that is to be
 * replaced is destroyed here, when all else is ready for its successor.
 */
#include "domain.h"

#include <errno.h>
#include <libxl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "pciback.h"

#define DYING_MS 30000
#define PCIBACK_MS 3000
#define POLL_MS 5

enum holder {
	HOLDER_NONE,
	HOLDER_DYING,
	HOLDER_REPLACED,	/* the one that is to go */
	HOLDER_OURS,
	HOLDER_OTHER,
	HOLDER_UNKNOWN,		/* libxl cannot say */
};

struct creation {
	const struct moat_order *order;
	libxl_ctx *ctx;
	libxl_domain_config config;
	libxl_uuid replaced;
};

static bool is_same(const libxl_uuid *a, const libxl_uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Who has the domid? */
static enum holder look(const struct creation *c)
{
	enum holder found;
	libxl_dominfo info;
	int rc;

	libxl_dominfo_init(&info);
	rc = libxl_domain_info(c->ctx, &info, c->order->domid);
	if (rc == ERROR_DOMAIN_NOTFOUND)
		found = HOLDER_NONE;
	else if (rc)
		found = HOLDER_UNKNOWN;
	else if (info.dying)
		found = HOLDER_DYING;
	else if (is_same(&info.uuid, &c->config.c_info.uuid))
		found = HOLDER_OURS;
	else if (c->order->replaced && is_same(&info.uuid, &c->replaced))
		found = HOLDER_REPLACED;
	else
		found = HOLDER_OTHER;
	libxl_dominfo_dispose(&info);
	return found;
}

/* Nothing announces that a domain is forgotten, nor that a device is free. */
static void poll_step(void)
{
	const struct timespec step = { .tv_nsec = POLL_MS * 1000000L };

	/* check-ok: sleep: a poll step; whoever calls has a bound */
	nanosleep(&step, NULL);
}

/* Who has the domid once nobody has it who is on the way out? */
static enum holder wait_for_the_dying(const struct creation *c)
{
	enum holder found = look(c);

	for (int n = 0; found == HOLDER_DYING && n < DYING_MS / POLL_MS; n++) {
		poll_step();
		found = look(c);
	}
	return found;
}

/* Return: whether it has let go of all that the last domain of that domid had. */
static bool wait_for_pciback(const struct creation *c)
{
	for (int n = 0; n < PCIBACK_MS / POLL_MS; n++) {
		if (!moat_pciback_holds(c->order->domid))
			return true;
		poll_step();
	}
	return false;
}

/* While its devices are on their way back it keeps the domid: its successor wants them. */
static enum holder destroy_replaced(const struct creation *c)
{
	enum holder found;
	int rc;

	wait_for_pciback(c);
	rc = libxl_domain_destroy(c->ctx, c->order->domid, NULL);
	found = wait_for_the_dying(c);
	if (rc && found == HOLDER_REPLACED)
		moat_err("libxl cannot destroy domain %u (%d)", c->order->domid, rc);
	return found;
}

/* Return: 0 if nobody has the domid any more, or -errno. */
static int refuse(const struct creation *c, enum holder holder)
{
	unsigned int domid = c->order->domid;

	switch (holder) {
	case HOLDER_NONE:
		return 0;
	case HOLDER_DYING:
		moat_err("the domain that had domid %u does not go", domid);
		return -ETIMEDOUT;
	case HOLDER_REPLACED:
		return -EIO;	/* said already */
	case HOLDER_OURS:
	case HOLDER_OTHER:
		moat_err("another domain has domid %u", domid);
		return -EEXIST;
	case HOLDER_UNKNOWN:
		break;
	}
	moat_err("libxl cannot say who has domid %u", domid);
	return -EIO;
}

static int create(struct creation *c)
{
	uint32_t made = INVALID_DOMID;
	int rc;

	/*
	 * It knows a domain by its domid. While it still has devices of the last one, the
	 * node for the new one is none that is new to it, and they would never come.
	 */
	if (c->config.num_pcidevs && !wait_for_pciback(c)) {
		moat_err("pciback still has devices of the last domain %u", c->order->domid);
		return -EBUSY;
	}
	rc = libxl_clear_domid_history(c->ctx);
	if (rc) {
		moat_err("libxl cannot clear its history of domids (%d)", rc);
		return -EIO;
	}
	c->config.c_info.domid = c->order->domid;
	rc = libxl_domain_create_new(c->ctx, &c->config, &made, NULL, NULL);
	if (!rc)
		return 0;
	/* somebody was faster? */
	if (look(c) == HOLDER_OTHER)
		return refuse(c, HOLDER_OTHER);
	moat_err("libxl cannot create the domain (%d)", rc);
	return -EIO;
}

static int create_and_start(struct creation *c)
{
	enum holder found = wait_for_the_dying(c);
	int err, rc;

	if (found == HOLDER_REPLACED)
		found = destroy_replaced(c);
	err = refuse(c, found);
	if (!err)
		err = create(c);
	if (err || !c->order->unpause)
		return err;
	rc = libxl_domain_unpause(c->ctx, c->order->domid, NULL);
	if (!rc)
		return 0;
	moat_err("domain %u is created, and cannot be unpaused (%d)", c->order->domid, rc);
	return -EIO;
}

static int with_config(struct creation *c)
{
	int err;

	libxl_domain_config_init(&c->config);
	if (libxl_domain_config_from_json(c->ctx, &c->config, c->order->json)) {
		moat_err("libxl does not understand what xl has read");
		err = -EINVAL;
	} else {
		err = create_and_start(c);
	}
	libxl_domain_config_dispose(&c->config);
	return err;
}

int moat_domain_create(const struct moat_order *order)
{
	xentoollog_logger *log = (xentoollog_logger *)
		xtl_createlogger_stdiostream(stderr, XTL_WARN, 0);
	struct creation c = { .order = order };
	int err = -EIO;

	if (!log)
		return -ENOMEM;
	if (libxl_ctx_alloc(&c.ctx, LIBXL_VERSION, 0, log))
		moat_err("libxl cannot be used: is this Xen's control domain?");
	else if (order->replaced && libxl_uuid_from_string(&c.replaced, order->replaced))
		moat_err("not a uuid: %s", order->replaced);
	else
		err = with_config(&c);
	libxl_ctx_free(c.ctx);
	xtl_logger_destroy(log);
	return err;
}
