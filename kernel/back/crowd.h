/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all tenants together have at the devices.
 */
#ifndef MOAT_BACK_CROWD_H
#define MOAT_BACK_CROWD_H

#include <linux/types.h>

/**
 * struct moat_member - one of them
 * @id: which
 * @heavy_ns: when it last had more than little in flight; any poller says so
 */
struct moat_member {
	u32 id;
	u64 heavy_ns;
};

void moat_crowd_join(void);
void moat_crowd_leave(void);
bool moat_crowd_several(void);
void moat_crowd_add(struct moat_member *member, int has, int pages, u64 now);
void moat_crowd_took(const struct moat_member *member, u32 pages, u64 took_ns, u64 now);
int moat_crowd_left(const struct moat_member *member, u64 now);

#endif
