/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a hostile back end: rings, and what xenstore says of the disk.
 */
#ifndef MOAT_HOSTILE_HOST_H
#define MOAT_HOSTILE_HOST_H

#include <linux/types.h>

#include "chance.h"
#include "desk.h"
#include "half.h"
#include "keep.h"

#define HOST_DESKS 4

/**
 * struct host - one disk, served with malice
 * @half: device, counters, the front end's state
 * @desk: rings of this connection
 * @nr_desks: how many
 * @keep: pages that are kept mapped
 * @spoilt: which keys of xenstore do not say how the disk is, a bit each
 * @connection: which one it is
 */
struct host {
	struct half half;
	struct desk desk[HOST_DESKS];
	unsigned int nr_desks;
	struct keep keep;
	unsigned long spoilt;
	u32 connection;
};

void host_call(struct host *host);
int host_open(struct host *host);
void host_close(struct host *host);
void host_tell(struct host *host);
void host_offer_trick(struct host *host, struct chance *chance);
void host_tell_trick(struct host *host, struct chance *chance);
bool host_is_accused(struct host *host, const char *of);

#endif
