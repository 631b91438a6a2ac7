/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The storage domains that moatd keeps, asked for and judged.
 */
#ifndef MOAT_STORAGES_H
#define MOAT_STORAGES_H

#include "client.h"
#include "condition.h"

/**
 * moat_storages_get() - ask moatd for all of them, or for one
 * @context: where moatd is
 * @name: that one; NULL: all
 * @list: set to an array of them, each judged as by moat_condition_judge(); the
 *	  caller gives it back
 *
 * Return: MOAT_EXIT_OK, or the status to end with; all has been said then.
 */
int moat_storages_get(const struct moat_context *context, const char *name,
		      json_t **list);

/* The worst condition of a list; an empty one is well. */
enum moat_condition moat_storages_condition(const json_t *list);

#endif
