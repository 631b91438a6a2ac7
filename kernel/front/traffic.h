/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests and responses through a ring.
 */
#ifndef MOAT_FRONT_TRAFFIC_H
#define MOAT_FRONT_TRAFFIC_H

#include <linux/types.h>

struct io_comp_batch;
struct moat_io;
struct moat_queue;

/* Flags of moat_traffic_issue(). */
#define MOAT_ISSUE_PUSH 1u	/* show the back end what was issued so far */
#define MOAT_ISSUE_REPLAY 2u	/* it was issued before, on a connection now gone */
#define MOAT_ISSUE_URGENT 4u	/* if there is no room: before any other, when there is */

void moat_traffic_init(struct moat_queue *q);
int __must_check moat_traffic_issue(struct moat_queue *q, struct moat_io *io, u32 flags);
void moat_traffic_commit(struct moat_queue *q);
int moat_traffic_look(struct moat_queue *q, struct io_comp_batch *batch);
void moat_traffic_silence(struct moat_queue *q);
void moat_traffic_poll(struct moat_queue *q, bool polled);
void moat_traffic_retune(struct moat_queue *q);

#endif
