/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection of a disk to a back end.
 */
#ifndef MOAT_FRONT_CONN_H
#define MOAT_FRONT_CONN_H

struct moat_disk;

int moat_conn_open(struct moat_disk *disk);
int moat_conn_start(struct moat_disk *disk);
void moat_conn_close(struct moat_disk *disk);
void moat_conn_drop(struct moat_disk *disk);
void moat_conn_refresh(struct moat_disk *disk);

#endif
