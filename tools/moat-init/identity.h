/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which piece of hardware a block device is, whatever it is called.
 */
#ifndef MOAT_IDENTITY_H
#define MOAT_IDENTITY_H

#include <stddef.h>
#include <sys/types.h>

#define MOAT_IDENTITY_SYS "/sys/dev/block"

/**
 * moat_identity_read() - what tells a device from every other
 * @sys: where the devices' directories are, MOAT_IDENTITY_SYS
 * @dev: number of a block device
 * @buf: gets one word of printable characters; "" if the device has no identity
 * @size: of @buf; MOAT_IDENTITY_MAX holds all that the kernel's drivers report
 */
void moat_identity_read(const char *sys, dev_t dev, char *buf, size_t size);

#endif
