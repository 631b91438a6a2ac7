/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a volatile cache of a block device is.
 */
#ifndef MOAT_CACHE_H
#define MOAT_CACHE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * moat_cache_is_outside() - would a volatile cache outlive this domain?
 * @sys: where the devices' directories are, MOAT_IDENTITY_SYS
 * @dev: number of a block device
 *
 * Return: whether the device, or the disk that it is a partition of, is hardware on
 * the PCI bus, as what is passed through to a domain is. Not so where that cannot be
 * told.
 */
bool moat_cache_is_outside(const char *sys, dev_t dev);

#endif
