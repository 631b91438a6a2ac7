/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xen's account of a vCPU.
 */
#ifndef MOATD_VCPU_H
#define MOATD_VCPU_H

#include <stdbool.h>
#include <stdint.h>

/* Of a domain with more, the others go by the first ones' account. */
#define MOAT_VCPUS_MAX 32

struct moat_vcpu {
	uint64_t ran;		/* on a processor, ever; ms */
	bool idle;		/* wants none now */
};

#endif
