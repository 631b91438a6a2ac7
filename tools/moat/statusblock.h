/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Storage domains and disks as blocks of lines: what a terminal gets, however
 * narrow it is.
 */
#ifndef MOAT_STATUSBLOCK_H
#define MOAT_STATUSBLOCK_H

#include <jansson.h>
#include <stdio.h>

/* All of a list of storage domains, what is wrong included. */
void moat_status_block(const json_t *list, FILE *out);

/* What is wrong with them, and nothing else. */
void moat_status_problem_block(const json_t *list, FILE *out);

#endif
