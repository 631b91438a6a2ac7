// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/name.c on a sysfs made of files: udev's names without udev.
 */
#include "moat-init/name.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Two NVMe disks with the same partitions, a SATA disk, a virtual one, two volumes. */
static const char tree[] =
	"nvme() {\n"
	"	at=devices/pci-0/pci0000:00/0000:00:0$1.0/nvme/nvme$2\n"
	"	mkdir -p $at/nvme$2n1/queue\n"
	"	echo 'QEMU NVMe Ctrl        ' >$at/model; echo \" moat-$3 \" >$at/serial\n"
	"	ln -s .. $at/nvme$2n1/device\n"
	"	echo nvme.1b36-$3 >$at/nvme$2n1/wwid; echo 1 >$at/nvme$2n1/nsid\n"
	"	echo 512 >$at/nvme$2n1/queue/logical_block_size\n"
	"	ln -s ../$at/nvme$2n1 class/nvme$2n1\n"
	"	for p in 1 2; do\n"
	"		mkdir $at/nvme$2n1/nvme$2n1p$p\n"
	"		echo $p >$at/nvme$2n1/nvme$2n1p$p/partition\n"
	"		printf 'DEVNAME=x\\nPARTN=%s\\nPARTNAME=%s\\n' $p data-$3-$p \\\n"
	"			>$at/nvme$2n1/nvme$2n1p$p/uevent\n"
	"		ln -s ../$at/nvme$2n1/nvme$2n1p$p class/nvme$2n1p$p\n"
	"	done\n"
	"	{ head -c 440 /dev/zero; printf '\\001\\000\\000\\00'$3\n"
	"	  head -c 66 /dev/zero\n"
	"	  printf '\\125\\252'; } >dev/nvme$2n1\n"
	"	for o in 450 466; do\n"
	"		printf '\\203' | dd of=dev/nvme$2n1 bs=1 seek=$o conv=notrunc 2>/dev/null\n"
	"	done\n"
	"}\n"
	"mkdir class dev\n"
	"nvme 4 0 1; nvme 5 1 2\n"
	"at=devices/pci0000:00/0000:00:1f.2/ata3\n"
	"mkdir -p $at/host2/target2:0:0/2:0:0:0/block/sda $at/ata_port/ata3\n"
	"echo 2 >$at/ata_port/ata3/port_no\n"
	"at=$at/host2/target2:0:0/2:0:0:0; echo naa.5000c500a1b2c3d4 >$at/wwid\n"
	"{ head -c 80 /dev/zero; printf '%-20s' ESIRLA; head -c 14 /dev/zero\n"
	"  printf '%-40s' 'EQUMH RADDSI K'; head -c 400 /dev/zero; } >$at/vpd_pg89\n"
	"ln -s ../.. $at/block/sda/device; ln -s ../$at/block/sda class/sda\n"
	"mkdir -p devices/virtio1/block/vda; echo disk7 >devices/virtio1/block/vda/serial\n"
	"ln -s ../devices/virtio1/block/vda class/vda\n"
	"n=0; for name in vg-data my--vg-my--lv; do\n"
	"	mkdir -p devices/virtual/block/dm-$n/dm\n"
	"	echo $name >devices/virtual/block/dm-$n/dm/name\n"
	"	echo LVM-$n >devices/virtual/block/dm-$n/dm/uuid\n"
	"	ln -s ../devices/virtual/block/dm-$n class/dm-$n; n=$((n + 1))\n"
	"done\n"
	"mkdir -p devices/virtual/block/dm-2/dm\n"
	"echo vg-fake >devices/virtual/block/dm-2/dm/name\n"
	"echo CRYPT-1 >devices/virtual/block/dm-2/dm/uuid\n"
	"ln -s ../devices/virtual/block/dm-2 class/dm-2\n"
	"odd='devices/virtual/block/cciss!c0d0'; mkdir -p $odd/dm; ln -s ../$odd class/\n"
	"echo odd >$odd/dm/name\n";

static char top[] = "/tmp/name-tools.XXXXXX";

static void shell(const char *script)
{
	char *text;

	assert_true(asprintf(&text, "set -e; cd %s\n%s", top, script) > 0);
	assert_int_equal(system(text), 0);
	free(text);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/name-tools.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	shell(tree);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static const struct {
	const char *path, *node;	/* NULL: nobody's */
} names[] = {
	{ "/dev/disk/by-id/nvme-nvme.1b36-1", "nvme0n1" },
	{ "/dev/disk/by-id/nvme-nvme.1b36-2", "nvme1n1" },
	{ "/dev/disk/by-id/nvme-nvme.1b36-2-part2", "nvme1n1p2" },
	{ "/dev/disk/by-id/nvme-nvme.1b36-2-part3", NULL },
	{ "/dev/disk/by-id/nvme-nvme.1b36-3", NULL },
	{ "/dev/disk/by-id/nvme-nvme.1b36", NULL },
	{ "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_moat-1", "nvme0n1" },
	{ "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_moat-2_1", "nvme1n1" },
	{ "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_moat-2-part1", "nvme1n1p1" },
	{ "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", "sda" },
	{ "/dev/disk/by-id/scsi-35000c500a1b2c3d4", "sda" },
	{ "/dev/disk/by-id/ata-QEMU_HARDDISK_SERIAL", "sda" },
	{ "/dev/disk/by-id/virtio-disk7", "vda" },
	{ "/dev/disk/by-id/dm-name-vg-data", "dm-0" },
	{ "/dev/disk/by-id/dm-uuid-LVM-1", "dm-1" },
	{ "/dev/disk/by-path/pci-0000:00:04.0-nvme-1", "nvme0n1" },
	{ "/dev/disk/by-path/pci-0000:00:05.0-nvme-1-part1", "nvme1n1p1" },
	{ "/dev/disk/by-path/pci-0000:00:05.0-nvme-2", NULL },
	{ "/dev/disk/by-path/pci-0000:00:1f.2-ata-2", "sda" },
	{ "/dev/disk/by-path/pci-0000:00:1f.2-ata-3", NULL },
	{ "/dev/disk/by-partuuid/01000001-01", "nvme0n1p1" },
	{ "/dev/disk/by-partuuid/02000001-02", "nvme1n1p2" },
	{ "/dev/disk/by-partuuid/02000001-03", NULL },
	{ "/dev/disk/by-partlabel/data-2-1", "nvme1n1p1" },
	{ "/dev/disk/by-partlabel/data-2", NULL },
	{ "/dev/mapper/vg-data", "dm-0" },
	{ "/dev/mapper/my--vg-my--lv", "dm-1" },
	{ "/dev/vg/data", "dm-0" },
	{ "/dev/my-vg/my-lv", "dm-1" },
	{ "/dev/vg/fake", NULL },		/* no volume of LVM's */
	{ "/dev/mapper/odd", "cciss/c0d0" },
	{ "/dev/disk/by-id/", NULL },
	{ "/dev/disk/by-uuid/1234", NULL },
	{ "/dev/sdz", NULL },
	{ "/srv/vg/data", NULL },
};

static int find(const char *path, char *out)
{
	char sys[64], dev[64];

	snprintf(sys, sizeof(sys), "%s/class", top);
	snprintf(dev, sizeof(dev), "%s/dev", top);
	return moat_name_find(sys, dev, path, out, PATH_MAX);
}

static void table(void **state)
{
	char out[PATH_MAX], want[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int err = find(names[i].path, out);

		if (err != (names[i].node ? 0 : -ENOENT))
			fail_msg("%s: %d%s%s", names[i].path, err, err ? "" : ", ",
				 err ? "" : out);
		if (err)
			continue;
		snprintf(want, sizeof(want), "%s/dev/%s", top, names[i].node);
		if (strcmp(out, want))
			fail_msg("%s: %s", names[i].path, out);
	}
}

/* A copy of a disk has its names: which of them is meant nobody can tell. */
static void not_unique(void **state)
{
	char out[PATH_MAX];

	(void)state;
	shell("cp dev/nvme0n1 dev/nvme1n1; "
	      "echo nvme.1b36-1 >devices/pci-0/pci0000:00/0000:00:05.0/nvme/nvme1/nvme1n1/wwid");
	assert_int_equal(find("/dev/disk/by-partuuid/01000001-01", out), -ENOTUNIQ);
	assert_int_equal(find("/dev/disk/by-id/nvme-nvme.1b36-1", out), -ENOTUNIQ);
	assert_int_equal(find("/dev/disk/by-path/pci-0000:00:05.0-nvme-1", out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(table, setup, teardown),
		cmocka_unit_test_setup_teardown(not_unique, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
