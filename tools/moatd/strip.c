// SPDX-License-Identifier: GPL-2.0
/*
 * The nodes of PCI passthrough: pciback's, pcifront's, and libxl's notes.
 */
#include "strip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char base[] = "/local/domain/0/backend/pci";

int moat_strip_device(struct moat_xs *xs, const char *bdf)
{
	char name[16];

	snprintf(name, sizeof(name), "%s", bdf);
	for (char *c = name; *c; c++)
		if (*c == ':' || *c == '.')
			*c = '-';
	return moat_xs_remove(xs, "/libxl/pci/%s/domid", name);
}

/* libxl's notes of a domain's devices, which its nodes still name. */
static int forget_devices(struct moat_xs *xs, unsigned int domid)
{
	unsigned int count;
	char **keys = moat_xs_list(xs, &count, "%s/%u/0", base, domid);
	int err = 0;

	for (unsigned int i = 0; i < count && !err; i++) {
		char *bdf = strncmp(keys[i], "dev-", 4) ? NULL :
			moat_xs_get(xs, "%s/%u/0/%s", base, domid, keys[i]);

		if (bdf)
			err = moat_strip_device(xs, bdf);
		free(bdf);
	}
	free(keys);
	return err;
}

static int strip(struct moat_xs *xs, void *context)
{
	unsigned int domid = *(unsigned int *)context;
	int err = forget_devices(xs, domid);

	if (!err)
		err = moat_xs_remove(xs, "%s/%u", base, domid);
	if (!err)
		err = moat_xs_remove(xs, "/local/domain/%u/device/pci", domid);
	return err ? err : moat_xs_remove(xs, "/libxl/%u/device/pci", domid);
}

int moat_strip_domain(struct moat_xs *xs, unsigned int domid)
{
	return moat_xs_transact(xs, strip, &domid);
}
