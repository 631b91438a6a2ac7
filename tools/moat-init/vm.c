// SPDX-License-Identifier: GPL-2.0
/*
 * A domain's VM, by what libxl writes of it.
 *
 * Xen's block script takes a VM that it cannot read for the same as the other,
 * and in a driver domain it can read none. Here only what is known counts: two
 * writers on one file system cost more than a migration that is refused.
 */
#include "vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_of(struct moat_store *store, uint32_t domid, const char *key,
		   char *buf, size_t size)
{
	char path[64];
	int got;

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, key);
	got = moat_store_read(store, path, buf, size);
	if (got < 0)
		buf[0] = '\0';
	return moat_store_is_lost(got) ? got : 0;
}

int moat_vm_read(struct moat_store *store, uint32_t domid, struct moat_vm *vm)
{
	struct moat_vm seen = { .domid = domid };
	char target[16], *end;
	int err = read_of(store, domid, "vm", seen.path, sizeof(seen.path));

	if (!err)
		err = read_of(store, domid, "target", target, sizeof(target));
	if (err)
		return err;
	seen.target = strtoul(target, &end, 10);
	seen.has_target = end != target && !*end;
	if (seen.has_target)
		err = read_of(store, seen.target, "vm", seen.target_path,
			      sizeof(seen.target_path));
	if (!err)
		*vm = seen;
	return err;
}

static bool same_path(const char *a, const char *b)
{
	return *a && strcmp(a, b) == 0;
}

bool moat_vm_same(const struct moat_vm *a, const struct moat_vm *b)
{
	if (a->domid == b->domid ||
	    (a->has_target && a->target == b->domid) ||
	    (b->has_target && b->target == a->domid))
		return true;
	return same_path(a->path, b->path) || same_path(a->target_path, b->path) ||
	       same_path(a->path, b->target_path) ||
	       same_path(a->target_path, b->target_path);
}
