/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lasting names of disks. udev makes links of them; where there is none, as in
 * a storage domain, a name is compared with what sysfs tells of each device.
 */
#ifndef MOAT_NAME_H
#define MOAT_NAME_H

#include <stddef.h>

#define MOAT_NAME_SYS "/sys/class/block"
#define MOAT_NAME_DEV "/dev"

/**
 * moat_name_find() - find the device that a name is the name of
 * @sys: where the block devices' directories are, MOAT_NAME_SYS
 * @dev: where their nodes are, MOAT_NAME_DEV
 * @path: the name, "/dev/..."; one of
 *	/dev/disk/by-id/ nvme-, wwn-, scsi-2, scsi-3, ata-, virtio-, dm-name-, dm-uuid-
 *	/dev/disk/by-path/pci-ADDRESS with -nvme-NAMESPACE or -ata-PORT
 *	/dev/disk/by-partuuid/, by-partlabel/
 *	/dev/mapper/NAME, /dev/GROUP/VOLUME
 *	by-id and by-path with "-partNUMBER" behind it
 * @out: set on success: the device's node
 * @size: of @out
 *
 * A partition's UUID stands on its disk only, which is read: that may hang.
 *
 * Return: 0; -ENOENT if no device has this name; -ENOTUNIQ if several have it.
 */
int moat_name_find(const char *sys, const char *dev, const char *path, char *out,
		   size_t size);

#endif
