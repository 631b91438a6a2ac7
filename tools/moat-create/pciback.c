// SPDX-License-Identifier: GPL-2.0
/*
 * pciback in sysfs. Its own device for a domain goes last, when what was given to the
 * domain has been reset.
 */
#include "pciback.h"

#include <stdio.h>
#include <unistd.h>

bool moat_pciback_holds(unsigned int domid)
{
	char path[48];

	snprintf(path, sizeof(path), "/sys/devices/pci-%u-0", domid);
	return access(path, F_OK) == 0;
}
