/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Single keys of xenstore, and whether they can be known.
 */
#ifndef MOAT_LOOKUP_H
#define MOAT_LOOKUP_H

#include <linux/types.h>
#include <xen/xenbus.h>

int __must_check moat_lookup_u64(const char *dir, const char *key, u64 absent, u64 *value);
int __must_check moat_lookup_u32(const char *dir, const char *key, u32 absent, u32 *value);
int __must_check moat_lookup_flag(const char *dir, const char *key, bool absent, bool *value);
int __must_check moat_lookup_text(const char *dir, const char *key, char **text);
int __must_check moat_lookup_state(const char *dir, enum xenbus_state *state);

#endif
