/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual device numbers, and the names people know the disks by.
 *
 * The toolstack names a disk by a number that packs which disk it is and,
 * rarely, which partition. Encodings: Xen's docs/man/xen-vbd-interface. All of
 * them are shown as xvd*, as Linux guests have done for long: sda and hda are
 * other spellings of xvda.
 */
#ifndef MOAT_CORE_VDEV_H
#define MOAT_CORE_VDEV_H

#include "env.h"

/* Longest name: "xvd", the letters of 2^20 disks, a partition, the end. */
#define MOAT_VDEV_NAME 16u

/**
 * struct moat_vdev - a virtual device number, taken apart
 * @disk: which disk, 0 for xvda
 * @part: which partition; 0: the whole disk
 */
struct moat_vdev {
	u32 disk;
	u32 part;
};

/* First disk of a SCSI major, or -1 if it is none. */
static inline s32 moat_vdev_scsi(u32 major)
{
	if (major == 8)
		return 0;
	if (major >= 65 && major <= 71)
		return (s32)(major - 65 + 1) * 16;
	if (major >= 128 && major <= 135)
		return (s32)(major - 128 + 8) * 16;
	return -1;
}

/**
 * moat_vdev_parse() - take a virtual device number apart
 * @number: as in the key "virtual-device"
 * @v: the parts; written only on success
 *
 * Return: 0, or -EINVAL for a number that is in no known encoding.
 */
static inline int moat_vdev_parse(u32 number, struct moat_vdev *v)
{
	u32 major = number >> 8, minor = number & 0xff;
	s32 first = moat_vdev_scsi(major);

	if (number >> 28 == 1) {
		v->disk = major & 0xfffff;
		v->part = minor;
	} else if (major == 202) {
		v->disk = minor >> 4;
		v->part = minor & 15;
	} else if (first >= 0) {
		v->disk = (u32)first + (minor >> 4);
		v->part = minor & 15;
	} else if ((major == 3 || major == 22) && minor >> 6 < 2) {
		v->disk = (major == 22 ? 2 : 0) + (minor >> 6);
		v->part = minor & 63;
	} else {
		return -EINVAL;
	}
	return 0;
}

/**
 * moat_vdev_name() - what the device is called
 * @v: the device
 * @name: where to write it, MOAT_VDEV_NAME bytes
 */
static inline void moat_vdev_name(const struct moat_vdev *v, char *name)
{
	char tail[MOAT_VDEV_NAME];
	u32 n, at = sizeof(tail);

	for (n = v->part; n; n /= 10)
		tail[--at] = (char)('0' + n % 10);
	/* Letters count a..z, aa..zz: bijective, there is no letter for 0. */
	for (n = v->disk + 1; n; n = (n - 1) / 26)
		tail[--at] = (char)('a' + (n - 1) % 26);
	memcpy(name, "xvd", 3);
	memcpy(name + 3, tail + at, sizeof(tail) - at);
	name[3 + sizeof(tail) - at] = '\0';
}

#endif
