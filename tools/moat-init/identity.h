/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which piece of hardware a block device is.
 */
#ifndef MOAT_IDENTITY_H
#define MOAT_IDENTITY_H

#include <stddef.h>
#include <sys/types.h>

/**
 * moat_identity_read() - what tells a device from every other
 * @dev: the device
 * @buf: gets one word of printable characters; "" if the device has no identity
 * @size: of @buf; a longer one is cut
 */
void moat_identity_read(dev_t dev, char *buf, size_t size);

#endif
