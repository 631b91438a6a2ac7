/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of moat metrics: each writes whole families.
 */
#ifndef MOAT_METRICS_H
#define MOAT_METRICS_H

#include "metric.h"
#include "sampler.h"

#include <jansson.h>

/* Of storage domains, and of disks as moatd sees them; a judged list. */
void moat_metrics_storage(struct moat_metric_sink *sink, const json_t *list);
void moat_metrics_disks(struct moat_metric_sink *sink, const json_t *list);

/* What the halves of all disks have counted, after a round. */
void moat_metrics_halves(struct moat_metric_sink *sink,
			 const struct moat_sampler *sampler);

#endif
