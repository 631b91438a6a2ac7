// SPDX-License-Identifier: GPL-2.0
/*
 * Which disk it is, and what it is called.
 *
 * The toolstack gives a number. Several numbers can mean one name (hda, sda and
 * xvda), which one disk at a time can have.
 */
#include "name.h"

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <xen/xenbus.h>

#include "disk.h"

/* Those that have their name. */
static LIST_HEAD(disks);
static DEFINE_MUTEX(disks_lock);

/**
 * moat_name_claim() - take the name, if nobody has it
 * @disk: the disk, which may have it already
 *
 * Context: process, may sleep.
 * Return: whether it has its name.
 */
bool moat_name_claim(struct moat_disk *disk)
{
	const struct moat_disk *other;

	mutex_lock(&disks_lock);
	list_for_each_entry(other, &disks, named)
		if (!strcmp(other->name, disk->name))
			break;
	if (list_entry_is_head(other, &disks, named)) {
		list_add(&disk->named, &disks);
		other = disk;
	}
	mutex_unlock(&disks_lock);
	return other == disk;
}

/**
 * moat_name_release() - others may have the name
 * @disk: the disk, whether it has it or not
 *
 * Context: process, may sleep.
 */
void moat_name_release(struct moat_disk *disk)
{
	mutex_lock(&disks_lock);
	list_del_init(&disk->named);
	mutex_unlock(&disks_lock);
}

/**
 * moat_name_read() - which disk is it?
 * @disk: the disk, new: its vdev, name and handle are set; the name is not claimed
 *
 * Context: process; waits for xenstored.
 * Return: 0 or a negative errno.
 */
int moat_name_read(struct moat_disk *disk)
{
	const char *node = disk->xdev->nodename;
	unsigned int number;
	int err;

	INIT_LIST_HEAD(&disk->named);
	err = xenbus_scanf(XBT_NIL, node, "virtual-device", "%u", &number);
	if (err != 1)
		err = xenbus_scanf(XBT_NIL, node, "virtual-device-ext", "%u", &number);
	if (err != 1)
		return err < 0 ? err : -EINVAL;
	err = moat_vdev_parse(number, &disk->vdev);
	if (err)
		return err;
	moat_vdev_name(&disk->vdev, disk->name);
	disk->handle = number;
	return 0;
}
