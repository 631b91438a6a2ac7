/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A domain with a domid of the caller's choice, through libxl.
 */
#ifndef MOAT_CREATE_DOMAIN_H
#define MOAT_CREATE_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

struct moat_order {
	uint32_t domid;
	const char *json;	/* the domain, as libxl has it */
	const char *replaced;	/* uuid of one that may have the domid; or NULL */
	bool unpause;		/* let it run; else it is left paused */
};

/**
 * moat_domain_create() - create a domain with a domid
 * @order: which
 *
 * The domain that is to be replaced is destroyed, and a dying one that has the domid is
 * waited for. What goes wrong is logged. On failure there is no such domain, but for one
 * that was created and cannot be unpaused, which is said.
 *
 * Return: 0; -EEXIST if another domain has the domid; -EINVAL if the JSON is no domain's;
 * -ETIMEDOUT if a dying domain does not go; -EIO for whatever libxl failed at.
 */
int moat_domain_create(const struct moat_order *order);

#endif
