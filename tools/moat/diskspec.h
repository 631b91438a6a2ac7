/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk in the words of xl-disk-configuration(5).
 */
#ifndef MOAT_DISKSPEC_H
#define MOAT_DISKSPEC_H

#include <stdbool.h>

#define MOAT_DISKSPEC_BYTES 5120

/**
 * moat_diskspec_format() - say it for xl
 * @vdev: the disk's name for the application domain
 * @storage: the storage domain
 * @target: device or file there
 * @readonly: may it be written to?
 * @spec: MOAT_DISKSPEC_BYTES bytes, written only on success
 *
 * Return: NULL, or what is wrong: a word that xl would take for another.
 */
const char *moat_diskspec_format(const char *vdev, const char *storage,
				 const char *target, bool readonly,
				 char *spec);

#endif
