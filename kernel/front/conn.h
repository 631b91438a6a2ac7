/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a disk to a back end.
 */
#ifndef MOAT_FRONT_CONN_H
#define MOAT_FRONT_CONN_H

#include <linux/types.h>

struct moat_disk;

void moat_conn_init(struct moat_disk *disk);
void moat_conn_wake(struct moat_disk *disk);
void moat_conn_notice(struct moat_disk *disk);
void moat_conn_stop(struct moat_disk *disk);
void moat_conn_ask(struct moat_disk *disk, bool again);

#endif
