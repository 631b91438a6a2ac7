/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back-end directory asks for: the keys `params` and `mode`, parsed.
 */
#ifndef MOAT_PARAMS_H
#define MOAT_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#define MOAT_PARAMS_PATH 1024

struct moat_params {
	char path[MOAT_PARAMS_PATH];	/* absolute */
	bool device;	/* below /dev, so worth waiting for */
};

/**
 * moat_params_parse() - turn the value of `params` into a path
 * @text: the value; a path, or a name below /dev, perhaps with one of the
 *	  prefixes phy:, file:, raw: or aio:
 * @out: set on success
 *
 * Return: NULL, or what is wrong with it, in words for the log.
 */
const char *moat_params_parse(const char *text, struct moat_params *out);

/**
 * moat_params_mode() - turn the value of `mode` into read-only or not
 * @text: r, w or w! (as xl's ro, rw, and as the block script's exclamation
 *	  mark: share even though somebody writes)
 * @read_only: set on success
 * @shared: set on success; true for w!
 *
 * Return: NULL, or what is wrong with it.
 */
const char *moat_params_mode(const char *text, bool *read_only, bool *shared);

#endif
