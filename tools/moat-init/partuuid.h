/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The UUIDs of partitions, as the partition table on the disk has them.
 */
#ifndef MOAT_PARTUUID_H
#define MOAT_PARTUUID_H

#include <stddef.h>

#define MOAT_PARTUUID_MAX 37	/* with the zero at its end */

/**
 * moat_partuuid_read() - a partition's UUID
 * @disk: path of the whole disk
 * @block: size of its logical blocks, in bytes
 * @number: the partition's, from 1
 * @uuid: set on success, in lower case, as udev has it; for a table of the old kind
 *	  the disk's signature and the number
 *
 * Return: 0; -ENOENT if the table has none for it; or -errno.
 */
int moat_partuuid_read(const char *disk, unsigned int block, unsigned int number,
		       char uuid[MOAT_PARTUUID_MAX]);

#endif
