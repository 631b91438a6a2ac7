// SPDX-License-Identifier: GPL-2.0
/*
 * Routing. Every way in which a domain can stop answering ends its sessions with
 * FRAME_LOST and the reason: no such domain, it died, its agent never came up, it
 * closed the link, or it has not answered pings for HANG_MS.
 */
#include "router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "watch.h"

/* A domain that shares a loaded host can be late by many seconds, not by this. */
enum { PING_MS = 10000, HANG_MS = 90000, NAME_BYTES = 64, PATH_BYTES = 128 };

struct domain {
	struct domain *next;
	int domid;
	char name[NAME_BYTES];
	struct link *link;
	struct link backlog;	/* what was sent before the link came up */
	long long heard_ms;
	long long asked_ms;
};

struct route {
	struct route *next;
	struct domain *domain;
	uint32_t session;
	long long deadline_ms;	/* for the link to come up */
};

static struct xs_handle *xs;
static int watch_fd;
static xc_interface *xc;
static struct link *host;
static struct domain *domains;
static struct route *routes;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int router_init(struct xs_handle *handle, int watches, struct link *to_host)
{
	xs = handle;
	watch_fd = watches;
	host = to_host;
	xc = xc_interface_open(NULL, NULL, 0);
	if (!xc || watch_add(watch_fd, "@releaseDomain"))
		return -1;
	return 0;
}

/* Finds a domain's number by its name; -1 when no living domain has it. */
static int find_domid(const char *name)
{
	unsigned int count = 0;
	char **ids = xs_directory(xs, XBT_NULL, "/local/domain", &count);
	char path[PATH_BYTES];
	int found = -1;

	for (unsigned int i = 0; ids && i < count; i++) {
		char *have;

		snprintf(path, sizeof(path), "/local/domain/%s/name", ids[i]);
		have = xs_read(xs, XBT_NULL, path, NULL);
		if (have && !strcmp(have, name))
			found = atoi(ids[i]);
		free(have);
	}
	free(ids);
	return found;
}

static void watch_path(const struct domain *d, char *path, size_t size)
{
	snprintf(path, size, "/local/domain/%d/" LAB_XS_DIR, d->domid);
}

static void domain_connect(struct domain *d)
{
	char path[PATH_BYTES];

	if (d->link)
		return;
	watch_path(d, path, sizeof(path));
	d->link = link_connect(d->domid, path);
	if (!d->link)
		return;
	d->heard_ms = now_ms();
	buffer_add(&d->link->out, buffer_head(&d->backlog.out),
		   buffer_len(&d->backlog.out));
	buffer_drop(&d->backlog.out, buffer_len(&d->backlog.out));
}

static struct domain *domain_get(const char *name)
{
	int domid = find_domid(name);
	char path[PATH_BYTES];
	struct domain *d;

	if (domid < 0)
		return NULL;
	for (d = domains; d; d = d->next)
		if (d->domid == domid)
			break;
	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return NULL;
		d->domid = domid;
		d->next = domains;
		domains = d;
		watch_path(d, path, sizeof(path));
		watch_add(watch_fd, path);
	}
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

static bool domain_has_route(const struct domain *d)
{
	for (struct route *r = routes; r; r = r->next)
		if (r->domain == d)
			return true;
	return false;
}

/* Ends all sessions of a domain; its link starts anew with the next session. */
static void domain_lose(struct domain *d, const char *reason)
{
	char text[2 * NAME_BYTES + 32];
	struct route **at = &routes;

	snprintf(text, sizeof(text), "domain %s (id %d) %s", d->name, d->domid, reason);
	while (*at) {
		struct route *r = *at;

		if (r->domain != d) {
			at = &r->next;
			continue;
		}
		link_send(host, FRAME_LOST, r->session, text, strlen(text));
		*at = r->next;
		free(r);
	}
	link_close(d->link);
	d->link = NULL;
	buffer_drop(&d->backlog.out, buffer_len(&d->backlog.out));
}

static void domain_free(struct domain *gone)
{
	struct domain **at = &domains;
	char path[PATH_BYTES];

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	watch_path(gone, path, sizeof(path));
	watch_remove(watch_fd, path);
	buffer_free(&gone->backlog.out);
	free(gone);
}

/* Says why a domain cannot run commands any more; NULL while it can. */
static const char *domain_end(int domid)
{
	xc_dominfo_t info;

	if (xc_domain_getinfo(xc, domid, 1, &info) != 1 || info.domid != (uint32_t)domid)
		return "is gone";
	if (info.crashed || (info.shutdown && info.shutdown_reason == SHUTDOWN_crash))
		return "crashed";
	if (info.shutdown && info.shutdown_reason == SHUTDOWN_suspend)
		return "was suspended";
	if (info.shutdown)
		return "shut down";
	if (info.dying)
		return "was destroyed";
	return NULL;
}

/* Called when some domain ended, or some agent has come up. */
void router_domains_changed(void)
{
	struct domain *next;

	for (struct domain *d = domains; d; d = next) {
		const char *end = domain_end(d->domid);

		next = d->next;
		if (end) {
			domain_lose(d, end);
			domain_free(d);
		} else if (domain_has_route(d)) {
			domain_connect(d);
		}
	}
}

/* Starts a session of the host's in the domain called @target. */
void router_open(const struct frame *f, const char *target)
{
	char text[NAME_BYTES + 32];
	struct route *r = calloc(1, sizeof(*r));
	struct domain *d = domain_get(target);
	uint32_t wait_ms;

	if (!r || !d) {
		snprintf(text, sizeof(text), "no such domain: %.60s", target);
		link_send(host, FRAME_LOST, f->session, text, strlen(text));
		free(r);
		return;
	}
	memcpy(&wait_ms, f->payload, sizeof(wait_ms));
	r->session = f->session;
	r->domain = d;
	r->deadline_ms = now_ms() + wait_ms;
	r->next = routes;
	routes = r;
	domain_connect(d);
	router_frame(f);
}

/* Passes a frame of the host on; false when the session is none of ours. */
bool router_frame(const struct frame *f)
{
	for (struct route *r = routes; r; r = r->next) {
		struct link *to;

		if (r->session != f->session)
			continue;
		to = r->domain->link ? r->domain->link : &r->domain->backlog;
		link_send(to, f->type, f->session, f->payload, f->len);
		return true;
	}
	return false;
}

static void route_end(uint32_t session)
{
	for (struct route **at = &routes; *at; at = &(*at)->next) {
		struct route *r = *at;

		if (r->session != session)
			continue;
		*at = r->next;
		free(r);
		return;
	}
}

static bool route_is(const struct domain *d, uint32_t session)
{
	for (struct route *r = routes; r; r = r->next)
		if (r->session == session)
			return r->domain == d;
	return false;
}

/* A domain may speak only for the sessions it was given. */
static void domain_frames(struct domain *d)
{
	struct frame f;

	while (link_next(d->link, &f)) {
		d->heard_ms = now_ms();
		if (f.session && route_is(d, f.session)) {
			link_send(host, f.type, f.session, f.payload, f.len);
			if (f.type == FRAME_EXIT || f.type == FRAME_LOST)
				route_end(f.session);
		}
		link_done(d->link, &f);
	}
}

int router_poll_fill(struct pollfd *pfd)
{
	int count = 0;

	for (struct domain *d = domains; d && count < ROUTER_DOMAINS; d = d->next)
		if (d->link)
			pfd[count++] = (struct pollfd){ d->link->fd, POLLIN, 0 };
	return count;
}

void router_poll_done(const struct pollfd *pfd, int count)
{
	for (int i = 0; i < count; i++) {
		for (struct domain *d = domains; pfd[i].revents && d; d = d->next) {
			if (!d->link || d->link->fd != pfd[i].fd)
				continue;
			link_pump(d->link, pfd[i].revents);
			domain_frames(d);
			if (d->link->broken)
				domain_lose(d, "closed its link");
			break;
		}
	}
}

void router_flush(void)
{
	for (struct domain *d = domains; d; d = d->next)
		if (d->link)
			link_flush(d->link);
}

static void domain_check(struct domain *d, long long now)
{
	if (!d->link)
		return;
	if (now - d->heard_ms >= HANG_MS) {
		domain_lose(d, "does not answer");
	} else if (now - d->heard_ms >= PING_MS && now - d->asked_ms >= PING_MS) {
		d->asked_ms = now;
		link_send(d->link, FRAME_PING, 0, NULL, 0);
	}
}

/* Looks at all deadlines; returns the time poll() may wait, -1 for ever. */
int router_tick(void)
{
	long long now = now_ms();
	struct route *next;

	for (struct route *r = routes; r; r = next) {
		next = r->next;
		if (r->domain->link || now < r->deadline_ms)
			continue;
		domain_lose(r->domain, "has no agent running");
		next = routes;
	}
	for (struct domain *d = domains; d; d = d->next) {
		if (domain_has_route(d))
			domain_check(d, now);
		else
			d->heard_ms = now;
	}
	return routes ? 500 : -1;
}
