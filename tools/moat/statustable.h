/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Storage domains and disks as tables: what a pipe gets, a line for each.
 */
#ifndef MOAT_STATUSTABLE_H
#define MOAT_STATUSTABLE_H

#include <jansson.h>
#include <stdio.h>

/* All of a list of storage domains: a table of them, and one of their disks. */
void moat_status_table(const json_t *list, FILE *out);

/* What is wrong with them, a problem a line. */
void moat_status_problem_table(const json_t *list, FILE *out);

#endif
