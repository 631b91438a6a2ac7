/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a run has found: medians and spread, as a table and as JSON.
 */
#ifndef MOAT_BENCH_REPORT_H
#define MOAT_BENCH_REPORT_H

#include <stdio.h>

#include "figures.h"

void report_table(const struct results *results, FILE *to);
int report_json(const struct results *results, const char *path);

#endif
