/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moatd knows, as JSON: the answer to "status" (docs/recovery.md).
 */
#ifndef MOATD_STATUS_H
#define MOATD_STATUS_H

#include <jansson.h>

#include "unit.h"

/* Return: a new array, an object for each storage domain. */
json_t *moat_status(struct moat_daemon *daemon);

#endif
