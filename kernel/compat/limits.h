/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a queue is given limits, again and again, with what an administrator lowers in sysfs
 * kept.
 *
 * They are changed in a copy: moat_limits_begin(), then moat_limits_commit(). Where the
 * kernel has one lock for it, and keeps the administrator's values apart, these use it. Where
 * each limit has a setter that overwrites his value, he is known by a value that is not the
 * one told last.
 */
#ifndef MOAT_COMPAT_LIMITS_H
#define MOAT_COMPAT_LIMITS_H

#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/mutex.h>

#include "config.h"
#include "limits_kept.h"

#ifdef MOAT_COMPAT_LIMITS_UPDATE

/* Who sets a limit in sysfs may hold the lock while he waits for I/O, which may wait for us.
 * Return: 0, or -EBUSY: to be tried again when I/O goes on.
 */
static inline int moat_limits_begin(struct request_queue *queue, struct queue_limits *lim)
{
	if (!mutex_trylock(&queue->limits_lock))
		return -EBUSY;
	*lim = queue->limits;
	return 0;
}

/* Return: 0, or what the block layer has against them. */
static inline int moat_limits_commit(struct request_queue *queue, struct moat_limits *limits,
				     struct queue_limits *lim, bool cache)
{
	lim->features &= ~BLK_FEAT_WRITE_CACHE;
	if (cache)
		lim->features |= BLK_FEAT_WRITE_CACHE;
	return queue_limits_commit_update(queue, lim);
}

static inline void moat_limits_without_cache(struct request_queue *queue,
					     struct moat_limits *limits)
{
	queue->limits.features &= ~BLK_FEAT_WRITE_CACHE;
}

static inline void moat_limits_without_discard(struct request_queue *queue,
					       struct moat_limits *limits)
{
	blk_queue_disable_discard(queue);
}

static inline void moat_limits_without_secure_erase(struct request_queue *queue)
{
	blk_queue_disable_secure_erase(queue);
}

#else
#include "limits_setters.h"
#endif

#endif
