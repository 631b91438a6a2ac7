/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of requests, and how one is made.
 */
#ifndef MOAT_COMPAT_REQUEST_H
#define MOAT_COMPAT_REQUEST_H

#include <linux/blk-mq.h>

#include "config.h"

#ifdef MOAT_COMPAT_RQ_NODE_SIGNED
#define MOAT_RQ_NODE int
#else
#define MOAT_RQ_NODE unsigned int
#endif

/* Take all requests off a list: a chain by rq_next, in the list's order. */
#ifdef MOAT_COMPAT_RQ_LIST_STRUCT
#define MOAT_RQ_LIST struct rq_list

static inline struct request *moat_rq_list_take(struct rq_list *rqs)
{
	struct request *first = rqs->head;

	rq_list_init(rqs);
	return first;
}

static inline void moat_rq_list_put(struct rq_list *rqs, struct request *rq)
{
	rq_list_add_head(rqs, rq);
}
#else
#define MOAT_RQ_LIST struct request *

static inline struct request *moat_rq_list_take(struct request **rqs)
{
	struct request *first = *rqs;

	*rqs = NULL;
	return first;
}

static inline void moat_rq_list_put(struct request **rqs, struct request *rq)
{
	rq_list_add(rqs, rq);
}
#endif

#endif
