/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A domain with a domid of the caller's choice, through libxl.
 */
#ifndef MOAT_CREATE_DOMAIN_H
#define MOAT_CREATE_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

/**
 * moat_domain_create() - create a domain with a domid
 * @domid: its domid; one that dies is waited for
 * @json: the domain, as libxl has it in JSON
 * @unpause: let it run; else it is left paused
 *
 * What goes wrong is logged. On failure there is no such domain, but for one that was
 * created and cannot be unpaused, which is said.
 *
 * Return: 0; -EEXIST if another domain has the domid; -EINVAL if @json is no domain's;
 * -ETIMEDOUT if a dying domain does not go; -EIO for whatever libxl failed at.
 */
int moat_domain_create(uint32_t domid, const char *json, bool unpause);

#endif
