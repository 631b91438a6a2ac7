/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters: what a new disk starts with, and the limits of all.
 */
#ifndef MOAT_BACK_PARAMS_H
#define MOAT_BACK_PARAMS_H

#include "kernel/common/tune.h"

/* How a request's data gets between the front end's pages and the disk. */
enum moat_data_path {
	MOAT_PATH_AUTO,		/* persistent where negotiated, else map */
	MOAT_PATH_PERSISTENT,	/* mapped once, kept mapped */
	MOAT_PATH_MAP,		/* mapped for the one request */
	MOAT_PATH_COPY,		/* copied by Xen to or from a local page */
};

/* Indexed by enum moat_data_path, ends with NULL. */
extern const char *const moat_data_path_names[];

/* A request is one bio, and that is the most a bio carries. */
#define MOAT_MAX_SEGS 256u

unsigned int moat_params_queues(void);
unsigned int moat_params_ring_order(void);
unsigned int moat_params_segs(void);
unsigned int moat_params_persistent(void);
unsigned long moat_params_persistent_age(void);
unsigned int moat_params_budget(void);
int moat_params_disk_pages(void);
int moat_params_disk_requests(void);
int moat_params_tenant_pages(void);
int moat_params_tenant_requests(void);
bool moat_params_device_window(void);
int moat_params_tenant_kept(void);
unsigned int moat_params_watchdog(void);
void moat_params_tune(struct moat_tune *tune);
int moat_params_check(void);

#endif
