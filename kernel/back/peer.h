/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose pages they are: what of a ring those know who get at its front end's pages.
 */
#ifndef MOAT_BACK_PEER_H
#define MOAT_BACK_PEER_H

#include <xen/interface/xen.h>

struct moat_stat;
struct moat_tenant;

/**
 * struct moat_peer - the front end of a ring
 * @domid: its domain, which grants the pages
 * @tenant: the same, with all its rings
 * @stat: the ring's counters
 */
struct moat_peer {
	domid_t domid;
	struct moat_tenant *tenant;
	struct moat_stat *stat;
};

#endif
