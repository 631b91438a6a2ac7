# SPDX-License-Identifier: GPL-2.0
"""File systems made, filled, unmounted and checked."""
from runner import check

FILL = """
mkdir -p /mnt/{fs}
mount -t {fs} {dev} /mnt/{fs}
cd /mnt/{fs}
for d in 0 1 2 3; do
	mkdir d$d
	for f in 0 1 2 3 4 5 6 7; do
		dd if=/dev/urandom of=d$d/f$f bs=1$f''37 count=$((d * 8 + f + 1)) 2>/dev/null
	done
done
rm d1/f[0-3]
find . -type f | sort | xargs sha256sum >/run/{fs}.sums
sync
cd /
umount /mnt/{fs}
"""


def fill_and_check(machine, disk, fs, mkfs, fsck):
    machine.sh("app", "%s %s" % (mkfs, disk.dev))
    machine.sh("app", FILL.format(fs=fs, dev=disk.dev))
    code, out = machine.try_sh("app", "%s %s" % (fsck, disk.dev))
    check(code == 0, "%s finds faults:\n%s" % (fsck, out))
    disk.modes("spin")
    machine.sh("app", "mount -t %s %s /mnt/%s && cd /mnt/%s && sha256sum -c /run/%s.sums "
               ">/dev/null; s=$?; cd /; umount /mnt/%s; exit $s"
               % (fs, disk.dev, fs, fs, fs, fs))


def test_ext4(machine):
    disk = machine.attach("xvdb", "nvme")
    fill_and_check(machine, disk, "ext4", "mkfs.ext4 -q -F", "e2fsck -fn")


def test_xfs(machine):
    """xfs wants 300 MiB; its log is written with flushes."""
    disk = machine.attach("xvdb", "nvme")
    fill_and_check(machine, disk, "xfs", "mkfs.xfs -q -f", "xfs_repair -n")
