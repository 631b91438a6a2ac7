/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread on each vCPU that looks for responses.
 */
#ifndef MOAT_FRONT_POLL_H
#define MOAT_FRONT_POLL_H

#include <linux/list.h>
#include <linux/types.h>

#include "kernel/common/tune.h"

struct moat_poller;
struct moat_visit;

/**
 * moat_visit_fn - a poller's look at what it visits
 * @v: the visit
 * @busy: the vCPU has other runnable work
 *
 * Return: whether it found anything.
 */
typedef bool moat_visit_fn(struct moat_visit *v, bool busy);

/**
 * struct moat_visit - a place with a poller
 * @poller: the poller, NULL for none yet
 * @link: place in its list; guarded by its lock
 * @look: what it does there
 * @tune: settings of what it visits
 */
struct moat_visit {
	struct moat_poller *poller;
	struct list_head link;
	moat_visit_fn *look;
	const struct moat_tune *tune;
};

int __must_check moat_pollers_create(void);
void moat_pollers_destroy(void);
struct moat_poller *moat_poller_of(unsigned int cpu);

void moat_visit_init(struct moat_visit *v, moat_visit_fn *look,
		     const struct moat_tune *tune);
void moat_visit_begin(struct moat_visit *v);
void moat_visit_end(struct moat_visit *v);
void moat_visit_wait(struct moat_visit *v);

bool moat_poll_vcpu_busy(void);
void moat_poll_relax(const struct moat_tune *tune, u32 looks);

#endif
