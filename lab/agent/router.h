/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dom0's part of the agent: sessions for other domains are passed on to those
 * domains' agents over vchan, under the session numbers the host chose.
 */
#ifndef LAB_ROUTER_H
#define LAB_ROUTER_H

#include <poll.h>
#include <xenstore.h>

#include "link.h"

enum { ROUTER_DOMAINS = 64 };

#define LAB_XS_DIR "data/moat-lab"

int router_init(struct xs_handle *xs, int watches, struct link *host);
void router_open(const struct frame *f, const char *target);
bool router_frame(const struct frame *f);
int router_poll_fill(struct pollfd *pfd);
void router_poll_done(const struct pollfd *pfd, int count);
void router_flush(void);
void router_domains_changed(void);
int router_tick(void);

#endif
