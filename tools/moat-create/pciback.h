/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What pciback still does. A test links another pciback.c.
 */
#ifndef MOAT_CREATE_PCIBACK_H
#define MOAT_CREATE_PCIBACK_H

#include <stdbool.h>

/* Has pciback devices for a domain, or is it still busy with those it had? */
bool moat_pciback_holds(unsigned int domid);

#endif
