/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a storage domain is, for somebody who wants to know whether to get up:
 * one word, and what is wrong with what to do about it.
 *
 * moatd tells facts; which of them are trouble is said here, once, for status,
 * check and metrics. moat-json(5) lists the words.
 */
#ifndef MOAT_CONDITION_H
#define MOAT_CONDITION_H

#include <jansson.h>

/* Ordered: the worst of several is the greatest. */
enum moat_condition {
	MOAT_CONDITION_OK,
	MOAT_CONDITION_DEGRADED,	/* it serves, but something is missing */
	MOAT_CONDITION_DOWN,		/* it does not serve */
};

const char *moat_condition_name(enum moat_condition condition);

/* The status that moat ends with: enum moat_exit. */
int moat_condition_exit(enum moat_condition condition);

/**
 * moat_condition_judge() - judge a storage domain
 * @storage: as moatd tells it; gets "condition", a word, and "problems", a
 *	     list of objects with "problem" (a word), "domain" and "vdev" (null
 *	     where it is about no disk), "text" and "advice"
 *
 * Return: the same as "condition".
 */
enum moat_condition moat_condition_judge(json_t *storage);

/**
 * moat_condition_would_lose() - does a disk die with its storage domain?
 * @storage: a storage domain
 * @disk: one of its disks
 *
 * Return: whether @disk is in use there by a front end that cannot recover.
 */
int moat_condition_would_lose(const json_t *storage, const json_t *disk);

#endif
